//! What replicas have booked, as the JSON document of a chain's ledger.
use crate::LedgerView;
use globelet_types::world::WorldSpec;
use globelet_types::{ChainId, NodeId};
use serde_json::{json, Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The ledger of a chain, given what some of its replicas have booked. Height and head are those of the farthest one.
pub fn ledger(world: &WorldSpec, chain: ChainId, views: &[(NodeId, LedgerView)]) -> Value {
    let newest = views.iter().map(|(_, view)| view).max_by_key(|view| view.height);
    json!({
        "chain": name(world, chain),
        "kind": world.chains.get(chain.index()).map(|c| c.kind),
        "height": newest.map_or(0, |v| v.height),
        "head": newest.map(|v| hex::encode(v.head)),
        "replicas": views.iter().map(|(node, view)| replica(world, *node, view)).collect::<Vec<_>>(),
    })
}

fn name(world: &WorldSpec, chain: ChainId) -> String {
    world.chains.get(chain.index()).map_or_else(|| chain.to_string(), |c| c.name.clone())
}

fn replica(world: &WorldSpec, node: NodeId, view: &LedgerView) -> Value {
    let named = |amounts: &BTreeMap<ChainId, u64>| -> Map<String, Value> {
        amounts.iter().map(|(chain, amount)| (name(world, *chain), (*amount).into())).collect()
    };
    let mut document = json!({
        "node": world.nodes.get(node.index()).map(|n| n.name.as_str()),
        "height": view.height,
        "head": hex::encode(view.head),
        "certified": view.certified,
        "supply": view.genesis,
        "balances": view.balances,
        "parked": view.parked,
        "sent": named(&view.sent),
        "refunded": named(&view.refunded),
        "sent_numbers": named(&view.sent_numbers),
        "unsettled": named(&view.unsettled),
        "credited": named(&view.credited),
        "refused": named(&view.refused),
        "lanes": lanes(world, view),
        "map": {"accounts": view.moved, "epoch": view.map_epoch, "digest": hex::encode(view.map_digest)},
        "repairs": view.repairs,
        "holders": holders(world, view),
    });
    if let (Some(fields), false) = (document.as_object_mut(), view.members.is_empty()) {
        let named = |node: &NodeId| world.nodes.get(node.index()).map(|n| n.name.as_str());
        fields.insert("epoch".into(), view.epoch.into());
        fields.insert("members".into(), view.members.iter().map(named).collect());
        let behind = |(node, stake): (&NodeId, &u64)| Some((named(node)?.to_owned(), (*stake).into()));
        fields.insert("stakes".into(), Value::Object(view.stakes.iter().filter_map(behind).collect()));
    }
    document
}

fn holders(world: &WorldSpec, view: &LedgerView) -> Map<String, Value> {
    let named = |node: &NodeId| world.nodes.get(node.index()).map_or_else(|| node.to_string(), |n| n.name.clone());
    view.holders.iter().map(|(node, seen)| (named(node), json!(seen))).collect()
}

fn lanes(world: &WorldSpec, view: &LedgerView) -> Map<String, Value> {
    let chains: BTreeSet<ChainId> =
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
    chains.iter().map(|chain| (name(world, *chain), lane(chain))).collect()
}

/// Numbers missing between the cursor and those seen beyond it, which rise, as inclusive ranges.
fn gaps(upto: u64, beyond: &[u64]) -> Vec<(u64, u64)> {
    let before = std::iter::once(upto).chain(beyond.iter().copied());
    before.zip(beyond).filter(|(last, next)| last + 1 < **next).map(|(last, next)| (last + 1, next - 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::gaps;

    #[test]
    fn gaps_are_what_is_missing_between_the_cursor_and_what_was_seen() {
        assert_eq!(gaps(4, &[]), []);
        assert_eq!(gaps(4, &[6, 7, 9]), [(5, 5), (8, 8)]);
        assert_eq!(gaps(0, &[3]), [(1, 2)]);
    }
}
