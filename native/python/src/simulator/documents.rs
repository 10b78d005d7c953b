//! What a simulation tells, as the JSON documents that a municipality serves over HTTP.
use globelet_protocol::LedgerView;
use globelet_simulator::{Climb, Delays, Simulation, Stamp};
use globelet_types::world::Role;
use globelet_types::{ChainId, RegionId, Stage};
use serde_json::{json, Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The state of an order, as its ingress told its sender.
pub fn state(world: &Simulation, climb: &Climb) -> Value {
    let step =
        |(stage, at): (&Stage, &Stamp)| (stage.name().to_owned(), json!({"micros": at.micros, "counter": at.counter}));
    json!({
        "id": climb.id.to_string(),
        "ingress": world.world().nodes[climb.ingress.index()].name,
        "answered": climb.answered,
        "state": climb.last(),
        "stages": climb.stages.iter().map(step).collect::<Map<_, _>>(),
        "refusal": climb.refusal.as_ref().map(|r| json!({"code": r.code(), "detail": r.to_string()})),
    })
}

/// The genesis, with its id and tag beside it.
pub fn genesis(world: &Simulation) -> Value {
    let genesis = world.genesis();
    let mut value = serde_json::to_value(genesis).expect("a genesis has no maps with odd keys");
    value["id"] = hex::encode(genesis.id()).into();
    value["tag"] = genesis.tag().to_string().into();
    value
}

/// One entry per chain: the honest replicas that are up.
pub fn ledgers(world: &Simulation) -> Value {
    let views = world.ledgers();
    let chains = (0..world.world().chains.len() as u16).map(ChainId);
    let entry = |chain: ChainId| {
        let told = world.world().members(chain, Role::Replica).into_iter();
        let replicas: Vec<_> = told
            .filter(|n| world.is_up(*n) && world.is_honest(*n))
            .filter_map(|n| views.get(n.index()))
            .map(|(node, view)| (world.world().nodes[node.index()].name.as_str(), view))
            .collect();
        let newest = replicas.iter().map(|(_, view)| view).max_by_key(|view| view.height);
        json!({
            "chain": name(world, chain),
            "kind": world.world().chains[chain.index()].kind,
            "height": newest.map_or(0, |v| v.height),
            "head": newest.map(|v| hex::encode(v.head)),
            "replicas": replicas.iter().map(|(node, view)| replica(world, node, view)).collect::<Vec<_>>(),
        })
    };
    chains.map(entry).collect()
}

fn name(world: &Simulation, chain: ChainId) -> String {
    world.world().chains.get(chain.index()).map_or_else(|| chain.to_string(), |c| c.name.clone())
}

fn replica(world: &Simulation, node: &str, view: &LedgerView) -> Value {
    let named = |amounts: &BTreeMap<ChainId, u64>| -> Map<String, Value> {
        amounts.iter().map(|(chain, amount)| (name(world, *chain), (*amount).into())).collect()
    };
    json!({
        "node": node,
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
        "lanes": lanes(world, view),
        "repairs": view.repairs,
    })
}

fn lanes(world: &Simulation, view: &LedgerView) -> Map<String, Value> {
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

/// One row per link: median and 99th percentile of what the probes measured.
pub fn link_rows(world: &Simulation, delays: Delays) -> Value {
    let regions = &world.world().regions;
    let row = |((from, to), mut delays): ((RegionId, RegionId), Vec<u64>)| {
        delays.sort_unstable();
        json!({
            "from": regions[from.index()],
            "to": regions[to.index()],
            "process": "simulator",
            "p50_ms": quantile_ms(&delays, 50),
            "p99_ms": quantile_ms(&delays, 99),
            "samples": delays.len(),
        })
    };
    delays.into_iter().map(row).collect()
}

/// The value at rank ⌈share·n⌉, in milliseconds.
fn quantile_ms(sorted: &[u64], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).map(|us| *us as f64 / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_what_is_missing_between_the_cursor_and_what_was_seen() {
        assert_eq!(gaps(4, &[]), []);
        assert_eq!(gaps(4, &[6, 7, 9]), [(5, 5), (8, 8)]);
        assert_eq!(gaps(0, &[3]), [(1, 2)]);
    }

    #[test]
    fn quantiles_are_ranks_of_the_samples() {
        let sorted: Vec<u64> = (1..=100).map(|ms| ms * 1_000).collect();
        assert_eq!((quantile_ms(&sorted, 50), quantile_ms(&sorted, 99)), (Some(50.0), Some(99.0)));
        assert_eq!(quantile_ms(&[], 50), None);
    }
}
