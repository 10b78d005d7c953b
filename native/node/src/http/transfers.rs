//! Reading: the state of a transfer, its receipt, its steps as they happen, and accounts.
use super::problem::Problem;
use super::{moves, Shared};
use crate::feed::Step;
use crate::receipt_json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::Json;
use futures_util::stream::{self, Stream, StreamExt};
use globelet_protocol::{Genesis, Home, Receipt, Standing};
use globelet_types::{AccountId, OrderId, Stage};
use serde_json::{json, Value};
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;
use tokio_stream::wrappers::UnboundedReceiverStream;

/// The one part of a path that varies.
type Id = Result<Path<String>, PathRejection>;

fn order_id(id: Id) -> Result<OrderId, Problem> {
    let detail = "an order's id is 64 hexadecimal digits";
    OrderId::parse(&id?).ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "malformed", detail))
}

impl Shared {
    /// The receipt of an order that a replica of this process admitted.
    async fn find(&self, id: OrderId) -> Result<Receipt, Problem> {
        self.known(id).await?.ok_or_else(|| {
            let detail = "no replica of this process admitted this order; ask the process of its source municipality";
            Problem::new(StatusCode::NOT_FOUND, "unknown_order", detail)
        })
    }

    async fn known(&self, id: OrderId) -> Result<Option<Receipt>, Problem> {
        let found = self.core.ask(move |states| states.values().find_map(|s| s.receipt(&id))).await;
        if let Some(receipt) = found.ok_or_else(Problem::stopping)? {
            return Ok(Some(receipt));
        }
        self.feed.receipt(&id).map_err(|e| super::outbox::failed(&e))
    }

    /// How an order stands that other replicas admitted, by the blocks of those of this process.
    async fn standing(&self, id: OrderId) -> Result<Standing, Problem> {
        // A replica that is behind knows of fewer steps.
        let told = move |states: &crate::core::States| {
            states.values().filter_map(|s| s.standing(&id)).max_by_key(|standing| standing.stages.len())
        };
        let found = self.core.ask(told).await;
        found.ok_or_else(Problem::stopping)?.ok_or_else(|| {
            let detail = "no replica of this process admitted this order or keeps a certified block that has it; ask \
                          the process of its source municipality";
            Problem::new(StatusCode::NOT_FOUND, "unknown_order", detail)
        })
    }
}

/// The state of a transfer: by its receipt where it was admitted, else by the blocks it is in.
pub async fn state(State(shared): State<Shared>, id: Id) -> Result<Json<Value>, Problem> {
    let id = order_id(id)?;
    let Some(receipt) = shared.known(id).await? else {
        let standing = shared.standing(id).await?;
        return Ok(Json(receipt_json::standing(&standing, &shared.directory.genesis)));
    };
    let document = receipt_json::summary(&receipt, &shared.directory.genesis);
    Ok(Json(receipt_json::with_archived(document, shared.feed.archived_at(&receipt.id))))
}

/// The full receipt.
pub async fn receipt(State(shared): State<Shared>, id: Id) -> Result<Json<Value>, Problem> {
    let receipt = shared.find(order_id(id)?).await?;
    Ok(Json(globelet_protocol::receipt_json::to_json(&shared.directory.genesis, &receipt)))
}

fn event(step: &Step, genesis: &Genesis) -> Event {
    let mut data = json!({"stage": step.stage.name(), "micros": step.at.micros});
    if let Some(refusal) = &step.refusal {
        data["refusal"] = receipt_json::refusal(refusal, genesis);
    }
    Event::default().event("stage").data(data.to_string())
}

/// Server-sent events: the steps reached so far, then each as it is reached, until the last one.
pub async fn events(
    State(shared): State<Shared>,
    id: Id,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let id = order_id(id)?;
    // Listening begins before the past is read, so that no step falls between.
    let live = UnboundedReceiverStream::new(shared.feed.listen(id));
    let receipt = shared.find(id).await?;
    let mut past: Vec<Step> = receipt
        .stages
        .iter()
        .map(|(stage, at)| {
            let ended = matches!(stage, Stage::Refused | Stage::Refunded);
            Step { stage: *stage, at: *at, refusal: receipt.refusal.clone().filter(|_| ended) }
        })
        .collect();
    past.extend(shared.feed.archived_at(&id).map(|at| Step { stage: Stage::Archived, at, refusal: None }));
    let mut told = BTreeSet::new();
    let mut over = false;
    let steps = stream::iter(past).chain(live).filter(move |step| std::future::ready(told.insert(step.stage)));
    let until_archived = steps.take_while(move |step| {
        let more = !over;
        over = step.stage == Stage::Archived;
        std::future::ready(more)
    });
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(15));
    let genesis = shared.directory.genesis.clone();
    Ok(Sse::new(until_archived.map(move |step| Ok(event(&step, &genesis)))).keep_alive(keep_alive))
}

/// The balance of an account at its ingress; of one that moved away, where it went.
pub async fn account(State(shared): State<Shared>, id: Id) -> Result<Json<Value>, Problem> {
    let Path(id) = id?;
    let detail = "an account is 64 hexadecimal digits";
    let account = AccountId::parse(&id).ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "malformed", detail))?;
    let mut left: Option<Home> = None;
    for chain in shared.directory.municipalities() {
        let ingresses = shared.ingresses(chain);
        let question = move |states: &crate::core::States| {
            let found = ingresses.iter().find_map(|n| states.get(n).and_then(|s| s.account(&account)));
            (found, ingresses.iter().find_map(|n| states.get(n).and_then(|s| s.home(&account))))
        };
        let (found, home) = shared.core.ask(question).await.ok_or_else(Problem::stopping)?;
        if let Some((balance, nonce)) = found {
            let municipality = shared.directory.chain_name(chain);
            return Ok(Json(json!({
                "account": id, "municipality": municipality, "balance": balance, "highest_nonce": nonce,
            })));
        }
        left = left.into_iter().chain(home).max_by_key(|home| home.version);
    }
    Err(left.map_or_else(never_here, |home| moves::went(home, &shared.directory)))
}

fn never_here() -> Problem {
    let detail = "the account is not open in a municipality of this process; open it first";
    Problem::new(StatusCode::NOT_FOUND, "unknown_account", detail)
}
