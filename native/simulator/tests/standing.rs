//! How orders stand at replicas that did not admit them.
#![allow(clippy::unwrap_used, missing_docs)]
mod common;

use common::{clients, finish, pay, world, PARIS, SECOND, TOKYO};
use globelet_protocol::Standing;
use globelet_simulator::{Fault, Simulation};
use globelet_types::{AccountId, ChainId, OrderId, RegionId, Stage};

fn everywhere(sim: &Simulation, chain: ChainId, order: &OrderId) -> Vec<Option<Standing>> {
    sim.replicas(chain).into_iter().map(|node| sim.standing(node, order)).collect()
}

/// What all replicas of a municipality say of an order's end, which is the same.
fn end(sim: &Simulation, chain: ChainId, order: &OrderId) -> Option<Stage> {
    let all = everywhere(sim, chain, order);
    let ends: Vec<_> = all.iter().map(|s| s.as_ref().and_then(|s| s.stages.last()).map(|(stage, _)| *stage)).collect();
    assert!(ends.iter().all(|e| *e == ends[0]), "{chain:?} says {ends:?} of {order}");
    for standing in all.iter().flatten() {
        assert!(standing.stages.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{:?}", standing.stages);
        assert!((standing.id, standing.chain) == (*order, chain) && standing.signatures >= 3);
    }
    let first = all[0].clone();
    let block = |s: &Standing| (s.height, s.block, s.lane, s.source, s.destination, s.refusal.clone());
    assert!(all.iter().flatten().all(|s| first.as_ref().map(block) == Some(block(s))), "one block, one place");
    ends[0]
}

#[test]
fn source_and_destination_tell_an_order_at_every_replica_and_nobody_else_does() {
    let mut sim = world(7);
    let mut clients = clients(&mut sim);
    let orders: Vec<_> = (1..6).map(|to| pay(&mut sim, &mut clients, 0, to, 10)).collect();
    finish(&mut sim, &orders);
    for (order, to) in orders.iter().zip(1..) {
        assert_eq!(end(&sim, TOKYO, order), Some(Stage::Credited));
        assert_eq!(end(&sim, ChainId(to), order), Some(Stage::Credited));
        let elsewhere = ChainId(if to == 5 { 4 } else { 5 });
        assert_eq!(end(&sim, elsewhere, order), None);
    }
    assert_eq!(end(&sim, TOKYO, &OrderId([7; 32])), None);
    let receipt = sim.receipt(&orders[2]).unwrap();
    let (header, _) = receipt.block.unwrap();
    let standing = sim.standing(sim.replicas(TOKYO)[3], &orders[2]).unwrap();
    assert_eq!((standing.height, standing.block, standing.lane), (header.height, header.hash(), receipt.lane));
    assert_eq!((standing.source, standing.destination), (TOKYO, PARIS));
}

#[test]
fn what_could_not_be_credited_is_refunded_at_the_source_and_refused_at_the_destination() {
    let mut sim = world(7);
    let mut clients = clients(&mut sim);
    let order = sim.pay(&mut clients[0], (AccountId([9; 32]), PARIS), 777);
    finish(&mut sim, &[order]);
    assert_eq!(end(&sim, TOKYO, &order), Some(Stage::Refunded));
    assert_eq!(end(&sim, PARIS, &order), Some(Stage::Delivered));
    for chain in [TOKYO, PARIS] {
        let codes = everywhere(&sim, chain, &order).into_iter().map(|s| s.unwrap().refusal.unwrap().code());
        assert!(codes.into_iter().all(|code| code == "unknown_recipient"));
    }
}

#[test]
fn of_a_double_spend_at_two_replicas_all_know_which_was_refused() {
    let mut sim = world(7);
    let mut clients = clients(&mut sim);
    let expires = sim.now() + 60 * SECOND;
    let (paris, seoul) = (clients[3].address(), clients[2].address());
    let first = clients[0].transfer(paris.0, paris.1, 900_000, expires);
    let second = clients[0].transfer_again(seoul.0, seoul.1, 900_000, expires);
    let orders = [sim.submit(TOKYO, 0, vec![first])[0], sim.submit(TOKYO, 1, vec![second])[0]];
    finish(&mut sim, &orders);
    let mut ends = orders.map(|order| end(&sim, TOKYO, &order));
    ends.sort();
    assert_eq!(ends, [Some(Stage::Credited), Some(Stage::Refused)]);
}

#[test]
fn committed_is_all_that_the_source_tells_while_the_ocean_is_cut() {
    let mut sim = world(7);
    let mut clients = clients(&mut sim);
    for (a, b) in (0..3).flat_map(|a| (3..6).map(move |b| (RegionId(a), RegionId(b)))) {
        sim.cut(a, b);
        sim.cut(b, a);
    }
    let order = pay(&mut sim, &mut clients, 0, 3, 10);
    sim.run_for(5 * SECOND).unwrap();
    assert_eq!(end(&sim, TOKYO, &order), Some(Stage::Committed));
    assert_eq!(end(&sim, PARIS, &order), None);
    sim.heal();
    finish(&mut sim, &[order]);
    assert_eq!(end(&sim, TOKYO, &order), Some(Stage::Credited));
    assert_eq!(end(&sim, PARIS, &order), Some(Stage::Credited));
}

#[test]
fn replicas_that_were_away_or_lost_their_power_tell_the_same_afterwards() {
    let mut sim = world(7);
    let mut clients = clients(&mut sim);
    let fault = Fault { loss: 0.05, duplication: 0.1, ..Fault::default() };
    for a in 0..6 {
        (0..6).for_each(|b| sim.fault(RegionId(a), RegionId(b), fault));
    }
    let (away, ingress) = (sim.replicas(TOKYO)[3], sim.replicas(TOKYO)[0]);
    sim.crash(away);
    let mut orders: Vec<_> = (1..6).map(|to| pay(&mut sim, &mut clients, 0, to, 10)).collect();
    sim.run_for(5 * SECOND).unwrap();
    sim.restart(away).unwrap();
    sim.crash(ingress);
    let told = sim.standing(sim.replicas(TOKYO)[1], &orders[0]).unwrap();
    assert!(told.stages[0].0 == Stage::Committed, "its ingress is away");
    sim.run_for(SECOND).unwrap();
    sim.restart(ingress).unwrap();
    sim.heal();
    orders.push(pay(&mut sim, &mut clients, 0, 3, 10));
    finish(&mut sim, &orders);
    for order in &orders {
        assert_eq!(end(&sim, TOKYO, order), Some(Stage::Credited));
    }
}
