//! Places that holders claim, held against round trips: over all of the data that worlds are made of, nobody honest is
//! refused, and who is far from where it claims to be is.
#![allow(clippy::unwrap_used, missing_docs)]
mod common;

use globelet_clock::{Clock, Stamp};
use globelet_node::gossip::record::{Record, RecordRefused, LONGEST_US};
use globelet_node::gossip::register::Register;
use globelet_node::gossip::witness::{declared_us, Witness};
use globelet_node::schedule::Jitter;
use globelet_protocol::{Deal, Genesis, NodeSecrets};
use globelet_signatures::SigningKey;
use globelet_types::world::*;
use globelet_types::{ChainId, NodeId, RegionId};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

const START: u64 = 1_000_000_000;

fn rows(name: &str) -> Vec<Vec<String>> {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../data", name].iter().collect();
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    lines.map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

/// Municipalities with the region whose measured delays are theirs.
fn municipalities() -> Vec<(String, String)> {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../data/municipalities.geojson"].iter().collect();
    let value: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let features = value["features"].as_array().unwrap().iter();
    features.map(|f| (text(&f["id"]), text(&f["properties"]["aws_region"]))).collect()
}

/// Half the measured round trip, its spread as worlds draw it; the internet's are those of the template.
fn links(regions: &[(String, String)]) -> (Vec<LinkSpec>, Vec<LinkSpec>) {
    let number = |row: &[String], at: usize| row[at].parse::<f64>().unwrap();
    let trips: BTreeMap<_, _> =
        rows("rtt.csv").iter().map(|r| ((r[0].clone(), r[2].clone()), (number(r, 4), number(r, 5)))).collect();
    let (mut backbone, mut internet) = (Vec::new(), Vec::new());
    for (i, (_, from)) in (0u16..).zip(regions) {
        for (j, (_, to)) in (0u16..).zip(regions) {
            let (p50, p90) = trips[&(from.clone(), to.clone())];
            let (delay, jitter) = (p50 * 500.0, (p90 - p50) * 1_000.0 / (1.2816 * 2_f64.sqrt()));
            let link = |times: f64, more: f64| LinkSpec {
                from: RegionId(i),
                to: RegionId(j),
                delay_us: (delay * times) as u64,
                jitter_us: (jitter * more) as u64,
                loss: 0.0,
            };
            backbone.push(link(1.0, 1.0));
            internet.extend((i != j).then(|| link(1.6, 3.0)));
        }
    }
    (backbone, internet)
}

/// A world with a holder in every city there is, each node in a process of its own.
fn everywhere() -> WorldSpec {
    let (regions, cities) = (municipalities(), rows("cities.csv"));
    let (links, internet) = links(&regions);
    let mut world = WorldSpec { links, internet, chains: Vec::new(), nodes: Vec::new(), ..common::world() };
    world.regions = regions.iter().map(|(name, _)| name.clone()).collect();
    let like = world.processes[0].clone();
    world.processes.clear();
    for (number, (name, _)) in (0u16..).zip(&regions) {
        world.chains.push(ChainSpec {
            name: name.clone(),
            kind: ChainKind::Municipal,
            parent: None,
            population: 1,
            seats: None,
        });
        let here: Vec<&Vec<String>> = cities.iter().filter(|city| city[0] == *name).collect();
        let replicas = here.iter().cycle().take(4).map(|city| (Role::Replica, *city));
        for (role, city) in replicas.chain(here.iter().map(|city| (Role::Holder, *city))) {
            let process = world.processes.len() as u16;
            world.processes.push(ProcessSpec { name: format!("p{process}"), ..like.clone() });
            world.nodes.push(NodeSpec {
                name: format!("n{process}"),
                chain: ChainId(number),
                role,
                region: RegionId(number),
                city: city[1].clone(),
                latitude: city[2].parse().unwrap(),
                longitude: city[3].parse().unwrap(),
                stake: 1,
                process,
            });
        }
    }
    world
}

fn dealt() -> &'static (Arc<Genesis>, Vec<NodeSecrets>) {
    static DEALT: OnceLock<(Arc<Genesis>, Vec<NodeSecrets>)> = OnceLock::new();
    DEALT.get_or_init(|| {
        let Deal { genesis, secrets, .. } = Deal::new(everywhere(), &[3; 32]).unwrap();
        (Arc::new(genesis), secrets)
    })
}

fn holders(world: &WorldSpec) -> impl Iterator<Item = (NodeId, &NodeSpec)> {
    (0..).map(NodeId).zip(&world.nodes).filter(|(_, n)| n.role == Role::Holder)
}

fn region(world: &WorldSpec, name: &str) -> RegionId {
    RegionId(world.regions.iter().position(|r| r == name).unwrap() as u16)
}

/// The shortest of many round trips between two regions, as nodes and the emulator draw them.
fn drawn(world: &WorldSpec, from: RegionId, to: RegionId, jitter: &mut Jitter) -> Duration {
    let begun = Instant::now();
    let shortest = |route| {
        let (out, back) = (world.link_over(from, to, route)?, world.link_over(to, from, route)?);
        // A draw holds for 20 ms; sixteen in a row have one in the lowest sixteenth.
        let at = |n: u32| begun + Duration::from_millis(25) * n;
        (0..96).map(|n| jitter.delay_at(out, at(2 * n)) + jitter.delay_at(back, at(2 * n + 1))).min()
    };
    [Route::Backbone, Route::Internet].into_iter().filter_map(shortest).min().unwrap()
}

/// What every process says of every holder, given the round trips between their regions.
fn refused(trips: &BTreeMap<(RegionId, RegionId), Duration>) -> Vec<(NodeId, RecordRefused)> {
    let (genesis, _) = dealt();
    let mut all = Vec::new();
    for (process, here) in (0u16..).zip(&genesis.world.nodes) {
        let mut witness = Witness::new(genesis.clone(), process);
        for (holder, there) in holders(&genesis.world).filter(|(_, there)| there.process != process) {
            witness.measured(there.process, trips[&(here.region, there.region)], START);
            all.extend(witness.check(holder, START).err().map(|reason| (holder, reason)));
        }
    }
    all
}

fn pairs(world: &WorldSpec) -> Vec<(RegionId, RegionId)> {
    let all = 0..world.regions.len() as u16;
    all.clone().flat_map(|a| all.clone().map(move |b| (RegionId(a), RegionId(b)))).collect()
}

#[test]
fn nobody_honest_is_refused_however_the_jitter_falls() {
    let world = &dealt().0.world;
    let mut jitter = Jitter::new(11);
    let trips = pairs(world).into_iter().map(|(a, b)| ((a, b), drawn(world, a, b, &mut jitter))).collect();
    assert_eq!(refused(&trips), []);
    let lowest = |(a, b)| ((a, b), Duration::from_micros(declared_us(world, a, b).unwrap()));
    let edge: BTreeMap<_, _> = pairs(world).into_iter().map(lowest).collect();
    assert!(trips.iter().all(|(pair, taken)| *taken >= edge[pair]), "the declared edge is one");
    assert_eq!(refused(&edge), []);
    // Links as far off as they may be and still count as true: a twentieth and a millisecond each way.
    let stray = |taken: &Duration| (*taken * 19 / 20).saturating_sub(Duration::from_millis(2));
    assert_eq!(refused(&edge.iter().map(|(pair, taken)| (*pair, stray(taken))).collect()), []);
}

#[test]
fn light_alone_would_refuse_the_honest() {
    // Why a round trip that the world declares proves nothing: cities of Maharashtra are 2,487 km from Dubai, and the
    // measured delay at its shortest allows 2,430; inside a region the jitter reaches down to nothing.
    let world = &dealt().0.world;
    let (dubai, maharashtra) = (region(world, "dubai"), region(world, "maharashtra"));
    let reach = globelet_place::reach_m(declared_us(world, dubai, maharashtra).unwrap());
    let place = |n: &NodeSpec| globelet_place::Point::from_degrees(n.longitude, n.latitude).unwrap();
    let cities = |of: RegionId| holders(world).filter(move |(_, n)| n.region == of).map(|(_, n)| place(n));
    let beyond = |a, b| globelet_place::least_distance_m(a, b) > reach;
    assert!(cities(dubai).any(|a| cities(maharashtra).any(|b| beyond(a, b))));
    assert_eq!(declared_us(world, dubai, dubai), Some(0));
}

#[test]
fn who_is_elsewhere_is_refused_by_the_processes_of_that_region() {
    // Every holder stands in the region of whoever asks, at its usual distance, whatever it claims.
    let world = &dealt().0.world;
    let inside = |a: RegionId| Duration::from_micros(world.link(a, a).unwrap().delay_us * 2);
    let trips = pairs(world).into_iter().map(|(a, b)| ((a, b), inside(a))).collect();
    let mut found: BTreeMap<NodeId, usize> = BTreeMap::new();
    refused(&trips).into_iter().for_each(|(holder, _)| *found.entry(holder).or_default() += 1);
    let near = ["tokyo", "osaka", "paris", "london", "hesse"].map(|name| region(world, name));
    let regions: BTreeSet<RegionId> = world.nodes.iter().map(|n| n.region).collect();
    for (holder, there) in holders(world) {
        let witnesses = world.nodes.iter().filter(|n| n.region != there.region && !near.contains(&n.region)).count();
        let counted = found.get(&holder).copied().unwrap_or_default();
        assert!(counted >= witnesses, "{}: {counted} of {witnesses} in {} regions", there.city, regions.len());
    }
}

#[test]
fn a_refuted_holder_is_no_candidate_until_the_proof_is_old() {
    let (genesis, secrets) = dealt();
    let paris = ChainId(region(&genesis.world, "paris").0);
    let (holder, spec) = holders(&genesis.world).find(|(_, n)| n.chain == paris).unwrap();
    let mut register = Register::new(genesis.clone(), START).witnessed_by(Witness::new(genesis.clone(), 0));
    let mut clock = Clock::new(1_000_000);
    let mut says = |register: &mut Register, at: u64| {
        let stamp = Stamp { micros: at, counter: 0 };
        let key = SigningKey::from_seed(&secrets[holder.index()].signing);
        let record = Record::of(holder, spec, stamp, stamp, 25_000_000).sign(genesis.tag(), &key);
        let (changed, refused) = register.take(&[record], &mut clock, at);
        (changed, refused.first().map(RecordRefused::code))
    };
    let named = |register: &Register| register.candidates(paris, |_| 0).contains(&holder);
    assert_eq!(register.measured(spec.process, Duration::from_millis(219), START), (false, vec![]));
    assert_eq!(says(&mut register, START + 1), (false, None));
    assert!(named(&register));
    let (changed, why) = register.measured(spec.process, Duration::from_millis(3), START + 2);
    assert!(changed && matches!(why[..], [RecordRefused::ImpossiblePlace { least_m: 9_000_000.., .. }]), "{why:?}");
    assert!(!named(&register) && !register.is_present(holder));
    assert_eq!(register.measured(spec.process, Duration::from_millis(3), START + 3), (false, vec![]), "told once");
    assert_eq!(says(&mut register, START + 4), (false, Some("presence_impossible_place")));
    assert!(!named(&register), "not even where too few are present");
    // It moved to where it claims to be.
    assert_eq!(says(&mut register, START + 2 * LONGEST_US), (true, None));
    assert!(named(&register) && register.is_present(holder));
}
