//! Toxiproxy's HTTP API, version 2.12.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{header, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::Router;
use serde::de::DeserializeOwned;
use serde::Serialize;
use tokio::sync::Mutex;

use crate::collection::Collection;
use crate::error::ApiError;
use crate::proxy::{Proxy, ProxyView};

/// The version of the API spoken here.
pub const VERSION: &str = "2.12.0";
/// The largest request body accepted, in bytes.
const LARGEST_BODY: usize = 8 << 20;

/// The proxies, shared by all requests. One at a time: each takes microseconds.
pub type Shared = Arc<Mutex<Collection>>;
type Answer = Result<Response, ApiError>;
type ToxicPath = Path<(String, String)>;

/// All routes over `collection`.
pub fn router(collection: Shared) -> Router {
    Router::new()
        .route("/version", get(version))
        .route("/metrics", get(metrics))
        .route("/reset", post(reset))
        .route("/populate", post(populate))
        .route("/proxies", get(list_proxies).post(create_proxy))
        .route("/proxies/{proxy}", get(show_proxy).post(update_proxy).patch(update_proxy).delete(delete_proxy))
        .route("/proxies/{proxy}/toxics", get(list_toxics).post(create_toxic))
        .route(
            "/proxies/{proxy}/toxics/{toxic}",
            get(show_toxic).post(update_toxic).patch(update_toxic).delete(delete_toxic),
        )
        .fallback(|| async { (StatusCode::NOT_FOUND, "404 page not found\n") })
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn(refuse_browsers))
        .with_state(collection)
}

/// A web page the user happens to visit must not be able to change the links.
async fn refuse_browsers(request: Request, next: Next) -> Response {
    let agent = request.headers().get(header::USER_AGENT);
    if agent.is_some_and(|agent| agent.as_bytes().starts_with(b"Mozilla/")) {
        return (StatusCode::FORBIDDEN, "User agent not allowed\n").into_response();
    }
    next.run(request).await
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(ApiError::bad_body)
}

fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => {
            let headers = [(header::CONTENT_TYPE, "application/json")];
            (status, headers, body).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn ok(value: &impl Serialize) -> Answer {
    Ok(json(StatusCode::OK, value))
}

fn no_content() -> Answer {
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn version() -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json;charset=utf-8")];
    (headers, format!("{{\"version\": \"{VERSION}\"}}\n")).into_response()
}

async fn metrics(State(shared): State<Shared>) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    (headers, shared.lock().await.metrics()).into_response()
}

async fn reset(State(shared): State<Shared>) -> Answer {
    shared.lock().await.reset().await?;
    no_content()
}

/// The answer to `/populate`: what was made, and the refusal that stopped it.
#[derive(Serialize)]
struct PopulateAnswer {
    #[serde(flatten)]
    refused: Option<ApiError>,
    proxies: Option<Vec<ProxyView>>,
}

async fn populate(State(shared): State<Shared>, body: Bytes) -> Answer {
    let populated = match read(&body) {
        Ok(new) => shared.lock().await.populate(new).await,
        Err(refused) => Err(refused),
    };
    let (refused, proxies) = match populated {
        Ok(populated) => (populated.refused, Some(populated.proxies)),
        Err(refused) => (Some(refused), None),
    };
    let status = refused.as_ref().map_or(201, ApiError::status);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Ok(json(status, &PopulateAnswer { refused, proxies }))
}

async fn list_proxies(State(shared): State<Shared>) -> Answer {
    ok(&shared.lock().await.views())
}

async fn create_proxy(State(shared): State<Shared>, body: Bytes) -> Answer {
    let created = shared.lock().await.create(read(&body)?).await?;
    Ok(json(StatusCode::CREATED, &created))
}

async fn show_proxy(State(shared): State<Shared>, Path(name): Path<String>) -> Answer {
    ok(&shared.lock().await.get(&name).map(Proxy::view)?)
}

async fn update_proxy(State(shared): State<Shared>, Path(name): Path<String>, body: Bytes) -> Answer {
    let mut collection = shared.lock().await;
    collection.get(&name)?;
    ok(&collection.update(&name, read(&body)?).await?)
}

async fn delete_proxy(State(shared): State<Shared>, Path(name): Path<String>) -> Answer {
    shared.lock().await.remove(&name).await?;
    no_content()
}

async fn list_toxics(State(shared): State<Shared>, Path(proxy): Path<String>) -> Answer {
    ok(&shared.lock().await.get(&proxy)?.toxics())
}

async fn create_toxic(State(shared): State<Shared>, Path(proxy): Path<String>, body: Bytes) -> Answer {
    let mut collection = shared.lock().await;
    collection.get(&proxy)?;
    ok(&collection.add_toxic(&proxy, read(&body)?)?)
}

async fn show_toxic(State(shared): State<Shared>, Path((proxy, toxic)): ToxicPath) -> Answer {
    ok(&shared.lock().await.get(&proxy)?.toxic(&toxic)?)
}

async fn update_toxic(State(shared): State<Shared>, Path((proxy, toxic)): ToxicPath, body: Bytes) -> Answer {
    let mut collection = shared.lock().await;
    collection.get(&proxy)?.toxic(&toxic)?;
    ok(&collection.change_toxic(&proxy, &toxic, read(&body)?)?)
}

async fn delete_toxic(State(shared): State<Shared>, Path((proxy, toxic)): ToxicPath) -> Answer {
    shared.lock().await.remove_toxic(&proxy, &toxic)?;
    no_content()
}
