//! Committees that are elected: transfers flow across handovers, standbys get seats, who contradicts itself loses its own.
#![allow(clippy::unwrap_used, missing_docs)]
mod common;

use common::{clients, finish, pay, PARIS, SECOND, TOKYO};
use globelet_protocol::verify::verify;
use globelet_protocol::{Deal, Message};
use globelet_simulator::{sample, Simulation};
use globelet_types::{ChainId, NodeId, OrderId, Stage};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

const EPOCH: u64 = 3 * SECOND;

fn elections(seed: u64) -> Simulation {
    Simulation::new(sample::elections(3, EPOCH), seed).unwrap()
}

/// Epoch and members of a municipality, by each of its replicas that is up.
fn committees(sim: &Simulation, chain: ChainId) -> Vec<(u64, Vec<NodeId>)> {
    let replicas = sim.replicas(chain);
    let shown = sim.ledgers().into_iter().filter(|(node, _)| replicas.contains(node) && sim.is_up(*node));
    shown.map(|(_, view)| (view.epoch, view.members)).collect()
}

fn epoch(sim: &Simulation, chain: ChainId) -> u64 {
    committees(sim, chain).iter().map(|(epoch, _)| *epoch).max().unwrap()
}

/// Pays each way every 200 ms until Tokyo has changed hands so often, and a little longer; the orders.
fn pay_until(sim: &mut Simulation, until: u64, seconds: u64) -> Vec<OrderId> {
    let mut accounts = clients(sim);
    let mut orders = Vec::new();
    for turn in 0..seconds * 5 {
        let from = (turn % 6) as usize;
        orders.push(pay(sim, &mut accounts, from, (from + 3) % 6, 10));
        orders.push(pay(sim, &mut accounts, 0, 3, 10));
        sim.run_for(SECOND / 5).unwrap();
        if epoch(sim, TOKYO) >= until {
            break;
        }
    }
    for _ in 0..3 {
        orders.push(pay(sim, &mut accounts, 0, 3, 10));
        sim.run_for(SECOND / 20).unwrap();
    }
    assert!(epoch(sim, TOKYO) >= until, "epoch {} after {seconds} s", epoch(sim, TOKYO));
    orders
}

fn failing(sim: &Simulation, order: &OrderId) -> Vec<(&'static str, String)> {
    let receipt = sim.receipt(order).unwrap();
    verify(sim.genesis(), &receipt).into_iter().filter_map(|s| Some((s.name, s.holds.err()?))).collect()
}

#[test]
fn transfers_flow_across_handovers_and_receipts_prove_themselves_from_the_genesis() {
    let mut sim = elections(7);
    let orders = pay_until(&mut sim, 3, 60);
    finish(&mut sim, &orders);
    assert!(orders.iter().all(|id| sim.reached(id, Stage::Credited)));
    let shown: BTreeSet<_> = committees(&sim, TOKYO).into_iter().collect();
    assert_eq!(shown.len(), 1, "every replica elected the same: {shown:?}");
    let first: Vec<NodeId> = sim.replicas(TOKYO)[..4].to_vec();
    let (_, members) = shown.first().unwrap();
    assert_ne!(*members, first, "a standby has a seat");
    let tokyo: Vec<&OrderId> = orders.iter().filter(|id| sim.receipt(id).is_some()).collect();
    for id in &tokyo {
        assert_eq!(failing(&sim, id), [], "{id}");
    }
    let handovers = |id: &OrderId| sim.receipt(id).unwrap().handovers.len();
    assert_eq!(tokyo.iter().map(|id| handovers(id)).min(), Some(0), "some are from before");
    assert!(tokyo.iter().any(|id| handovers(id) >= 3), "some are from after");
    assert_eq!(sim.misbehaviours(), []);
}

#[test]
fn a_forged_handover_proves_nothing() {
    let mut sim = elections(7);
    let orders = pay_until(&mut sim, 2, 60);
    finish(&mut sim, &orders);
    let late = orders.iter().rev().find(|id| sim.receipt(id).is_some_and(|r| r.handovers.len() >= 2)).unwrap();
    let honest = sim.receipt(late).unwrap();
    let wrong = |change: fn(&mut globelet_protocol::Receipt)| {
        let mut receipt = honest.clone();
        change(&mut receipt);
        verify(sim.genesis(), &receipt).into_iter().filter(|s| s.holds.is_err()).map(|s| s.name).collect::<Vec<_>>()
    };
    assert_eq!(wrong(|_| ()), [] as [&str; 0]);
    // Left out: the old committee did not certify this block.
    assert!(wrong(|r| r.handovers.clear()).contains(&"certificate"));
    assert!(wrong(|r| r.handovers[0].since += 1).contains(&"handovers"));
    assert!(wrong(|r| r.handovers[1].keys[0] ^= 1).contains(&"handovers"));
    assert!(wrong(|r| r.handovers[0].handover.signatures[0].1[3] ^= 1).contains(&"handovers"));
    assert!(wrong(|r| r.handovers[0].handover.signatures.truncate(2)).contains(&"handovers"));
    assert!(wrong(|r| drop(r.handovers.remove(0))).contains(&"handovers"));
    assert!(wrong(|r| r.handovers.swap(0, 1)).contains(&"handovers"));
    assert!(wrong(|r| r.handovers.push(r.handovers[1].clone())).contains(&"handovers"));
}

#[test]
fn who_contradicts_itself_is_voted_out_for_good() {
    let mut sim = elections(11);
    let liar = sim.replicas(TOKYO)[3];
    sim.corrupt(liar, "equivocator");
    let orders = pay_until(&mut sim, 4, 80);
    finish(&mut sim, &orders);
    let accused = sim.misbehaviours().iter().any(|(_, member, what)| *member == 3 && what.contains("elected no more"));
    assert!(accused, "{:?}", sim.misbehaviours());
    let honest: Vec<_> = committees(&sim, TOKYO).into_iter().filter(|(_, members)| members.contains(&liar)).collect();
    assert_eq!(honest, []);
}

/// It can deal nothing, open nothing and sign no checkpoint: the others are enough, and name it.
#[test]
fn a_member_that_lacks_its_shares_holds_up_no_handover() {
    let mut sim = elections(7);
    let lacking = sim.replicas(TOKYO)[1];
    assert!(sim.corrupt(lacking, "false_shares"));
    let orders = pay_until(&mut sim, 3, 60);
    finish(&mut sim, &orders);
    let named: BTreeSet<(u16, &str)> = sim.misbehaviours().iter().map(|(_, m, what)| (*m, what.as_str())).collect();
    let expected =
        ["sent a decryption share that does not verify", "sent a share of a checkpoint that does not verify"];
    assert_eq!(named, expected.map(|what| (1, what)).into());
    let receipts: Vec<&OrderId> = orders.iter().filter(|id| sim.receipt(id).is_some()).collect();
    let late = |id: &&OrderId| sim.receipt(id).is_some_and(|r| r.handovers.len() >= 3 && r.checkpoint.is_some());
    assert!(receipts.iter().copied().any(|id| late(&id)), "the third committee signs checkpoints");
    assert!(receipts.iter().all(|id| failing(&sim, id).is_empty()));
}

fn later(sim: &mut Simulation, accounts: &mut [globelet_simulator::Account]) -> OrderId {
    sim.run_for(SECOND / 5).unwrap();
    pay(sim, accounts, 0, 3, 10)
}

#[test]
fn a_ceremony_that_stalls_extends_the_epoch() {
    let mut sim = elections(7);
    let standbys: Vec<NodeId> = sim.replicas(TOKYO)[4..].to_vec();
    let away = standbys.clone();
    let mut accounts = clients(&mut sim);
    away.iter().for_each(|node| sim.crash(*node));
    let mut orders = Vec::new();
    let mut reached = 0;
    for _ in 0..100 {
        orders.push(pay(&mut sim, &mut accounts, 0, 3, 10));
        sim.run_for(SECOND / 5).unwrap();
        let (epoch, members) = committees(&sim, TOKYO).remove(0);
        reached = epoch;
        assert!(members.iter().filter(|m| standbys.contains(m)).count() <= 1, "too many of {members:?} are away");
    }
    for node in away {
        sim.restart(node).unwrap();
    }
    finish(&mut sim, &orders);
    assert!(orders.iter().all(|id| sim.reached(id, Stage::Credited)));
    // In 20 s there was time for six epochs.
    assert!(reached < 5, "no election was lost: epoch {reached}");
    let after = epoch(&sim, TOKYO);
    let more: Vec<OrderId> = (0..40).map(|_| later(&mut sim, &mut accounts)).collect();
    finish(&mut sim, &more);
    assert!(epoch(&sim, TOKYO) > after, "and the next one succeeds");
}

#[test]
fn power_cuts_around_a_handover_lose_nothing() {
    let mut sim = elections(3);
    let mut accounts = clients(&mut sim);
    let mut orders = Vec::new();
    for turn in 0..60 {
        orders.push(pay(&mut sim, &mut accounts, 0, 3, 10));
        orders.push(pay(&mut sim, &mut accounts, 3, 0, 10));
        sim.run_for(SECOND / 5).unwrap();
        if turn % 20 == 19 {
            let all: Vec<NodeId> = sim.replicas(TOKYO);
            all.iter().for_each(|node| sim.crash(*node));
            sim.run_for(SECOND / 2).unwrap();
            all.iter().for_each(|node| sim.restart(*node).unwrap());
            sim.run_for(SECOND).unwrap();
        }
    }
    finish(&mut sim, &orders);
    assert!(epoch(&sim, TOKYO) >= 2 && epoch(&sim, PARIS) >= 2);
}

/// After its handover no block of a committee counts any more, wherever it is shown.
#[test]
fn a_committee_certifies_nothing_after_its_handover() {
    let mut sim = elections(7);
    let seen: Arc<Mutex<BTreeMap<u64, BTreeSet<u16>>>> = Arc::default();
    let heights = seen.clone();
    sim.listen(Box::new(move |_, _, _, message| {
        if let Message::Header { header, certificate } = message {
            if header.chain == TOKYO {
                let signers = certificate.signatures.iter().map(|(place, _)| *place);
                heights.lock().unwrap().entry(header.height).or_default().extend(signers);
            }
        }
    }));
    let orders = pay_until(&mut sim, 3, 60);
    finish(&mut sim, &orders);
    let order = orders.iter().rev().find(|id| sim.receipt(id).is_some_and(|r| r.handovers.len() >= 3)).unwrap();
    let mut since = vec![(1, vec![0, 1, 2, 3])];
    let place = |key: &[u8; 32]| {
        let replicas = sim.replicas(TOKYO);
        replicas.iter().position(|n| sim.genesis().nodes[n.index()].signing == *key).unwrap() as u16
    };
    for s in sim.receipt(order).unwrap().handovers {
        since.push((s.since, s.handover.committee.members.iter().map(|m| place(&m.key)).collect()));
    }
    for (height, signers) in seen.lock().unwrap().iter() {
        let (_, members) = since.iter().rev().find(|(first, _)| first <= height).unwrap();
        assert!(signers.iter().all(|s| members.contains(s)), "height {height}: {signers:?} of {members:?}");
    }
}

#[test]
fn a_world_without_epochs_keeps_its_bytes() {
    let deal = Deal::new(sample::tokyo_paris(), &[1; 32]).unwrap();
    let json = serde_json::to_string(&deal.genesis).unwrap();
    assert!(!json.contains("epoch") && !json.contains("seats") && !json.contains("transport"));
}
