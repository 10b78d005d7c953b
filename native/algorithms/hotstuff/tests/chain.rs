//! Four members on a simulated network: random delays, silent, equivocating, crashing and lagging members.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use globelet_hotstuff::{Action, Certificate, Crypto, Hash, Header, Hotstuff, HotstuffMessage, Phase};
use proptest::prelude::*;

const N: u16 = 4;
const BASE_US: u64 = 100_000;

struct Keys {
    own: SigningKey,
    all: Vec<VerifyingKey>,
}

fn key(member: u16) -> SigningKey {
    SigningKey::from_bytes(&[member as u8 + 1; 32])
}

fn keys(member: u16) -> Keys {
    Keys { own: key(member), all: (0..N).map(|other| key(other).verifying_key()).collect() }
}

impl Crypto for Keys {
    fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.own.sign(bytes).to_bytes()
    }

    fn verify(&self, member: u16, bytes: &[u8], sig: &[u8; 64]) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(sig);
        self.all.get(usize::from(member)).is_some_and(|key| key.verify_strict(bytes, &signature).is_ok())
    }
}

fn root(payload: &[u8]) -> Hash {
    blake3::hash(payload).into()
}

fn valid(header: &Header, payload: &[u8]) -> bool {
    header.payload_root == root(payload)
}

#[allow(clippy::large_enum_variant)]
enum Event {
    Message(u16, HotstuffMessage),
    Timer(u64),
}

struct Network {
    members: Vec<Hotstuff>,
    keys: Vec<Keys>,
    logs: Vec<Vec<Hash>>,
    /// By time and sequence, so that a seed replays a run.
    queue: BTreeMap<(u64, u64), (u16, Event)>,
    sequence: u64,
    now_us: u64,
    dice: u64,
    /// Nothing goes to or from these.
    cut: [bool; 4],
    /// Member 0 proposes different blocks to different members.
    forked: bool,
    reports: usize,
    goal: u64,
}

impl Network {
    fn new(seed: u64, goal: u64) -> Self {
        Self {
            members: (0..N).map(|me| Hotstuff::new(3, N, me, BASE_US)).collect(),
            keys: (0..N).map(keys).collect(),
            logs: vec![Vec::new(); usize::from(N)],
            queue: BTreeMap::new(),
            sequence: 0,
            now_us: 0,
            dice: seed | 1,
            cut: [false; 4],
            forked: false,
            reports: 0,
            goal,
        }
    }

    fn draw(&mut self, bound: u64) -> u64 {
        self.dice ^= self.dice >> 12;
        self.dice ^= self.dice << 25;
        self.dice ^= self.dice >> 27;
        (self.dice.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound
    }

    fn post(&mut self, from: u16, to: u16, message: HotstuffMessage) {
        let after = 100 + self.draw(20_000);
        self.put(after, to, Event::Message(from, message));
    }

    fn put(&mut self, after_us: u64, to: u16, event: Event) {
        self.sequence += 1;
        self.queue.insert((self.now_us + after_us, self.sequence), (to, event));
    }

    fn broadcast(&mut self, me: u16, message: HotstuffMessage) {
        for to in (0..N).filter(|&to| to != me) {
            let mut message = message.clone();
            if let (true, 0, HotstuffMessage::Propose { header, payload, .. }) = (self.forked, me, &mut message) {
                if to == 3 {
                    self.post(
                        me,
                        to,
                        HotstuffMessage::Propose {
                            header: header.clone(),
                            payload: payload.clone(),
                            justify: None,
                            timeout: None,
                        },
                    );
                }
                if to > 1 && header.view == 0 {
                    payload.push(66);
                    header.payload_root = root(payload);
                }
            }
            self.post(me, to, message);
        }
    }

    fn act(&mut self, me: u16, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Send(to, message) => self.post(me, to, message),
                Action::Broadcast(message) => self.broadcast(me, message),
                Action::StartTimer { view, after_us } => self.put(after_us, me, Event::Timer(view)),
                Action::Commit { header, payload, certificate } => {
                    let quorum = self.members[usize::from(me)].quorum();
                    assert!(valid(&header, &payload) && certificate.phase == Phase::Commit);
                    assert!(certificate.verify(3, quorum, &self.keys[usize::from(me)]));
                    let log = &mut self.logs[usize::from(me)];
                    assert_eq!(header.height, log.len() as u64 + 1);
                    assert_eq!(header.parent, log.last().copied().unwrap_or_default());
                    log.push(header.hash());
                }
                Action::NeedPayload => {}
                Action::Equivocation { member, a, b, .. } => {
                    assert!(self.forked && member == 0 && a.hash() != b.hash() && a.height == b.height);
                    self.reports += 1;
                }
            }
        }
    }

    /// What a caller with pending work does after each step.
    fn work(&mut self, me: u16) {
        let (now, index) = (self.now_us, usize::from(me));
        let member = &mut self.members[index];
        let pending = member.height() < self.goal;
        if member.ready_to_propose() && (pending || member.expecting()) {
            let payload = format!("{me} at {}", member.height()).into_bytes();
            let payload_root = root(&payload);
            let actions = member.propose(now, payload, payload_root, &self.keys[index]);
            self.act(me, actions);
        }
        if pending {
            let actions = self.members[index].expect_progress(now);
            self.act(me, actions);
        }
    }

    fn reached(&self, who: &[u16]) -> bool {
        who.iter().all(|&me| self.members[usize::from(me)].height() >= self.goal)
    }

    /// Runs until these members reach the goal; panics if they can't.
    fn run(&mut self, who: &[u16]) {
        (0..N).filter(|&me| !self.cut[usize::from(me)]).collect::<Vec<_>>().into_iter().for_each(|me| self.work(me));
        let mut steps = 0;
        while !self.reached(who) {
            self.step();
            steps += 1;
            assert!(
                steps < 60_000,
                "no progress: heights {:?}",
                self.members.iter().map(|m| (m.height(), m.view())).collect::<Vec<_>>()
            );
        }
        self.compare();
    }

    fn step(&mut self) {
        let ((at, _), (to, event)) = self.queue.pop_first().expect("somebody still waits, so a timer runs");
        self.now_us = at;
        let index = usize::from(to);
        let lost = matches!(event, Event::Message(from, _) if self.cut[usize::from(from)]);
        if lost || self.cut[index] {
            return;
        }
        let actions = match event {
            Event::Message(from, message) => {
                let message = borsh::from_slice(&borsh::to_vec(&message).unwrap()).unwrap();
                self.members[index].handle(at, from, message, &valid, &self.keys[index])
            }
            Event::Timer(view) => self.members[index].timer(at, view, &self.keys[index]),
        };
        self.act(to, actions);
        self.work(to);
    }

    /// Agreement: every log is a prefix of the longest. (In these runs member 0 lies only in what it sends.)
    fn compare(&self) {
        let longest = self.logs.iter().max_by_key(|log| log.len()).unwrap();
        assert!(self.logs.iter().all(|log| longest.starts_with(log)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn all_well(seed: u64) {
        let mut network = Network::new(seed, 12);
        network.run(&[0, 1, 2, 3]);
        prop_assert!(network.members.iter().all(|member| member.view() == 0));
    }

    #[test]
    fn a_silent_leader_is_replaced(seed: u64) {
        let mut network = Network::new(seed, 8);
        network.cut[0] = true;
        network.run(&[1, 2, 3]);
        prop_assert!(network.members[1].view() > 0);
    }

    #[test]
    fn two_leaders_in_turn_crash_and_one_returns(seed: u64, moment in 0u64..200_000) {
        let mut network = Network::new(seed, 40);
        for me in 0..N { network.work(me); }
        while network.now_us < moment { network.step(); }
        network.cut[0] = true;
        network.goal = network.members.iter().map(|member| member.height()).max().unwrap() + 3;
        network.run(&[1, 2, 3]);
        (network.cut[0], network.cut[1]) = (false, true);
        let now = network.now_us;
        let actions = network.members[0].catch_up(now);
        network.act(0, actions);
        network.goal += 5;
        network.run(&[0, 2, 3]);
    }

    #[test]
    fn an_equivocating_leader_is_reported_and_outvoted(seed: u64) {
        let mut network = Network::new(seed, 6);
        network.forked = true;
        network.run(&[1, 2, 3]);
        prop_assert!(network.reports > 0);
    }

    #[test]
    fn a_member_that_lags_catches_up(seed: u64) {
        let mut network = Network::new(seed, 30);
        network.cut[3] = true;
        network.run(&[0, 1, 2]);
        network.cut[3] = false;
        network.goal += 2;
        network.run(&[0, 1, 2, 3]);
    }

    /// Time-outs shorter than the network's delays: views change all the time, and logs never part.
    #[test]
    fn impatience_is_safe(seed: u64) {
        let mut network = Network::new(seed, 6);
        network.members = (0..N).map(|me| Hotstuff::new(3, N, me, 5_000)).collect();
        network.run(&[0, 1, 2, 3]);
    }
}

#[test]
fn an_idle_chain_runs_no_timers() {
    let mut network = Network::new(5, 3);
    network.run(&[0, 1, 2, 3]);
    while !network.queue.is_empty() {
        network.step();
    }
    assert!(network.members.iter().all(|member| member.height() == 3 && !member.expecting()));
}

#[test]
fn state_survives_encoding_but_for_the_history() {
    let mut network = Network::new(9, 3);
    network.run(&[0, 1, 2, 3]);
    let read: Hotstuff = borsh::from_slice(&borsh::to_vec(&network.members[2]).unwrap()).unwrap();
    assert_eq!((read.height(), read.head(), read.view()), (3, network.members[2].head(), 0));
}

#[test]
fn certificates_need_a_quorum_of_distinct_members() {
    let block = [7; 32];
    let bytes = Certificate::signing_bytes(3, Phase::Commit, 1, 2, &block);
    let vote = |member: u16| (member, keys(member).sign(&bytes));
    let certificate = |members: &[u16]| Certificate {
        phase: Phase::Commit,
        view: 1,
        height: 2,
        block,
        signatures: members.iter().map(|&member| vote(member)).collect(),
    };
    assert!(certificate(&[0, 2, 3]).verify(3, 3, &keys(0)));
    assert!(!certificate(&[0, 2]).verify(3, 3, &keys(0)));
    assert!(!certificate(&[0, 2, 2]).verify(3, 3, &keys(0)));
    assert!(!certificate(&[0, 2, 3]).verify(4, 3, &keys(0)), "another chain");
    let moved = Certificate { phase: Phase::Prepare, ..certificate(&[0, 2, 3]) };
    assert!(!moved.verify(3, 3, &keys(0)), "another phase");
}
