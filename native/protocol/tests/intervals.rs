//! Interval signatures and checkpoints among the replicas of one municipality: honest ones prove a block, bad ones are
//! ignored and reported.
#![allow(clippy::unwrap_used, missing_docs)]

use globelet_erasure::merkle::Tree;
use globelet_protocol::checkpoint::Checkpoint;
use globelet_protocol::interval::{leaf, IntervalSignature, PostQuantum};
use globelet_protocol::{Deal, Effect, Event, Genesis, Message, NodeSecrets, Publication, State, Timer};
use globelet_signatures::{mldsa, SigningKey};
use globelet_types::world::{
    ChainKind, ChainSpec, Fallback, LaneKem, LinkSpec, NodeSpec, Parameters, ProcessSpec, Role, WorldSpec,
};
use globelet_types::{AccountId, ChainId, Hash, NodeId, Opening, Order, OrderId, RegionId, SignedOrder};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

const TOWN: ChainId = ChainId(0);
const CHEAT: NodeId = NodeId(1);
const START: u64 = 1_000_000_000;

/// One municipality of four replicas and three holders, and nothing above it.
fn town() -> WorldSpec {
    let node = |i: usize| NodeSpec {
        name: format!("node {i}"),
        chain: TOWN,
        role: if i < 4 { Role::Replica } else { Role::Holder },
        region: RegionId(0),
        city: "town".into(),
        latitude: 0.0,
        longitude: 0.0,
        stake: 1,
        process: 0,
    };
    let process = ProcessSpec { name: "town".into(), host: "127.0.0.1".into(), http_port: 6100, node_port: 16100 };
    WorldSpec {
        name: "town".into(),
        seed: 1,
        regions: vec!["town".into()],
        chains: vec![ChainSpec {
            name: "town".into(),
            kind: ChainKind::Municipal,
            parent: None,
            population: 1,
            seats: None,
        }],
        processes: vec![process],
        nodes: (0..7).map(node).collect(),
        links: vec![LinkSpec { from: RegionId(0), to: RegionId(0), delay_us: 1, jitter_us: 0, loss: 0.0 }],
        internet: Vec::new(),
        fallback: Fallback::default(),
        selection: None,
        parameters: Parameters {
            shards_needed: 3,
            proofs_needed: 5,
            parcel_shards_needed: 2,
            batch_us: 1_000,
            batch_most: 100,
            waiting_most: 100,
            holding_us: 7_200_000_000,
            report_us: 500_000,
            repair_us: 300_000,
            timeout_us: 1_000_000,
            skew_us: 500_000,
            treasury: 1_000,
            lane_kem: LaneKem::default(),
            holders_drawn: 0,
            epoch_us: 0,
            place_share_ppm: 0,
        },
    }
}

/// What happens to an interval signature on its way; false if it is lost.
type Bend = fn(&Town, NodeId, &mut IntervalSignature, &mut Vec<Hash>) -> bool;
/// What happens to a share of a checkpoint on its way; false if it is lost.
type BendShare = fn(&Town, NodeId, &mut [u8; 48]) -> bool;

/// The town's nodes, their messages in order, their timers by the clock.
struct Town {
    genesis: Arc<Genesis>,
    secrets: Vec<NodeSecrets>,
    states: Vec<State>,
    now: u64,
    mail: VecDeque<(NodeId, NodeId, Message)>,
    timers: BTreeSet<(u64, NodeId, Timer)>,
    bend: Bend,
    bend_share: BendShare,
    reports: Vec<(NodeId, u16, String)>,
    intervals: usize,
}

impl Town {
    fn new(bend: Bend) -> Town {
        let dealt = Deal::new(town(), &[3; 32]).unwrap();
        let genesis = Arc::new(dealt.genesis);
        let states = dealt.secrets.iter().map(|s| State::new(genesis.clone(), s.clone())).collect();
        let (mail, timers) = (VecDeque::new(), BTreeSet::new());
        let (secrets, reports) = (dealt.secrets, Vec::new());
        Town {
            genesis,
            secrets,
            states,
            now: START,
            mail,
            timers,
            bend,
            bend_share: |_, _, _| true,
            reports,
            intervals: 0,
        }
    }

    fn handle(&mut self, node: NodeId, event: Event) {
        for effect in self.states[node.index()].handle(self.now, event) {
            match effect {
                Effect::Send { to, message } => to.into_iter().for_each(|t| self.post(node, t, message.clone())),
                Effect::StartTimer { after_us, timer } => {
                    self.timers.insert((self.now + after_us, node, timer));
                }
                Effect::Publish(Publication::Misbehaviour { member, what }) => self.reports.push((node, member, what)),
                _ => {}
            }
        }
    }

    fn post(&mut self, from: NodeId, to: NodeId, mut message: Message) {
        if let Message::Interval { interval, leaves } = &mut message {
            self.intervals += 1;
            if !(self.bend)(self, from, interval, leaves) {
                return;
            }
        }
        if let Message::Checkpoint { share, .. } = &mut message {
            if !(self.bend_share)(self, from, share) {
                return;
            }
        }
        self.mail.push_back((from, to, message));
    }

    fn run_until(&mut self, end: u64) {
        loop {
            if let Some((from, to, message)) = self.mail.pop_front() {
                self.now += 1;
                self.handle(to, Event::MessageReceived { from, message });
            } else if let Some((at, node, timer)) = self.timers.first().copied().filter(|t| t.0 <= end) {
                self.timers.pop_first();
                self.now = self.now.max(at);
                self.handle(node, Event::TimerExpired(timer));
            } else {
                return;
            }
        }
    }

    /// Opens an account through the first replica and lets time pass until `seconds` after the start.
    fn open_account(&mut self, seconds: u64) -> OrderId {
        let key = SigningKey::from_seed(&[9; 32]);
        let opening = Opening {
            world: self.genesis.tag(),
            municipality: TOWN,
            account: AccountId(key.public()),
            expires_us: START + 60_000_000,
        };
        let order = Order::Opening(opening);
        let signature = key.sign(&order.signing_bytes());
        let id = order.id();
        self.handle(NodeId(0), Event::Submitted { request: 1, orders: vec![SignedOrder { order, signature }] });
        self.run_until(START + seconds * 1_000_000);
        id
    }

    fn checkpoint(&self, order: &OrderId) -> Option<Arc<Checkpoint>> {
        self.states[0].receipt(order)?.checkpoint.map(|(checkpoint, _)| checkpoint)
    }

    fn proof(&self, order: &OrderId) -> Option<PostQuantum> {
        self.states[0].receipt(order)?.post_quantum
    }
}

fn places(proof: &PostQuantum) -> Vec<u16> {
    proof.votes.iter().map(|(s, _)| s.place).collect()
}

/// Signs anew, as the cheat, whatever the fields now say.
fn sign_as_cheat(town: &Town, interval: &mut IntervalSignature) {
    let key = mldsa::SigningKey::from_seed(&town.secrets[CHEAT.index()].post_quantum);
    interval.signature = key.sign(&interval.signing_bytes(town.genesis.tag(), TOWN.0));
}

fn sign_over(town: &Town, interval: &mut IntervalSignature, leaves: &[Hash]) {
    interval.count = leaves.len() as u32;
    interval.root = Tree::from_leaves(leaves).root();
    sign_as_cheat(town, interval);
}

#[test]
fn a_block_is_proven_in_one_interval_and_then_nobody_signs() {
    let mut town = Town::new(|_, _, _, _| true);
    let order = town.open_account(1);
    assert_eq!(town.proof(&order).map(|p| p.votes.len()), Some(3));
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
    let mut town = Town::new(bend);
    let order = town.open_account(1);
    assert_eq!(places(&town.proof(&order).unwrap()), [0, 2, 3]);
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
    let mut town = Town::new(|town, from, interval, leaves| {
        let early = town.now < START + 2_000_000;
        if early && from == CHEAT {
            *leaves = vec![leaf(b"something else")];
            sign_over(town, interval, leaves);
        }
        !(early && from == NodeId(3))
    });
    let order = town.open_account(2);
    assert_eq!(town.proof(&order), None);
    town.run_until(START + 5_000_000);
    assert_eq!(town.proof(&order).map(|p| p.votes.len()), Some(3));
    assert_eq!(town.reports, []);
}

fn signed_by_committee(town: &Town, checkpoint: &Checkpoint) -> bool {
    let key = town.genesis.signing_committee(TOWN).unwrap();
    key.verify(&checkpoint.signing_bytes(town.genesis.tag()), &checkpoint.signature)
}

#[test]
fn a_checkpoint_covers_the_block_in_one_interval() {
    let mut town = Town::new(|_, _, _, _| true);
    let order = town.open_account(1);
    let checkpoint = town.checkpoint(&order).unwrap();
    assert_eq!((checkpoint.chain, checkpoint.height), (TOWN, 1));
    assert_eq!(checkpoint.head, town.states[0].ledger().head);
    assert!(signed_by_committee(&town, &checkpoint));
}

#[test]
fn a_share_that_does_not_verify_is_left_out_and_reported() {
    let mut town = Town::new(|_, _, _, _| true);
    town.bend_share = |town, from, share| {
        if from == CHEAT {
            *share = town.secrets[CHEAT.index()].checkpoint.as_ref().unwrap().sign(b"another chain");
        }
        true
    };
    let order = town.open_account(1);
    assert!(signed_by_committee(&town, &town.checkpoint(&order).unwrap()));
    let what = "sent a share of a checkpoint that does not verify".to_owned();
    assert_eq!(town.reports, [(NodeId(0), 1, what)]);
}

#[test]
fn shares_that_were_lost_are_said_again() {
    let mut town = Town::new(|_, _, _, _| true);
    town.bend_share = |town, _, _| town.now >= START + 2_000_000;
    let order = town.open_account(2);
    assert_eq!(town.checkpoint(&order), None);
    town.run_until(START + 5_000_000);
    assert!(signed_by_committee(&town, &town.checkpoint(&order).unwrap()));
}
