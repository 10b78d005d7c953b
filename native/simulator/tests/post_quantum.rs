//! Post-quantum signatures and checkpoints per interval: they come, they are checked, and nothing waits for them.
#![allow(clippy::unwrap_used, missing_docs)]
mod common;

use common::{clients, finish, pay, world, SECOND, TOKYO};
use globelet_protocol::verify::{verify, Step};
use globelet_protocol::{receipt_json, Receipt};
use globelet_simulator::Simulation;
use globelet_types::{OrderId, Stage};
use std::sync::Arc;

fn failing(sim: &Simulation, receipt: &Receipt) -> Vec<&'static str> {
    verify(sim.genesis(), receipt).into_iter().filter(|s| s.holds.is_err()).map(|s| s.name).collect()
}

fn step(sim: &Simulation, receipt: &Receipt, name: &str) -> Step {
    verify(sim.genesis(), receipt).into_iter().find(|s| s.name == name).unwrap()
}

/// One transfer from Tokyo to Paris, with its receipt once the post-quantum signatures are there.
fn proven(sim: &mut Simulation) -> (OrderId, Receipt) {
    let mut clients = clients(sim);
    let order = pay(sim, &mut clients, 0, 3, 1_250);
    let came = |s: &Simulation| s.receipt(&order).is_some_and(|r| r.post_quantum.is_some() && r.checkpoint.is_some());
    assert!(sim.run_until(came, 2 * SECOND).unwrap(), "no post-quantum signatures or checkpoint within two seconds");
    let receipt = sim.receipt(&order).unwrap();
    (order, receipt)
}

#[test]
fn a_receipt_is_valid_without_and_with_them() {
    let mut sim = world(7);
    let mut clients = clients(&mut sim);
    let order = pay(&mut sim, &mut clients, 0, 3, 1_250);
    assert!(sim.run_until(|s| s.reached(&order, Stage::Committed), SECOND).unwrap());
    let early = sim.receipt(&order).unwrap();
    assert_eq!(failing(&sim, &early), Vec::<&str>::new());
    assert_eq!(step(&sim, &early, "post_quantum").note, Some("not there yet"));
    assert_eq!(step(&sim, &early, "checkpoint").note, Some("not there yet"));
    finish(&mut sim, &[order]);
    let whole = sim.ladder().get(&order).unwrap().receipt.clone().unwrap();
    assert_eq!(failing(&sim, &whole), Vec::<&str>::new());
    assert_eq!(step(&sim, &whole, "post_quantum").note, None);
    assert_eq!(step(&sim, &whole, "checkpoint").note, None);
    let proof = whole.post_quantum.as_ref().unwrap();
    assert_eq!(proof.votes.len(), 3);
    assert!(proof.at > whole.reached(Stage::Committed).unwrap());
    let document = receipt_json::to_json(sim.genesis(), &whole);
    assert_eq!(document["post_quantum"]["at"]["micros"], proof.at.micros);
    assert_eq!(receipt_json::from_json(sim.genesis(), &document).as_ref(), Ok(whole.as_ref()));
}

#[test]
fn every_changed_field_is_refused_by_the_step() {
    let mut sim = world(7);
    let (_, receipt) = proven(&mut sim);
    assert_eq!(failing(&sim, &receipt), Vec::<&str>::new());
    type Change = fn(&mut Receipt);
    let votes: [(&str, Change); 11] = [
        ("place", |r| signature(r).place = 9),
        ("number", |r| signature(r).number += 1),
        ("count", |r| signature(r).count += 1),
        ("root", |r| signature(r).root[0] ^= 1),
        ("signature", |r| signature(r).signature[100] ^= 1),
        ("length", |r| signature(r).signature.truncate(100)),
        ("index", |r| r.post_quantum.as_mut().unwrap().votes[0].1.index ^= 1),
        ("leaves", |r| r.post_quantum.as_mut().unwrap().votes[0].1.count += 1),
        ("path", |r| r.post_quantum.as_mut().unwrap().votes[0].1.path.push([0; 32])),
        ("a vote less", |r| r.post_quantum.as_mut().unwrap().votes.truncate(2)),
        ("a vote twice", |r| {
            let votes = &mut r.post_quantum.as_mut().unwrap().votes;
            votes[1] = votes[0].clone();
        }),
    ];
    for (what, change) in votes {
        let mut changed = receipt.clone();
        change(&mut changed);
        assert_eq!(failing(&sim, &changed), ["post_quantum", "issuer's signature"], "{what}");
    }
    let checkpoints: [(&str, Change); 7] = [
        ("chain", |r| checkpoint(r).chain.0 += 1),
        ("height", |r| checkpoint(r).height += 1),
        ("head", |r| checkpoint(r).head[0] ^= 1),
        ("root", |r| checkpoint(r).root[0] ^= 1),
        ("signature", |r| checkpoint(r).signature[9] ^= 1),
        ("index", |r| r.checkpoint.as_mut().unwrap().1.index += 1),
        ("count", |r| r.checkpoint.as_mut().unwrap().1.count += 1),
    ];
    for (what, change) in checkpoints {
        let mut changed = receipt.clone();
        change(&mut changed);
        assert_eq!(failing(&sim, &changed), ["checkpoint", "issuer's signature"], "{what}");
    }
    let mut later = receipt.clone();
    later.post_quantum.as_mut().unwrap().at.micros += 1;
    assert_eq!(failing(&sim, &later), ["issuer's signature"]);
}

fn signature(receipt: &mut Receipt) -> &mut globelet_protocol::interval::IntervalSignature {
    Arc::make_mut(&mut receipt.post_quantum.as_mut().unwrap().votes[0].0)
}

fn checkpoint(receipt: &mut Receipt) -> &mut globelet_protocol::checkpoint::Checkpoint {
    Arc::make_mut(&mut receipt.checkpoint.as_mut().unwrap().0)
}

#[test]
fn they_do_not_stand_for_another_block() {
    let mut sim = world(7);
    let mut clients = clients(&mut sim);
    let first = pay(&mut sim, &mut clients, 0, 3, 1);
    sim.run_for(SECOND / 10).unwrap();
    let second = pay(&mut sim, &mut clients, 0, 3, 2);
    finish(&mut sim, &[first, second]);
    let (mut one, two) = (sim.receipt(&first).unwrap(), sim.receipt(&second).unwrap());
    assert_ne!(one.block, two.block);
    one.post_quantum = two.post_quantum;
    assert!(failing(&sim, &one).contains(&"post_quantum"));
}

#[test]
fn an_idle_world_signs_nothing() {
    let mut sim = world(7);
    let (order, _) = proven(&mut sim);
    finish(&mut sim, &[order]);
    sim.run_for(20 * SECOND).unwrap();
    let steps = sim.steps();
    sim.run_for(60 * SECOND).unwrap();
    assert_eq!(sim.steps(), steps);
}

#[test]
fn signatures_lost_while_the_ingress_was_away_are_asked_for() {
    let mut sim = world(7);
    let mut clients = clients(&mut sim);
    let order = pay(&mut sim, &mut clients, 0, 3, 1_250);
    assert!(sim.run_until(|s| s.reached(&order, Stage::Committed), SECOND).unwrap());
    let ingress = sim.ladder().get(&order).unwrap().ingress;
    sim.crash(ingress);
    sim.run_for(2 * SECOND).unwrap();
    sim.restart(ingress).unwrap();
    let came = |s: &Simulation| s.receipt(&order).is_some_and(|r| r.post_quantum.is_some() && r.checkpoint.is_some());
    assert!(sim.run_until(came, 6 * SECOND).unwrap());
    finish(&mut sim, &[order]);
    assert_eq!(failing(&sim, &sim.receipt(&order).unwrap()), Vec::<&str>::new());
}

#[test]
fn a_silent_replica_holds_nothing_up() {
    let mut sim = world(7);
    let silent = sim.replicas(TOKYO)[3];
    sim.corrupt(silent, "silent");
    let (_, receipt) = proven(&mut sim);
    assert_eq!(failing(&sim, &receipt), Vec::<&str>::new());
}
