//! What a simulation tells, as the JSON documents that a municipality serves over HTTP.
use globelet_protocol::{ledger_json, refusal_json};
use globelet_simulator::{Climb, Delays, Simulation, Stamp};
use globelet_types::world::{LinkSpec, Role, Route};
use globelet_types::{ChainId, RegionId, Stage};
use serde_json::{json, Map, Value};

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
        "route": climb.route.map(Route::name),
        "refusal": climb.refusal.as_ref().map(|r| refusal_json::refusal(world.world(), r)),
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
    let entry = |chain: ChainId| {
        let told = world.world().members(chain, Role::Replica).into_iter();
        let replicas: Vec<_> = told
            .filter(|n| world.is_up(*n) && world.is_honest(*n))
            .filter_map(|n| views.get(n.index()).cloned())
            .collect();
        ledger_json::ledger(world.world(), chain, &replicas)
    };
    (0..world.world().chains.len() as u16).map(ChainId).map(entry).collect()
}

/// One row per link and route: median and 99th percentile of what the probes measured.
pub fn link_rows(world: &Simulation, delays: Delays) -> Value {
    let regions = &world.world().regions;
    let row = |((from, to, route), mut delays): ((RegionId, RegionId, Route), Vec<u64>)| {
        delays.sort_unstable();
        json!({
            "from": regions[from.index()],
            "to": regions[to.index()],
            "process": "simulator",
            "route": route.name(),
            "p50_ms": quantile_ms(&delays, 50),
            "p99_ms": quantile_ms(&delays, 99),
            "samples": delays.len(),
        })
    };
    delays.into_iter().map(row).collect()
}

/// What a route shows over which nothing passes, as in the metrics of live nodes.
const SILENT_US: u64 = 5_000_000;

/// One row per link between continents and route: half the round trip now and as declared, and whether it is in use.
pub fn route_rows(world: &Simulation) -> Value {
    let (spec, links, now) = (world.world(), world.links(), world.now());
    let row = |(from, to, route): (RegionId, RegionId, Route)| {
        let delay = links.delay(from, to, route).zip(links.delay(to, from, route)).map(|(out, back)| (out + back) / 2);
        let declared = |from, to| spec.link_over(from, to, route).map_or(0, |l| l.delay_us);
        json!({
            "from": spec.regions[from.index()],
            "to": spec.regions[to.index()],
            "process": "simulator",
            "route": route.name(),
            "active": u8::from(links.active(now, from, to) == route),
            "delay_ms": delay.unwrap_or(SILENT_US) as f64 / 1e3,
            "declared_ms": (declared(from, to) + declared(to, from)) as f64 / 2e3,
            "switches": links.switches(now, from, to),
        })
    };
    let both = |l: &LinkSpec| [Route::Backbone, Route::Internet].map(|route| (l.from, l.to, route));
    spec.internet.iter().flat_map(both).map(row).collect()
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
    fn quantiles_are_ranks_of_the_samples() {
        let sorted: Vec<u64> = (1..=100).map(|ms| ms * 1_000).collect();
        assert_eq!((quantile_ms(&sorted, 50), quantile_ms(&sorted, 99)), (Some(50.0), Some(99.0)));
        assert_eq!(quantile_ms(&[], 50), None);
    }
}
