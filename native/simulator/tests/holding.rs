//! Holders are challenged for the shards they proved to hold: who lost them is caught, and who keeps them is not blamed.
#![allow(clippy::unwrap_used, missing_docs)]
mod common;

use common::{world, SECOND, TOKYO};
use globelet_holding::{caught, ranges_needed};
use globelet_merkle::MultiProof;
use globelet_protocol::holding::{HolderView, RANGES, SOUND_PPM, WIDTH};
use globelet_protocol::message::Holding;
use globelet_protocol::Message;
use globelet_simulator::adversaries::AlteringHolder;
use globelet_simulator::scenario::{run, Scenario};
use globelet_simulator::{sample, Account, Simulation};
use globelet_types::world::Role;
use globelet_types::{Hash, NodeId, OrderId, Stage};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

/// A funded client at each of Tokyo's replicas.
fn payers(sim: &mut Simulation) -> Vec<Account> {
    let accounts: Vec<Account> = (0..4).map(|number| sim.client(TOKYO, number)).collect();
    accounts.iter().for_each(|account| {
        sim.open(account);
    });
    let open = |s: &Simulation| accounts.iter().all(|a| s.balance_at_ingress(a).is_some());
    assert!(sim.run_until(open, 10 * SECOND).unwrap());
    accounts.iter().for_each(|account| {
        sim.fund(account, 1_000_000).unwrap();
    });
    let funded = |s: &Simulation| accounts.iter().all(|a| s.balance_at_ingress(a) == Some(1_000_000));
    assert!(sim.run_until(funded, 10 * SECOND).unwrap());
    accounts
}

/// Every payer pays its neighbour `transfers` times in one batch, `rounds` times, so far apart.
fn pay(sim: &mut Simulation, payers: &mut [Account], transfers: usize, rounds: usize, apart_us: u64) -> Vec<OrderId> {
    let mut ids = Vec::new();
    for _ in 0..rounds {
        for payer in 0..payers.len() {
            let (to, there) = payers[(payer + 1) % payers.len()].address();
            let expires_us = sim.now() + 600 * SECOND;
            let orders = (0..transfers).map(|_| payers[payer].transfer(to, there, 1, expires_us)).collect();
            ids.extend(sim.submit(TOKYO, payer as u16, orders));
        }
        sim.run_for(apart_us).unwrap();
    }
    ids
}

/// What Tokyo's replicas saw of a holder, one view each.
fn seen(sim: &Simulation, holder: NodeId) -> Vec<HolderView> {
    sim.books()[&TOKYO].iter().map(|view| view.holders[&holder]).collect()
}

fn sum(views: &[HolderView], of: fn(&HolderView) -> u64) -> u64 {
    views.iter().map(of).sum()
}

fn holders(sim: &Simulation) -> Vec<NodeId> {
    sim.world().members(TOKYO, Role::Holder)
}

fn never_blamed(sim: &Simulation, holder: NodeId) {
    let views = seen(sim, holder);
    assert!(sum(&views, |v| v.passed) > 0 && sum(&views, |v| v.acknowledged) > 0, "{views:?}");
    assert_eq!((sum(&views, |v| v.missed), sum(&views, |v| v.wrong)), (0, 0), "{views:?}");
    assert!(views.iter().all(|v| v.score_ppm >= SOUND_PPM), "{views:?}");
}

#[test]
fn who_alters_its_shards_is_caught_with_the_stated_probability() {
    let mut spec = sample::tokyo_paris();
    // Every holder is needed for some vertex, so a bad record spares nobody from being asked.
    spec.parameters.proofs_needed = 6;
    let mut sim = Simulation::new(spec, 7).unwrap();
    let all = holders(&sim);
    let bad = all[2];
    assert!(sim.corrupt(bad, "altering_holder"));
    let chances: Arc<Mutex<BTreeMap<Hash, f64>>> = Arc::default();
    let noted = chances.clone();
    sim.listen(Box::new(move |_, from, _, message| {
        let Message::Answer { challenge, answer } = message else { return };
        if from == bad {
            let pieces = MultiProof::from_bytes(&answer.proof).unwrap().count();
            let chance = caught(pieces, AlteringHolder::altered(pieces), challenge.ranges, challenge.width);
            noted.lock().unwrap().insert(challenge.hash(), chance);
        }
    }));
    let mut payers = payers(&mut sim);
    pay(&mut sim, &mut payers, 30, 30, 5 * SECOND);
    sim.run_for(5 * SECOND).unwrap();
    let views = seen(&sim, bad);
    let (wrong, passed) = (sum(&views, |v| v.wrong), sum(&views, |v| v.passed));
    let chances = chances.lock().unwrap();
    let expected: f64 = chances.values().sum();
    let deviation = chances.values().map(|p| p * (1.0 - p)).sum::<f64>().sqrt();
    assert_eq!(wrong + passed, chances.len() as u64, "every challenge is judged once");
    assert!(passed > 3 && deviation > 1.0, "luck played no part: {wrong} wrong, {passed} passed");
    assert!((wrong as f64 - expected).abs() <= 3.0 * deviation, "{wrong} caught, {expected} ± {deviation} expected");
    let reported: BTreeSet<_> = sim.misbehaviours().iter().map(|(_, member, what)| (*member, what.as_str())).collect();
    assert_eq!(reported, BTreeSet::from([(6, "answered a challenge with pieces that are not its shard's")]));
    never_blamed(&sim, all[0]);
    never_blamed(&sim, all[1]);
}

#[test]
fn one_challenge_catches_the_loss_of_a_quarter() {
    assert!(ranges_needed(400, 100, WIDTH, 0.98).unwrap() <= RANGES);
    assert!(ranges_needed(400, 40, WIDTH, 0.8).unwrap() <= RANGES);
}

/// Vertices of Tokyo whose shards were sent to each holder.
type Asked = Arc<Mutex<BTreeMap<NodeId, BTreeSet<Hash>>>>;

fn count_asked(sim: &mut Simulation) -> Asked {
    let asked = Asked::default();
    let noted = asked.clone();
    sim.listen(Box::new(move |_, _, to, message| {
        if let Message::Hold { header, holding: Holding::Shard { .. }, .. } = message {
            noted.lock().unwrap().entry(to).or_default().insert(header.hash());
        }
    }));
    asked
}

#[test]
fn who_forgets_its_shards_is_asked_less_as_long_as_others_are_there() {
    let mut sim = world(7);
    let all = holders(&sim);
    let bad = all[2];
    assert!(sim.corrupt(bad, "forgetful_holder"));
    let mut payers = payers(&mut sim);
    pay(&mut sim, &mut payers, 1, 30, 5 * SECOND / 2);
    let views = seen(&sim, bad);
    assert!(views.iter().all(|v| v.missed > 0 && v.score_ppm < SOUND_PPM), "{views:?}");
    assert_eq!((sum(&views, |v| v.passed), sum(&views, |v| v.wrong)), (0, 0));
    never_blamed(&sim, all[0]);
    never_blamed(&sim, all[1]);

    let asked = count_asked(&mut sim);
    pay(&mut sim, &mut payers, 1, 15, SECOND);
    let count = |node| asked.lock().unwrap().get(&node).map_or(0, BTreeSet::len);
    assert!(2 * count(bad) < count(all[0]).min(count(all[1])), "{} of {}", count(bad), count(all[0]));

    // With one other gone, nobody can stand back.
    sim.present(TOKYO, &[all[0], bad]);
    let asked = count_asked(&mut sim);
    pay(&mut sim, &mut payers, 1, 3, SECOND);
    let asked = asked.lock().unwrap().clone();
    assert!(asked[&bad].len() >= 12);
    assert_eq!(asked[&bad], asked[&all[0]]);
}

#[test]
fn who_stands_back_is_asked_when_the_others_are_silent() {
    let mut sim = world(7);
    let all = holders(&sim);
    assert!(sim.corrupt(all[2], "forgetful_holder"));
    let mut payers = payers(&mut sim);
    pay(&mut sim, &mut payers, 1, 30, 5 * SECOND / 2);
    assert!(seen(&sim, all[2]).iter().all(|v| v.score_ppm < SOUND_PPM));
    sim.crash(all[0]);
    sim.crash(all[1]);
    let orders = pay(&mut sim, &mut payers, 1, 3, SECOND);
    assert!(orders.iter().all(|id| sim.reached(id, Stage::Held)));
}

#[test]
fn who_keeps_its_shards_is_never_convicted_whatever_is_lost() {
    for seed in [1, 2, 174] {
        let mut sim = world(seed);
        assert_eq!(run(&mut sim, Scenario::Trouble, 60, None).verdict, "pass", "seed {seed}");
        let views: Vec<HolderView> = sim.ledgers().iter().flat_map(|(_, v)| v.holders.values().copied()).collect();
        assert!(sum(&views, |v| v.passed) > 0, "seed {seed}: nobody was challenged");
        assert_eq!(sum(&views, |v| v.wrong), 0, "seed {seed}");
    }
}

#[test]
fn challenges_outlive_power_cuts() {
    let mut sim = world(7);
    let mut payers = payers(&mut sim);
    let everyone: Vec<NodeId> = (0..sim.world().nodes.len() as u16).map(NodeId).collect();
    for moment in 1..9u64 {
        // So that power goes before, between and after a challenge and its answer; what was heard of the one before is
        // on disk with the payment.
        pay(&mut sim, &mut payers, 1, 1, 6 * SECOND);
        pay(&mut sim, &mut payers, 1, 1, 400_000 + moment * 20_000);
        everyone.iter().for_each(|node| sim.crash(*node));
        sim.run_for(SECOND).unwrap();
        everyone.iter().for_each(|node| sim.restart(*node).unwrap());
        sim.run_for(3 * SECOND).unwrap();
        sim.check_recovery().unwrap();
    }
    for holder in holders(&sim) {
        never_blamed(&sim, holder);
    }
}
