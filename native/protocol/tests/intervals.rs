//! Interval signatures and checkpoints among the replicas of one municipality: honest ones prove a block, bad ones are
//! ignored and reported.
#![allow(clippy::unwrap_used, missing_docs)]

mod towns;

use globelet_erasure::merkle::Tree;
use globelet_protocol::checkpoint::Checkpoint;
use globelet_protocol::interval::{leaf, IntervalSignature, PostQuantum};
use globelet_protocol::{Message, Timer};
use globelet_signatures::{mldsa, SigningKey};
use globelet_types::world::LaneKem;
use globelet_types::{AccountId, Hash, NodeId, Opening, Order, OrderId};
use std::rc::Rc;
use std::sync::Arc;
use towns::{Fate, Towns, CHEAT, HERE as TOWN, START};

/// What happens to an interval signature on its way; false if it is lost.
type Bend = fn(&Towns, NodeId, &mut IntervalSignature, &mut Vec<Hash>) -> bool;
/// What happens to a share of a checkpoint on its way; false if it is lost.
type BendShare = fn(&Towns, NodeId, &mut [u8; 48]) -> bool;

const PLAIN: Bend = |_, _, _, _| true;
const SHARED: BendShare = |_, _, _| true;

fn town(bend: Bend, bend_share: BendShare) -> Towns {
    let bent = move |town: &Towns, from, message: &mut Message| {
        let arrives = match message {
            Message::Interval { interval, leaves } => bend(town, from, interval, leaves),
            Message::Checkpoint { share, .. } => bend_share(town, from, share),
            _ => true,
        };
        if arrives {
            Fate::Arrives
        } else {
            Fate::Lost
        }
    };
    Towns::new(1, LaneKem::default(), Rc::new(bent))
}

/// Opens an account through the first replica and lets time pass until `seconds` after the start.
fn open_account(town: &mut Towns, seconds: u64) -> OrderId {
    let key = SigningKey::from_seed(&[9; 32]);
    let order = Order::Opening(Opening {
        world: town.genesis.tag(),
        municipality: TOWN,
        account: AccountId(key.public()),
        expires_us: START + 60_000_000,
    });
    let id = order.id();
    town.submit(NodeId(0), &key, order);
    town.run_until(START + seconds * 1_000_000);
    id
}

fn checkpoint(town: &Towns, order: &OrderId) -> Option<Arc<Checkpoint>> {
    town.states[0].receipt(order)?.checkpoint.map(|(checkpoint, _)| checkpoint)
}

fn proof(town: &Towns, order: &OrderId) -> Option<PostQuantum> {
    town.states[0].receipt(order)?.post_quantum
}

fn places(proof: &PostQuantum) -> Vec<u16> {
    proof.votes.iter().map(|(s, _)| s.place).collect()
}

/// Signs anew, as the cheat, whatever the fields now say.
fn sign_as_cheat(town: &Towns, interval: &mut IntervalSignature) {
    let key = mldsa::SigningKey::from_seed(&town.secrets[CHEAT.index()].post_quantum);
    interval.signature = key.sign(&interval.signing_bytes(town.genesis.tag(), TOWN.0));
}

fn sign_over(town: &Towns, interval: &mut IntervalSignature, leaves: &[Hash]) {
    interval.count = leaves.len() as u32;
    interval.root = Tree::from_leaves(leaves).root();
    sign_as_cheat(town, interval);
}

#[test]
fn a_block_is_proven_in_one_interval_and_then_nobody_signs() {
    let mut town = town(PLAIN, SHARED);
    let order = open_account(&mut town, 1);
    assert_eq!(proof(&town, &order).map(|p| p.votes.len()), Some(3));
    town.run_until(START + 4_000_000);
    let sent = town.intervals;
    // One signature of each replica to the three others, one of each holder to the four.
    assert_eq!(sent, 4 * 3 + 3 * 4);
    town.run_until(START + 20_000_000);
    assert!(!town.timers.iter().any(|(_, _, timer)| *timer == Timer::Interval));
    assert_eq!((town.intervals, town.reports.len()), (sent, 0));
}

/// Runs with a cheat among the replicas: it is ignored, and reported with this sentence by the ingress.
fn ignored_and_reported(bend: Bend, what: &str) {
    let mut town = town(bend, SHARED);
    let order = open_account(&mut town, 1);
    assert_eq!(places(&proof(&town, &order).unwrap()), [0, 2, 3]);
    let by_ingress: Vec<_> = town.reports.iter().filter(|r| r.0 == NodeId(0)).collect();
    assert_eq!(by_ingress, [&(NodeId(0), 1, what.to_owned())]);
}

const WRONG_ROOT: &str = "signed an interval whose root is not that of its leaves";

#[test]
fn a_root_that_is_not_of_the_leaves() {
    let bend: Bend = |town, from, interval, _| {
        if from == CHEAT {
            interval.root[0] ^= 1;
            sign_as_cheat(town, interval);
        }
        true
    };
    ignored_and_reported(bend, WRONG_ROOT);
}

#[test]
fn leaves_without_end() {
    let bend: Bend = |town, from, interval, leaves| {
        if from == CHEAT {
            leaves.resize(5_000, leaf(b"nothing"));
            sign_over(town, interval, leaves);
        }
        true
    };
    ignored_and_reported(bend, WRONG_ROOT);
}

#[test]
fn the_interval_of_another() {
    let bend: Bend = |_, from, interval, _| {
        interval.place = if from == CHEAT { 2 } else { interval.place };
        true
    };
    ignored_and_reported(bend, WRONG_ROOT);
}

#[test]
fn a_signature_that_does_not_verify() {
    let bend: Bend = |_, from, interval, _| {
        interval.signature[0] ^= u8::from(from == CHEAT);
        true
    };
    ignored_and_reported(bend, "signed an interval with a signature that does not verify");
}

#[test]
fn what_was_left_out_or_lost_is_asked_for_and_signed_again() {
    let bend: Bend = |town, from, interval, leaves| {
        let early = town.now < START + 2_000_000;
        if early && from == CHEAT {
            *leaves = vec![leaf(b"something else")];
            sign_over(town, interval, leaves);
        }
        !(early && from == NodeId(3))
    };
    let mut town = town(bend, SHARED);
    let order = open_account(&mut town, 2);
    assert_eq!(proof(&town, &order), None);
    town.run_until(START + 5_000_000);
    assert_eq!(proof(&town, &order).map(|p| p.votes.len()), Some(3));
    assert_eq!(town.reports, []);
}

fn signed_by_committee(town: &Towns, checkpoint: &Checkpoint) -> bool {
    let key = town.genesis.signing_committee(TOWN).unwrap();
    key.verify(&checkpoint.signing_bytes(town.genesis.tag()), &checkpoint.signature)
}

#[test]
fn a_checkpoint_covers_the_block_in_one_interval() {
    let mut town = town(PLAIN, SHARED);
    let order = open_account(&mut town, 1);
    let checkpoint = checkpoint(&town, &order).unwrap();
    assert_eq!((checkpoint.chain, checkpoint.height), (TOWN, 1));
    assert_eq!(checkpoint.head, town.states[0].ledger().head);
    assert!(signed_by_committee(&town, &checkpoint));
}

#[test]
fn a_share_that_does_not_verify_is_left_out_and_reported() {
    let bend: BendShare = |town, from, share| {
        if from == CHEAT {
            *share = town.secrets[CHEAT.index()].checkpoint.as_ref().unwrap().sign(b"another chain");
        }
        true
    };
    let mut town = town(PLAIN, bend);
    let order = open_account(&mut town, 1);
    assert!(signed_by_committee(&town, &checkpoint(&town, &order).unwrap()));
    let what = "sent a share of a checkpoint that does not verify".to_owned();
    assert_eq!(town.reports, [(NodeId(0), 1, what)]);
}

#[test]
fn shares_that_were_lost_are_said_again() {
    let mut town = town(PLAIN, |town, _, _| town.now >= START + 2_000_000);
    let order = open_account(&mut town, 2);
    assert_eq!(checkpoint(&town, &order), None);
    town.run_until(START + 5_000_000);
    assert!(signed_by_committee(&town, &checkpoint(&town, &order).unwrap()));
}
