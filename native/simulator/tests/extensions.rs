//! Holders are asked for more time while an order in what they hold has not come to its end, and no longer.
#![allow(clippy::unwrap_used, missing_docs)]
mod common;

use common::{clients, pay, SECOND, TOKYO};
use globelet_protocol::Message;
use globelet_simulator::{sample, Simulation};
use globelet_types::world::{ChainKind, Role};
use globelet_types::{NodeId, Stage};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// How long a holder promises to keep a shard.
const HOLDING: u64 = 4 * SECOND;
/// What Tokyo's holders promised: the vertices' sequences with the end of each promise.
type Promised = Arc<Mutex<Vec<(u64, u64)>>>;

fn short(seed: u64) -> Simulation {
    let mut spec = sample::tokyo_paris();
    spec.parameters.holding_us = HOLDING;
    Simulation::new(spec, seed).unwrap()
}

/// The replicas of the global chain.
fn globe(sim: &Simulation) -> Vec<NodeId> {
    let chain = sim.world().chains.iter().position(|c| c.kind == ChainKind::Global).unwrap();
    sim.replicas(globelet_types::ChainId(chain as u16))
}

fn watch(sim: &mut Simulation) -> (Promised, Arc<Mutex<usize>>) {
    let (promised, asked) = (Promised::default(), Arc::<Mutex<usize>>::default());
    let (told, counted) = (promised.clone(), asked.clone());
    let holders: BTreeSet<NodeId> = sim.world().members(TOKYO, Role::Holder).into_iter().collect();
    sim.listen(Box::new(move |_, from, _, message| match message {
        Message::Held { sequence, proof, .. } if holders.contains(&from) => {
            told.lock().unwrap().push((*sequence, proof.until_us));
        }
        Message::Extend { .. } => *counted.lock().unwrap() += 1,
        _ => {}
    }));
    (promised, asked)
}

fn held(sim: &Simulation) -> u64 {
    let holders = sim.world().members(TOKYO, Role::Holder);
    sim.bytes_held().into_iter().filter(|(node, _)| holders.contains(node)).map(|(_, bytes)| bytes).sum()
}

#[test]
fn shards_are_kept_until_their_orders_are_anchored() {
    let mut sim = short(7);
    let mut accounts = clients(&mut sim);
    let globe = globe(&sim);
    globe.iter().for_each(|node| sim.crash(*node));
    let (promised, _) = watch(&mut sim);
    let order = pay(&mut sim, &mut accounts, 0, 3, 10);
    sim.run_for(SECOND).unwrap();
    assert!(sim.reached(&order, Stage::Credited));
    let sequence = sim.receipt(&order).unwrap().vertex.unwrap().header.sequence;
    let end = || {
        let promised = promised.lock().unwrap();
        promised.iter().filter(|(of, _)| *of == sequence).map(|(_, until)| *until).max().unwrap()
    };
    for _ in 0..5 {
        sim.run_for(HOLDING).unwrap();
        let (until, now) = (end(), sim.now());
        assert!(until > now + HOLDING / 4, "the promise ends at {until}, it is {now}");
    }
    globe.iter().for_each(|node| sim.restart(*node).unwrap());
    let anchored = |s: &Simulation| s.reached(&order, Stage::Anchored);
    assert!(sim.run_until(anchored, 30 * SECOND).unwrap());
    sim.run_for(SECOND).unwrap();
    let until = end();
    sim.run_for(3 * HOLDING).unwrap();
    assert_eq!(end(), until, "nobody asks for more time once the order is anchored");
    // What is over is forgotten with the next shard.
    let before = held(&sim);
    pay(&mut sim, &mut accounts, 0, 3, 10);
    sim.run_for(SECOND).unwrap();
    assert!(held(&sim) < before, "{} of {before} bytes are held", held(&sim));
}

#[test]
fn nobody_is_asked_where_all_goes_well() {
    let mut sim = Simulation::new(sample::tokyo_paris(), 7).unwrap();
    let mut accounts = clients(&mut sim);
    let (_, asked) = watch(&mut sim);
    for _ in 0..20 {
        pay(&mut sim, &mut accounts, 0, 3, 10);
        sim.run_for(SECOND).unwrap();
    }
    assert_eq!(*asked.lock().unwrap(), 0);
}

#[test]
fn who_lost_power_meanwhile_keeps_what_it_promised() {
    let mut sim = short(9);
    let mut accounts = clients(&mut sim);
    let globe = globe(&sim);
    globe.iter().for_each(|node| sim.crash(*node));
    let (promised, _) = watch(&mut sim);
    pay(&mut sim, &mut accounts, 0, 3, 10);
    let mut longest = 0;
    for _ in 0..4 {
        sim.run_for(HOLDING * 3 / 4).unwrap();
        let tokyo: Vec<NodeId> = [sim.replicas(TOKYO), sim.world().members(TOKYO, Role::Holder)].concat();
        tokyo.iter().for_each(|node| sim.crash(*node));
        sim.run_for(SECOND / 10).unwrap();
        tokyo.iter().for_each(|node| sim.restart(*node).unwrap());
        sim.run_for(SECOND / 2).unwrap();
        sim.check_recovery().unwrap();
        let newest = promised.lock().unwrap().iter().map(|(_, until)| *until).max().unwrap();
        assert!(newest > longest, "more time is promised after a power cut too");
        longest = newest;
    }
}
