//! `GET /v1/outbox` and `POST /v1/outbox/archived`: what the stores fetch, and how far they are.
use super::problem::Problem;
use super::{reading, Shared};
use crate::entry::Entry;
use crate::receipt_json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::Json;
use globelet_protocol::brief::BriefError;
use globelet_types::world::ChainKind;
use serde::Deserialize;
use serde_json::{json, Value};

/// Most records of one page.
const PAGE: usize = 2_000;

/// Which page.
#[derive(Debug, Deserialize)]
pub struct Page {
    after: Option<u64>,
    limit: Option<usize>,
}

/// How far the stores are.
#[derive(Debug, Deserialize)]
pub struct Archived {
    upto: u64,
}

/// The outbox cannot be used.
pub fn failed(error: &std::io::Error) -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "outbox_unreadable", format!("the outbox cannot be used: {error}"))
}

/// A page of records after an offset.
pub async fn page(
    State(shared): State<Shared>,
    query: Result<Query<Page>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(page) = query?;
    let after = page.after.unwrap_or(0);
    let (entries, newest) = shared.feed.page(after, page.limit.unwrap_or(500).min(PAGE)).map_err(|e| failed(&e))?;
    let next = entries.last().map_or(after, |(offset, _)| *offset);
    let records: Result<Vec<Value>, _> =
        entries.iter().map(|(offset, entry)| record(&shared, *offset, entry)).collect();
    let records = records.map_err(|e| failed(&std::io::Error::other(e)))?;
    Ok(Json(json!({"records": records, "next": next, "newest": newest})))
}

fn record(shared: &Shared, offset: u64, entry: &Entry) -> Result<Value, BriefError> {
    Ok(match entry {
        Entry::Receipt { brief, .. } => {
            let body = receipt_json::for_stores(brief, &shared.directory.genesis)?;
            json!({"offset": offset, "kind": "receipt", "receipt": body})
        }
        Entry::Interval { name, encoded } => {
            json!({"offset": offset, "kind": "interval", "id": hex::encode(name), "encoded": hex::encode(encoded)})
        }
        Entry::Block { chain, height, hash, items, at_us } => {
            let global =
                shared.directory.world().chains.get(chain.index()).is_some_and(|c| c.kind == ChainKind::Global);
            json!({
                "offset": offset, "kind": if global { "root" } else { "block" }, "chain": shared.directory.chain_name(*chain),
                "height": height, "hash": hex::encode(hash), "items": items, "micros": at_us,
            })
        }
    })
}

/// The stores have everything up to an offset.
pub async fn archived(
    State(shared): State<Shared>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, Problem> {
    let body: Archived = reading::body(&body)?;
    let upto = shared.feed.archive(body.upto).map_err(|e| failed(&e))?;
    Ok(Json(json!({ "archived": upto })))
}
