//! HTTP/JSON of a process, as `openapi.json` in this crate describes it.
pub mod blocks;
pub mod ledger;
pub mod links;
pub mod moves;
pub mod orders;
pub mod outbox;
pub mod problem;
pub mod reading;
pub mod transfers;

use crate::core::CoreHandle;
use crate::directory::Directory;
use crate::feed::Feed;
use crate::jwks::Tokens;
use crate::metrics::Metrics;
use crate::transport::Outward;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{header, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use problem::Problem;
use serde_json::json;
use std::sync::Arc;

/// Largest request body.
pub const BODY: usize = 8 << 20;

/// What the handlers share.
#[derive(Clone)]
pub struct Shared {
    /// Who is where.
    pub directory: Arc<Directory>,
    /// The core.
    pub core: CoreHandle,
    /// What the nodes publish.
    pub feed: Feed,
    /// Streams to other processes.
    pub outward: Outward,
    /// Metrics.
    pub metrics: Arc<Metrics>,
    /// Token checks, if they are required.
    pub tokens: Option<Arc<Tokens>>,
}

/// All routes.
pub fn router(shared: Shared) -> Router {
    Router::new()
        .route("/v1/accounts", post(orders::open_account))
        .route("/v1/accounts/{id}", get(transfers::account))
        .route("/v1/moves", post(orders::relocate))
        .route("/v1/votes", post(orders::vote))
        .route("/v1/transfers", post(orders::transfer))
        .route("/v1/transfers/{id}", get(transfers::state))
        .route("/v1/transfers/{id}/events", get(transfers::events))
        .route("/v1/receipts/{id}", get(transfers::receipt))
        .route("/v1/links", get(links::measure))
        .route("/v1/ledger", get(ledger::ledger))
        .route("/v1/blocks", get(blocks::blocks))
        .route("/v1/outbox", get(outbox::page))
        .route("/v1/outbox/archived", post(outbox::archived))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/openapi.json", get(openapi))
        .fallback(|| async {
            Problem::new(
                StatusCode::NOT_FOUND,
                "no_such_path",
                "there is nothing at this path; /openapi.json lists what there is",
            )
        })
        .method_not_allowed_fallback(|| async {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "this path does not take this method; /openapi.json lists what it takes",
            )
        })
        .layer(DefaultBodyLimit::max(BODY))
        .with_state(shared)
}

async fn healthz(State(shared): State<Shared>) -> Result<impl IntoResponse, Problem> {
    shared.core.ask(|_| ()).await.ok_or_else(Problem::stopping)?;
    Ok(Json(json!({"status": "ok"})))
}

async fn readyz(State(shared): State<Shared>) -> Result<impl IntoResponse, Problem> {
    let nodes = shared.core.ask(|states| states.len()).await.ok_or_else(Problem::stopping)?;
    let streams = json!({"up": shared.outward.up(), "total": shared.outward.ways().len()});
    Ok(Json(json!({"status": "ready", "process": shared.directory.this().name, "nodes": nodes, "streams": streams})))
}

async fn metrics(State(shared): State<Shared>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], shared.metrics.text())
}

async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], include_str!("../../openapi.json"))
}
