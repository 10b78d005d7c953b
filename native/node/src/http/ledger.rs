//! `GET /v1/ledger`: what the hosted replicas have booked, for audits.
use super::problem::Problem;
use super::Shared;
use crate::directory::Directory;
use axum::extract::State;
use axum::Json;
use globelet_protocol::LedgerView;
use globelet_types::world::Role;
use globelet_types::{ChainId, NodeId};
use serde_json::{json, Map, Value};
use std::collections::BTreeMap;

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
    Ok(Json(document(&directory, chain, &views)))
}

fn document(directory: &Directory, chain: ChainId, views: &[(NodeId, LedgerView)]) -> Value {
    let newest = views.iter().map(|(_, view)| view).max_by_key(|view| view.height);
    json!({
        "chain": directory.chain_name(chain),
        "kind": directory.world().chains.get(chain.index()).map(|c| c.kind),
        "height": newest.map_or(0, |v| v.height),
        "head": newest.map(|v| hex::encode(v.head)),
        "replicas": views.iter().map(|(node, view)| replica(directory, *node, view)).collect::<Vec<_>>(),
    })
}

fn replica(directory: &Directory, node: NodeId, view: &LedgerView) -> Value {
    let named = |amounts: &BTreeMap<ChainId, u64>| -> Map<String, Value> {
        amounts.iter().map(|(chain, amount)| (directory.chain_name(*chain).to_owned(), (*amount).into())).collect()
    };
    json!({
        "node": directory.world().nodes[node.index()].name,
        "height": view.height,
        "head": hex::encode(view.head),
        "certified": view.certified,
        "supply": view.genesis,
        "balances": view.balances,
        "sent": named(&view.sent),
        "refunded": named(&view.refunded),
        "sent_numbers": named(&view.sent_numbers),
        "unsettled": named(&view.unsettled),
        "credited": named(&view.credited),
        "refused": named(&view.refused),
        "lanes": lanes(directory, view),
        "repairs": view.repairs,
    })
}

fn lanes(directory: &Directory, view: &LedgerView) -> Map<String, Value> {
    let chains: std::collections::BTreeSet<ChainId> =
        view.cursors.keys().chain(view.sent_numbers.keys()).chain(view.beyond.keys()).copied().collect();
    let lane = |chain: &ChainId| {
        let upto = view.cursors.get(chain).copied().unwrap_or(0);
        let beyond = view.beyond.get(chain).map(Vec::as_slice).unwrap_or_default();
        json!({
            "next": view.sent_numbers.get(chain).copied().unwrap_or(0) + 1,
            "seen_upto": upto,
            "gaps": gaps(upto, beyond),
        })
    };
    chains.iter().map(|chain| (directory.chain_name(*chain).to_owned(), lane(chain))).collect()
}

/// Missing numbers between the cursor and the numbers seen beyond it, as inclusive ranges.
fn gaps(upto: u64, beyond: &[u64]) -> Vec<(u64, u64)> {
    let mut sorted = beyond.to_vec();
    sorted.sort_unstable();
    let mut gaps = Vec::new();
    let mut expected = upto + 1;
    for number in sorted {
        if number > expected {
            gaps.push((expected, number - 1));
        }
        expected = expected.max(number + 1);
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::gaps;

    #[test]
    fn gaps_are_what_is_missing_between_the_cursor_and_what_was_seen() {
        assert_eq!(gaps(4, &[]), []);
        assert_eq!(gaps(4, &[9, 6, 7]), [(5, 5), (8, 8)]);
        assert_eq!(gaps(0, &[3]), [(1, 2)]);
    }
}
