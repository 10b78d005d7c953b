//! One bad actor in every committee, by name: the invariants hold and transfers through honest
//! replicas reach their end.
#![allow(clippy::unwrap_used, missing_docs)]
mod common;

use common::{finish, pay, world};
use globelet_simulator::scenario::{corrupt_one_each, funded};
use globelet_types::Stage;

fn one_in_every_committee(name: &str) -> globelet_simulator::Simulation {
    let mut sim = world(7);
    corrupt_one_each(&mut sim, name);
    let mut clients = funded(&mut sim, 0, 1_000_000).unwrap();
    let orders: Vec<_> = (0..6).map(|i| pay(&mut sim, &mut clients, i, (i + 3) % 6, 10)).collect();
    finish(&mut sim, &orders);
    assert!(orders.iter().all(|id| sim.reached(id, Stage::Credited)));
    sim
}

#[test]
fn a_silent_replica() {
    one_in_every_committee("silent");
}

#[test]
fn an_equivocator() {
    one_in_every_committee("equivocator");
}

#[test]
fn an_equivocator_as_ingress_is_seen_and_moves_no_money_twice() {
    let mut sim = world(7);
    let mut clients = common::clients(&mut sim);
    let tokyo = sim.replicas(common::TOKYO);
    sim.corrupt(tokyo[0], "equivocator");
    pay(&mut sim, &mut clients, 0, 3, 10);
    sim.run_for(10 * common::SECOND).unwrap();
    let mut honest = sim.client(common::TOKYO, 1).at(1);
    sim.open(&honest);
    assert!(sim.run_until(|s| s.balance_at_ingress(&honest).is_some(), 10 * common::SECOND).unwrap());
    sim.fund(&honest, 50).unwrap();
    assert!(sim.run_until(|s| s.balance_at_ingress(&honest) == Some(50), 10 * common::SECOND).unwrap());
    let order = sim.pay(&mut honest, clients[3].address(), 20);
    finish(&mut sim, &[order]);
}

#[test]
fn a_withholder() {
    one_in_every_committee("withholder");
}

#[test]
fn a_replayer() {
    one_in_every_committee("replayer");
}

#[test]
fn a_liar_about_time() {
    one_in_every_committee("liar_about_time");
}

#[test]
fn wrong_shards() {
    one_in_every_committee("wrong_shards");
}

#[test]
fn wrong_keys() {
    one_in_every_committee("wrong_keys");
}

/// It is named where its share would have opened a batch; the others open it.
#[test]
fn false_shares() {
    let sim = one_in_every_committee("false_shares");
    assert!(sim.misbehaviours().iter().any(|(_, _, what)| what.contains("share")), "{:?}", sim.misbehaviours());
}

#[test]
fn a_forgetful_holder() {
    one_in_every_committee("forgetful_holder");
}

#[test]
fn an_altering_holder() {
    one_in_every_committee("altering_holder");
}
