//! Transfers while nothing is wrong.
#![allow(clippy::unwrap_used, missing_docs)]
mod common;

use common::{clients, finish, pay, world, PARIS, SECOND, TOKYO};
use globelet_simulator::scenario;
use globelet_types::{AccountId, Stage};

#[test]
fn tokyo_pays_paris_within_a_quarter_over_the_wire() {
    let mut sim = world(7);
    let mut clients = clients(&mut sim);
    let order = pay(&mut sim, &mut clients, 0, 3, 1_250);
    finish(&mut sim, &[order]);
    let climb = sim.ladder().get(&order).unwrap();
    for (stage, at) in &climb.stages {
        println!("{:<14}{:>12} us  {at}", stage.name(), climb.since_admitted(*stage).unwrap());
    }
    let wire = sim.world().link_between(climb.ingress, sim.replicas(PARIS)[0]).unwrap().delay_us;
    let took = climb.since_admitted(Stage::Credited).unwrap();
    assert!(4 * took <= 5 * wire, "credited after {took} us over a wire of {wire} us");
    assert_eq!(sim.balance(TOKYO, &clients[0].id), Some(1_000_000 - 1_250));
    assert_eq!(sim.balance(PARIS, &clients[3].id), Some(1_000_000 + 1_250));
}

#[test]
fn the_receipt_holds_every_proof_once_anchored() {
    let mut sim = world(7);
    let mut clients = clients(&mut sim);
    let order = pay(&mut sim, &mut clients, 0, 3, 1);
    finish(&mut sim, &[order]);
    let receipt = sim.receipt(&order).unwrap();
    assert_eq!(receipt.id, order);
    assert!(receipt.vertex.is_some() && receipt.block.is_some() && receipt.applied.is_some());
    assert!(receipt.acknowledged.is_some() && receipt.anchored.is_some());
}

#[test]
fn everyone_pays_everyone() {
    let mut sim = world(7);
    let mut clients = clients(&mut sim);
    let mut orders = Vec::new();
    for from in 0..6 {
        for to in (0..6).filter(|to| *to != from) {
            orders.push(pay(&mut sim, &mut clients, from, to, 100 + from as u64));
        }
    }
    finish(&mut sim, &orders);
    assert!(orders.iter().all(|id| sim.reached(id, Stage::Credited)));
    for (i, client) in clients.iter().enumerate() {
        let came: u64 = (0..6).filter(|from| *from != i).map(|from| 100 + from as u64).sum();
        let went = 5 * (100 + i as u64);
        assert_eq!(sim.balance(client.municipality, &client.id), Some(1_000_000 + came - went));
    }
}

#[test]
fn a_payment_inside_one_municipality_is_credited() {
    let mut sim = world(7);
    let mut clients = clients(&mut sim);
    let neighbour = sim.client(TOKYO, 9).at(1);
    sim.open(&neighbour);
    assert!(sim.run_until(|s| s.balance(TOKYO, &neighbour.id).is_some(), 10 * SECOND).unwrap());
    // Until its own replica has applied the opening, the payer's order would be refused there.
    sim.run_for(SECOND).unwrap();
    let order = sim.pay(&mut clients[0], neighbour.address(), 5);
    finish(&mut sim, &[order]);
    assert_eq!(sim.balance(TOKYO, &neighbour.id), Some(5));
}

#[test]
fn an_unknown_recipient_is_refunded_exactly_once() {
    let mut sim = world(7);
    let mut clients = clients(&mut sim);
    let order = sim.pay(&mut clients[0], (AccountId([9; 32]), PARIS), 777);
    finish(&mut sim, &[order]);
    let climb = sim.ladder().get(&order).unwrap();
    assert!(climb.stages.contains_key(&Stage::Refunded) && !climb.stages.contains_key(&Stage::Credited));
    assert_eq!(climb.refusal.as_ref().map(|r| r.code()), Some("unknown_recipient"));
    assert_eq!(sim.balance(TOKYO, &clients[0].id), Some(1_000_000));
}

#[test]
fn a_double_spend_through_two_replicas_pays_once() {
    let mut sim = world(7);
    let mut clients = clients(&mut sim);
    let expires = sim.now() + 60 * SECOND;
    let (paris, seoul) = (clients[3].address(), clients[2].address());
    let first = clients[0].transfer(paris.0, paris.1, 900_000, expires);
    let second = clients[0].transfer_again(seoul.0, seoul.1, 900_000, expires);
    let orders = [sim.submit(TOKYO, 0, vec![first])[0], sim.submit(TOKYO, 1, vec![second])[0]];
    finish(&mut sim, &orders);
    let credited = orders.iter().filter(|id| sim.reached(id, Stage::Credited)).count();
    assert_eq!(credited, 1);
    assert_eq!(sim.balance(TOKYO, &clients[0].id), Some(100_000));
}

#[test]
fn one_seed_one_trace() {
    let trace = |seed| {
        let mut sim = world(seed);
        let outcome = scenario::run(&mut sim, scenario::Scenario::TokyoPaysParis, 2, None);
        (outcome.fingerprint, outcome.steps)
    };
    let first = trace(7);
    assert!(first.1 > 54, "only {} events", first.1);
    assert_eq!(first, trace(7));
    assert_ne!(first.0, trace(8).0);
}
