//! Copies of members in virtual time: a Byzantine member is two copies with one key ("twins"), a network is a rule that
//! says when, and whether, a message arrives.
#![allow(dead_code)]

use std::collections::BTreeMap;

use globelet_hotstuff::{Action, Crypto, Evidence, Hash, Header, Hotstuff, HotstuffMessage, Watch};

pub const N: u16 = 4;
pub const CHAIN: u16 = 3;

/// Signatures that nobody else can make here, and that cost little: the hash of member and bytes.
pub struct Seal(pub u16);

impl Seal {
    fn of(member: u16, bytes: &[u8]) -> [u8; 64] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&member.to_le_bytes()).update(bytes);
        let mut seal = [0; 64];
        seal[..32].copy_from_slice(hasher.finalize().as_bytes());
        seal
    }
}

impl Crypto for Seal {
    fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        Self::of(self.0, bytes)
    }

    fn verify(&self, member: u16, bytes: &[u8], sig: &[u8; 64]) -> bool {
        member < N && Self::of(member, bytes) == *sig
    }
}

pub fn root(payload: &[u8]) -> Hash {
    blake3::hash(payload).into()
}

pub fn valid(header: &Header, payload: &[u8]) -> bool {
    header.payload_root == root(payload)
}

/// A committed block: where, when, and in which views it was made and committed.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    pub hash: Hash,
    pub at_us: u64,
    pub made: u64,
    pub voted: u64,
}

/// One copy of a member.
pub struct Copy {
    pub member: u16,
    pub state: Hotstuff,
    pub log: Vec<Done>,
    pub down: bool,
    pub watch: Watch,
}

enum Event {
    Message(u16, Box<HotstuffMessage>),
    Timer(u64),
}

/// When a message from one copy, in this view, to another arrives, if it does: microseconds from now.
pub type Rule<'a> = dyn FnMut(u64, (usize, u64), usize) -> Option<u64> + 'a;

pub struct Play<'a> {
    pub copies: Vec<Copy>,
    pub now_us: u64,
    /// Everybody wants this height.
    pub goal: u64,
    pub evidence: Vec<Evidence>,
    pub equivocations: usize,
    rule: Box<Rule<'a>>,
    queue: BTreeMap<(u64, u64), (usize, Event)>,
    sequence: u64,
}

impl<'a> Play<'a> {
    /// `members` names the member that each copy is of.
    pub fn new(members: &[u16], base_us: u64, goal: u64, rule: Box<Rule<'a>>) -> Self {
        let copy = |&member: &u16| Copy {
            member,
            state: Hotstuff::among(CHAIN, N, member, base_us).unwrap(),
            log: Vec::new(),
            down: false,
            watch: Watch::new(CHAIN, N),
        };
        let copies = members.iter().map(copy).collect();
        let (evidence, queue) = (Vec::new(), BTreeMap::new());
        Self { copies, now_us: 0, goal, evidence, equivocations: 0, rule, queue, sequence: 0 }
    }

    fn put(&mut self, after_us: u64, to: usize, event: Event) {
        self.sequence += 1;
        self.queue.insert((self.now_us + after_us, self.sequence), (to, event));
    }

    /// To every copy of a member.
    fn post(&mut self, from: usize, to: u16, message: &HotstuffMessage) {
        let (member, view) = (self.copies[from].member, self.copies[from].state.view());
        for slot in 0..self.copies.len() {
            if self.copies[slot].member == to && slot != from {
                if let Some(after_us) = (self.rule)(self.now_us, (from, view), slot) {
                    self.put(after_us, slot, Event::Message(member, Box::new(message.clone())));
                }
            }
        }
    }

    pub fn act(&mut self, slot: usize, actions: Vec<Action>) {
        let me = self.copies[slot].member;
        for action in actions {
            match action {
                Action::Send(to, message) => self.post(slot, to, &message),
                Action::Broadcast(message) => {
                    (0..N).filter(|&to| to != me).for_each(|to| self.post(slot, to, &message));
                }
                Action::StartTimer { view, after_us } => self.put(after_us, slot, Event::Timer(view)),
                Action::Commit { header, payload, certificate } => {
                    assert!(valid(&header, &payload));
                    let (at_us, copy) = (self.now_us, &mut self.copies[slot]);
                    assert_eq!(header.parent, copy.log.last().map_or([0; 32], |done| done.hash));
                    copy.log.push(Done { hash: header.hash(), at_us, made: header.view, voted: certificate.view });
                }
                Action::NeedPayload => {}
                Action::Equivocation { member, a, b, .. } => {
                    assert!(a.hash() != b.hash() && self.copies.iter().filter(|c| c.member == member).count() > 1);
                    self.equivocations += 1;
                }
            }
        }
        self.work(slot);
    }

    /// What a caller with pending work does after each step. Each copy proposes a payload of its own.
    fn work(&mut self, slot: usize) {
        let (now, goal, copy) = (self.now_us, self.goal, &mut self.copies[slot]);
        let mut actions = Vec::new();
        if copy.state.ready_to_propose() && (copy.state.height() < goal || copy.state.expecting()) {
            let payload = vec![slot as u8, copy.state.height() as u8];
            let payload_root = root(&payload);
            actions.extend(copy.state.propose(now, payload, payload_root, &Seal(copy.member)));
        }
        if copy.state.height() < goal {
            actions.extend(copy.state.expect_progress(now));
        }
        if !actions.is_empty() {
            self.act(slot, actions);
        }
    }

    pub fn start(&mut self) {
        (0..self.copies.len())
            .filter(|&slot| !self.copies[slot].down)
            .collect::<Vec<_>>()
            .into_iter()
            .for_each(|slot| self.work(slot));
    }

    /// One event; false if there is none.
    pub fn step(&mut self) -> bool {
        let Some(((at, _), (slot, event))) = self.queue.pop_first() else { return false };
        self.now_us = at;
        let copy = &mut self.copies[slot];
        if copy.down {
            return true;
        }
        let seal = Seal(copy.member);
        let actions = match event {
            Event::Message(from, message) => {
                self.evidence.extend(copy.watch.observe(from, &message, &seal));
                copy.state.handle(at, from, *message, &valid, &seal)
            }
            Event::Timer(view) => copy.state.timer(at, view, &seal),
        };
        self.act(slot, actions);
        true
    }

    /// The copies of members that have one copy, and are up.
    pub fn honest(&self) -> impl Iterator<Item = &Copy> {
        let alone = |copy: &&Copy| self.copies.iter().filter(|other| other.member == copy.member).count() == 1;
        self.copies.iter().filter(|copy| !copy.down).filter(alone)
    }

    /// Until every honest copy is at the goal; false if `steps` were not enough.
    pub fn run(&mut self, steps: usize) -> bool {
        for _ in 0..steps {
            if self.honest().all(|copy| copy.state.height() >= self.goal) {
                return true;
            }
            if !self.step() {
                return false;
            }
        }
        false
    }

    /// Agreement among honest copies; every word of evidence is against a member with two copies, and holds.
    pub fn check(&self) {
        let hashes = |copy: &Copy| copy.log.iter().map(|done| done.hash).collect::<Vec<_>>();
        let longest = self.honest().map(hashes).max_by_key(Vec::len).unwrap();
        assert!(self.honest().all(|copy| longest.starts_with(&hashes(copy))), "logs part");
        for evidence in &self.evidence {
            assert!(evidence.verify(CHAIN, &Seal(0)));
            let copies = self.copies.iter().filter(|copy| copy.member == evidence.member()).count();
            assert!(copies > 1, "an honest member is accused: {evidence:?}");
        }
    }
}
