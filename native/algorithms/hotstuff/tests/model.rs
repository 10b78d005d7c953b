//! Every order of real messages and time-outs among four members, one of them faulty (stateright).
//!
//! Bounds: one height; each member's timer expires at most once, in views 0 and 1. A message may arrive at any moment or,
//! as every state is checked, never. Explored to the end: any one member silent (up to 30,000 states), and a leader of two
//! minds, which is two honest copies with one key that propose two blocks, where nobody gives up. `src/model` explores
//! what a liar can do beyond that; `twins.rs` goes on for more heights and views.
#![allow(clippy::unwrap_used, missing_docs)]

mod network;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash as StdHash, Hasher};
use std::sync::Arc;

use globelet_hotstuff::{Action, Hotstuff, HotstuffMessage};
use network::{root, valid, Done, Seal, CHAIN, N};
use stateright::{Checker, Model, Property};

/// One copy of a member and what it has committed. Its digest stands for it in comparisons.
#[derive(Clone)]
struct Copy {
    state: Hotstuff,
    done: Option<Done>,
    expired: bool,
    digest: u64,
}

struct Letter {
    from: u16,
    to: usize,
    message: HotstuffMessage,
}

/// Copies and the letters that may still arrive, by digest.
#[derive(Clone)]
struct World {
    copies: Vec<Arc<Copy>>,
    flying: BTreeMap<u64, Arc<Letter>>,
}

impl World {
    fn key(&self) -> impl Iterator<Item = u64> + '_ {
        self.copies.iter().map(|copy| copy.digest).chain(self.flying.keys().copied())
    }
}

impl PartialEq for World {
    fn eq(&self, other: &Self) -> bool {
        self.key().eq(other.key())
    }
}

impl StdHash for World {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.key().for_each(|digest| hasher.write_u64(digest));
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let copies = self.copies.iter().map(|copy| (copy.state.view(), copy.state.height(), &copy.done));
        formatter.debug_list().entries(copies).finish()
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Move {
    Deliver(u64),
    Expire(usize),
}

/// Who is there.
#[derive(Clone)]
struct Chain {
    /// The member of each copy.
    members: Vec<u16>,
    /// Copies that say nothing.
    silent: Vec<usize>,
    /// Time-outs happen in views below.
    views: u64,
}

fn digest(bytes: &[&[u8]]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    for part in bytes {
        hasher.update(part);
    }
    u64::from_le_bytes(hasher.finalize().as_bytes()[..8].try_into().unwrap())
}

impl Chain {
    fn seal(&self, slot: usize) -> Seal {
        Seal(self.members[slot])
    }

    fn honest(&self, slot: usize) -> bool {
        self.members.iter().filter(|&&member| member == self.members[slot]).count() == 1
    }

    /// Carries out what a step asks for, and what a caller with work to do adds to it.
    fn settle(&self, world: &mut World, slot: usize, mut copy: Copy, mut actions: Vec<Action>) {
        let before: BTreeSet<u64> = world.flying.keys().copied().collect();
        while !actions.is_empty() {
            for action in std::mem::take(&mut actions) {
                match action {
                    Action::Send(to, message) => self.post(world, slot, to, message),
                    Action::Broadcast(message) => (0..N)
                        .filter(|&to| to != self.members[slot])
                        .for_each(|to| self.post(world, slot, to, message.clone())),
                    Action::Commit { header, certificate, .. } => {
                        let (made, voted) = (header.view, certificate.view);
                        copy.done = Some(Done { hash: header.hash(), at_us: 0, made, voted });
                    }
                    Action::StartTimer { .. } | Action::NeedPayload | Action::Equivocation { .. } => {}
                }
            }
            if copy.state.ready_to_propose() && copy.state.height() == 0 {
                let payload = vec![slot as u8];
                let payload_root = root(&payload);
                actions = copy.state.propose(0, payload, payload_root, &self.seal(slot));
            }
        }
        let done = format!("{:?} {}", copy.done, copy.expired);
        copy.digest = digest(&[&[slot as u8], &borsh::to_vec(&copy.state).unwrap(), done.as_bytes()]);
        world.copies[slot] = Arc::new(copy);
        let copies = &world.copies;
        let news = |key: &u64, letter: &Letter| letter.to == slot || !before.contains(key);
        world.flying.retain(|key, letter| !news(key, letter) || !self.spent(&copies[letter.to].state, letter));
    }

    fn post(&self, world: &mut World, from: usize, to: u16, message: HotstuffMessage) {
        // Blocks are here with their proposals; who lacks one may lack it for ever.
        if matches!(message, HotstuffMessage::Fetch { .. } | HotstuffMessage::Block { .. }) {
            return;
        }
        let hears = |slot: &usize| self.members[*slot] == to && !self.silent.contains(slot);
        for slot in (0..self.members.len()).filter(hears) {
            let letter = Letter { from: self.members[from], to: slot, message: message.clone() };
            let parts = (letter.from, slot as u16, &letter.message);
            world.flying.insert(digest(&[&borsh::to_vec(&parts).unwrap()]), Arc::new(letter));
        }
    }

    /// True for a letter that need not arrive any more: its recipient has committed, or is past its view, or would not
    /// change by it. (What changes a member not now does so never, but a vote may come before its leader proposes. What
    /// one who is past a view would answer, a certificate, is on its way to everybody anyway.)
    fn spent(&self, state: &Hotstuff, letter: &Letter) -> bool {
        let (past, early) = match &letter.message {
            HotstuffMessage::Vote { view, .. } => {
                (*view < state.view(), *view > state.view() || state.ready_to_propose())
            }
            HotstuffMessage::Timeout { view, .. } => (*view < state.view(), false),
            HotstuffMessage::Prepared { certificate } => (certificate.view < state.view(), false),
            HotstuffMessage::Propose { timeout, .. } => {
                (timeout.as_ref().map_or(0, |timeout| timeout.view + 1) < state.view(), false)
            }
            HotstuffMessage::Advance { timeout } => (timeout.view < state.view(), false),
            _ => (false, false),
        };
        if past || early || state.height() > 0 {
            return past || state.height() > 0;
        }
        let mut tried = state.clone();
        let actions = tried.handle(0, letter.from, letter.message.clone(), &valid, &self.seal(letter.to));
        tried == *state && actions.iter().all(|action| matches!(action, Action::Equivocation { .. }))
    }

    fn agreed(&self, world: &World) -> bool {
        let honest = (0..world.copies.len()).filter(|&slot| self.honest(slot));
        let mut hashes: Vec<_> = honest.filter_map(|slot| world.copies[slot].done.as_ref()).map(|d| d.hash).collect();
        hashes.dedup();
        hashes.len() <= 1
    }

    fn some(&self, world: &World, what: impl Fn(&Done) -> bool) -> bool {
        world.copies.iter().filter_map(|copy| copy.done.as_ref()).any(what)
    }
}

impl Model for Chain {
    type State = World;
    type Action = Move;

    fn init_states(&self) -> Vec<World> {
        let fresh = |slot: usize| {
            let state = Hotstuff::among(CHAIN, N, self.members[slot], 0).unwrap();
            Copy { state, done: None, expired: false, digest: 0 }
        };
        let copies: Vec<Copy> = (0..self.members.len()).map(fresh).collect();
        let mut world = World { copies: copies.iter().cloned().map(Arc::new).collect(), flying: BTreeMap::new() };
        for (slot, mut copy) in copies.into_iter().enumerate() {
            if !self.silent.contains(&slot) {
                let actions = copy.state.expect_progress(0);
                self.settle(&mut world, slot, copy, actions);
            }
        }
        vec![world]
    }

    fn actions(&self, world: &World, moves: &mut Vec<Move>) {
        moves.extend(world.flying.keys().map(|&letter| Move::Deliver(letter)));
        let waits = |slot: &usize| {
            let copy = &world.copies[*slot];
            !copy.expired && copy.state.height() == 0 && copy.state.view() < self.views && !self.silent.contains(slot)
        };
        moves.extend((0..self.members.len()).filter(waits).map(Move::Expire));
    }

    fn next_state(&self, world: &World, step: Move) -> Option<World> {
        let mut world = world.clone();
        let (slot, copy, actions) = match step {
            Move::Deliver(letter) => {
                let letter = world.flying.remove(&letter)?;
                let mut copy = Copy::clone(&world.copies[letter.to]);
                let message = letter.message.clone();
                let actions = copy.state.handle(0, letter.from, message, &valid, &self.seal(letter.to));
                (letter.to, copy, actions)
            }
            Move::Expire(slot) => {
                let mut copy = Copy::clone(&world.copies[slot]);
                let actions = copy.state.timer(0, copy.state.view(), &self.seal(slot));
                copy.expired = true;
                (slot, copy, actions)
            }
        };
        self.settle(&mut world, slot, copy, actions);
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("honest members agree", |chain, world| chain.agreed(world)),
            Property::sometimes("commits in view 0", |chain, world| chain.some(world, |done| done.voted == 0)),
            Property::sometimes("commits in view 1", |chain, world| chain.some(world, |done| done.made == 1)),
            Property::sometimes("commits again", |chain, world| chain.some(world, |done| done.made < done.voted)),
        ]
    }
}

/// Explores until nothing is left.
fn explore(chain: Chain) -> impl Checker<Chain> {
    let name = format!("{:?} silent {:?} time-outs below {}", chain.members, chain.silent, chain.views);
    let done = chain.checker().threads(2).spawn_bfs().join();
    println!("{name}: {} states, {} steps, {} deep", done.unique_state_count(), done.state_count(), done.max_depth());
    done
}

#[test]
fn one_member_is_silent() {
    for silent in 0..4 {
        let done = explore(Chain { members: vec![0, 1, 2, 3], silent: vec![silent], views: 2 });
        assert!(done.discovery("honest members agree").is_none());
        // Leaders 0 and 1 lead the views that are explored.
        assert_eq!(done.discovery("commits in view 0").is_some(), silent != 0);
        assert_eq!(done.discovery("commits in view 1").is_some(), silent != 1);
        assert_eq!(done.discovery("commits again").is_some(), silent > 1);
    }
}

/// The leader of view 0 is two copies that propose different blocks; nobody gives up.
#[test]
fn the_leader_is_of_two_minds() {
    let done = explore(Chain { members: vec![0, 1, 2, 3, 0], silent: Vec::new(), views: 0 });
    assert!(done.discovery("honest members agree").is_none());
    assert!(done.discovery("commits in view 0").is_some());
}
