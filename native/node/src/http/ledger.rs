//! `GET /v1/ledger`: what the hosted replicas have booked, for audits.
use super::problem::Problem;
use super::Shared;
use axum::extract::State;
use axum::Json;
use globelet_protocol::{ledger_json, LedgerView};
use globelet_types::world::Role;
use globelet_types::NodeId;
use serde_json::Value;

/// The ledgers of the hosted replicas of this process' chain.
pub async fn ledger(State(shared): State<Shared>) -> Result<Json<Value>, Problem> {
    let directory = shared.directory.clone();
    let hosted = directory.hosted.iter().map(|n| &directory.world().nodes[n.index()]);
    let chain = hosted.map(|n| n.chain).next().unwrap_or_default();
    let replicas: Vec<NodeId> = directory
        .hosted
        .iter()
        .copied()
        .filter(|n| {
            let node = &directory.world().nodes[n.index()];
            node.chain == chain && node.role == Role::Replica
        })
        .collect();
    let question = move |states: &crate::core::States| -> Vec<(NodeId, LedgerView)> {
        replicas.iter().filter_map(|n| Some((*n, states.get(n)?.ledger()))).collect()
    };
    let views = shared.core.ask(question).await.ok_or_else(Problem::stopping)?;
    Ok(Json(ledger_json::ledger(directory.world(), chain, &views)))
}
