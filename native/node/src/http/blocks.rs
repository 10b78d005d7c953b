//! `GET /v1/blocks`: hashes of certified blocks, as the hosted replicas and, after a start, their logs tell them.
use super::problem::Problem;
use super::Shared;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::Json;
use serde::Deserialize;
use serde_json::{json, Value};

/// Most blocks of one answer.
const PAGE: usize = 2_000;

/// Which blocks.
#[derive(Debug, Deserialize)]
pub struct Asked {
    chain: Option<String>,
    after: Option<u64>,
    limit: Option<usize>,
}

/// The newest blocks above a height, oldest first. Two hashes at one height would be two rows.
pub async fn blocks(
    State(shared): State<Shared>,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(asked) = query?;
    let limit = asked.limit.unwrap_or(100).min(PAGE);
    let mut rows = Vec::new();
    for (chain, height, hash) in shared.feed.blocks(asked.after.unwrap_or(0), limit) {
        let name = shared.directory.chain_name(chain);
        if asked.chain.as_deref().is_none_or(|wanted| wanted == name) {
            rows.push(json!({"chain": name, "height": height, "hash": hex::encode(hash)}));
        }
    }
    Ok(Json(Value::Array(rows)))
}
