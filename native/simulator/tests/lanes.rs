//! Fresh keys of lanes between six municipalities: how often, by which mechanism, and with a bad source replica.
#![allow(clippy::unwrap_used, missing_docs)]
mod common;

use common::{clients, finish, pay, world, SECOND};
use globelet_protocol::Message;
use globelet_simulator::scenario::{corrupt_one_each, funded};
use globelet_simulator::{sample, Simulation};
use globelet_types::world::LaneKem;
use globelet_types::{ChainId, NodeId, Stage};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

/// One lane.
#[derive(Default)]
struct Lane {
    /// Numbers of the keys whose ciphertexts came, ahead or with a parcel.
    keys: BTreeSet<u64>,
    ahead: BTreeSet<u64>,
    /// Numbers of the parcels, and of the keys that sealed them.
    parcels: BTreeSet<u64>,
    sealed: BTreeSet<u64>,
    /// Parcels that brought a ciphertext.
    brought: BTreeSet<u64>,
}

type Seen = Arc<Mutex<BTreeMap<(ChainId, ChainId), Lane>>>;

fn listen(sim: &mut Simulation) -> Seen {
    let seen = Seen::default();
    let kept = seen.clone();
    let world = sim.world().clone();
    sim.listen(Box::new(move |_, from, to, message| {
        let mut seen = kept.lock().unwrap();
        match message {
            Message::Parcel(shard) => {
                let entry = &shard.header.lanes[usize::from(shard.lane)];
                let lane = seen.entry((shard.header.chain, entry.destination)).or_default();
                lane.parcels.insert(entry.number);
                lane.sealed.insert(entry.key_number);
                if shard.ciphertext.is_some() {
                    lane.keys.insert(entry.key_number);
                    lane.brought.insert(entry.number);
                }
            }
            Message::LaneKey { number, .. } => {
                let chain = |node: NodeId| world.nodes[node.index()].chain;
                let lane = seen.entry((chain(from), chain(to))).or_default();
                lane.keys.insert(*number);
                lane.ahead.insert(*number);
            }
            _ => {}
        }
    }));
    seen
}

fn everyone_pays_everyone(sim: &mut Simulation) {
    let mut clients = clients(sim);
    let mut orders = Vec::new();
    for from in 0..6 {
        orders.extend((0..6).filter(|to| *to != from).map(|to| pay(sim, &mut clients, from, to, 10)));
    }
    finish(sim, &orders);
    assert!(orders.iter().all(|id| sim.reached(id, Stage::Credited)));
}

#[test]
fn streamlined_ntru_prime_end_to_end() {
    let mut spec = sample::tokyo_paris();
    spec.parameters.lane_kem = LaneKem::Sntrup761;
    let mut sim = Simulation::new(spec, 7).unwrap();
    let keys: BTreeSet<_> = sim.genesis().lanes.iter().map(|key| key.0.len()).collect();
    assert_eq!(keys, BTreeSet::from([0, 1_158]));
    everyone_pays_everyone(&mut sim);
}

#[test]
fn a_lane_has_at_most_one_key_in_an_interval_however_many_parcels() {
    let mut sim = world(7);
    let mut clients = clients(&mut sim);
    let seen = listen(&mut sim);
    let begun = sim.now();
    let mut orders = Vec::new();
    for _ in 0..100 {
        orders.push(pay(&mut sim, &mut clients, 0, 3, 1));
        sim.run_for(SECOND / 25).unwrap();
    }
    let seconds = (sim.now() - begun) / SECOND;
    finish(&mut sim, &orders);
    let seen = seen.lock().unwrap();
    let Lane { keys, parcels, sealed, .. } = &seen[&(common::TOKYO, common::PARIS)];
    assert!(sealed.is_subset(keys) && sealed.len() as u64 + 1 >= seconds, "a fresh key each second: {sealed:?}");
    println!("{} parcels and {} keys of the lane in {seconds} s", parcels.len(), keys.len());
    assert!(sealed.len() as u64 <= seconds + 1, "{} keys in {seconds} s", sealed.len());
    assert!(keys.len() <= sealed.len() + 1, "one lies ready: {keys:?} for {sealed:?}");
    assert!(parcels.len() > 5 * keys.len(), "{} parcels", parcels.len());
}

/// Payments that are rarer than keys change: each is the first of its second, and finds its key made and told.
#[test]
fn no_parcel_waits_for_its_key_once_its_lane_was_used() {
    let mut sim = world(7);
    let mut clients = clients(&mut sim);
    let first = pay(&mut sim, &mut clients, 0, 3, 1);
    finish(&mut sim, &[first]);
    let second = pay(&mut sim, &mut clients, 0, 3, 1);
    finish(&mut sim, &[second]);
    let seen = listen(&mut sim);
    let mut orders = Vec::new();
    for _ in 0..10 {
        orders.push(pay(&mut sim, &mut clients, 0, 3, 1));
        sim.run_for(5 * SECOND / 2).unwrap();
    }
    finish(&mut sim, &orders);
    assert!(orders.iter().all(|id| sim.reached(id, Stage::Credited)));
    let seen = seen.lock().unwrap();
    for way in [(common::TOKYO, common::PARIS), (common::PARIS, common::TOKYO)] {
        let Lane { ahead, parcels, sealed, brought, .. } = &seen[&way];
        assert!(parcels.len() >= 10 && ahead.len() >= 10 && sealed.len() >= 10, "{parcels:?} {ahead:?} {sealed:?}");
        assert_eq!(*brought, BTreeSet::new(), "{way:?}");
    }
}

#[test]
fn wrong_ciphertexts_from_one_replica_of_each_source() {
    let mut sim = world(7);
    corrupt_one_each(&mut sim, "wrong_keys");
    let mut clients = funded(&mut sim, 0, 1_000_000).unwrap();
    // The keys of the second time are told ahead.
    for _ in 0..2 {
        let orders: Vec<_> = (0..6).map(|i| pay(&mut sim, &mut clients, i, (i + 3) % 6, 10)).collect();
        finish(&mut sim, &orders);
        assert!(orders.iter().all(|id| sim.reached(id, Stage::Credited)));
        sim.run_for(2 * SECOND).unwrap();
    }
    let what = "sent a lane's ciphertext that the block does not name";
    assert!(sim.misbehaviours().iter().any(|(_, _, said)| said == what));
    assert!(sim.misbehaviours().iter().all(|(_, _, said)| said == what), "{:?}", sim.misbehaviours());
}
