//! The active and the passive view (HyParView, section 4), and the trade for nearer neighbours (X-BOT, section 4).
use crate::packet::{Packet, Wish, MOST_PEERS};
use crate::random::Random;
use crate::{Peer, Settings};
use std::collections::{BTreeMap, BTreeSet};

/// What a change of the views leads to, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Send(Peer, Packet),
    Up(Peer),
    Down(Peer),
}

/// A neighbour asked for: whom it would replace, and how many shuffles ago it was asked.
#[derive(Clone, Copy, Debug)]
struct Asked {
    replaces: Option<Peer>,
    age: u8,
}

#[derive(Clone, Debug)]
pub(crate) struct Views {
    me: Peer,
    settings: Settings,
    active: BTreeSet<Peer>,
    passive: BTreeSet<Peer>,
    asked: BTreeMap<Peer, Asked>,
    /// Refused or gone since the last shuffle: not asked again before the next.
    tried: BTreeSet<Peer>,
    /// What the last shuffle offered: the first to make room for what comes back.
    offered: Vec<Peer>,
    round_trips: BTreeMap<Peer, u64>,
    random: Random,
    steps: Vec<Step>,
}

impl Views {
    pub fn new(me: Peer, settings: Settings, random: Random) -> Views {
        Views {
            me,
            settings,
            active: BTreeSet::new(),
            passive: BTreeSet::new(),
            asked: BTreeMap::new(),
            tried: BTreeSet::new(),
            offered: Vec::new(),
            round_trips: BTreeMap::new(),
            random,
            steps: Vec::new(),
        }
    }

    pub fn me(&self) -> Peer {
        self.me
    }

    pub fn active(&self) -> &BTreeSet<Peer> {
        &self.active
    }

    pub fn passive(&self) -> &BTreeSet<Peer> {
        &self.passive
    }

    pub fn take_steps(&mut self) -> Vec<Step> {
        std::mem::take(&mut self.steps)
    }

    pub fn round_trip(&mut self, peer: Peer, micros: u64) {
        self.round_trips.insert(peer, micros);
    }

    fn send(&mut self, to: Peer, packet: Packet) {
        self.steps.push(Step::Send(to, packet));
    }

    fn others(&self, except: &[Peer]) -> Vec<Peer> {
        self.active.iter().copied().filter(|p| !except.contains(p)).collect()
    }

    pub fn join(&mut self, contact: Peer) {
        if contact != self.me && !self.active.contains(&contact) {
            self.asked.insert(contact, Asked { replaces: None, age: 0 });
            self.send(contact, Packet::Join);
        }
    }

    pub fn joined(&mut self, joiner: Peer) {
        self.send(joiner, Packet::NeighborReply { accepted: true });
        self.add(joiner);
        for peer in self.others(&[joiner]) {
            self.send(peer, Packet::ForwardJoin { joiner, steps: self.settings.walk });
        }
    }

    pub fn forward_join(&mut self, from: Peer, joiner: Peer, steps: u8) {
        if joiner == self.me || self.active.contains(&joiner) {
            return;
        }
        let steps = steps.min(self.settings.walk);
        if steps == self.settings.passive_walk {
            self.remember(joiner);
        }
        let next = self.random.one(&self.others(&[from, joiner]));
        match next.filter(|_| steps > 0 && self.active.len() > 1) {
            Some(next) => self.send(next, Packet::ForwardJoin { joiner, steps: steps - 1 }),
            None => self.ask(joiner, Wish::Alone, None),
        }
    }

    fn ask(&mut self, peer: Peer, wish: Wish, replaces: Option<Peer>) {
        self.asked.insert(peer, Asked { replaces, age: 0 });
        self.send(peer, Packet::Neighbor { wish });
    }

    pub fn neighbor(&mut self, from: Peer, wish: Wish) {
        let room = self.active.contains(&from) || self.active.len() < self.settings.active;
        let traded = if room || wish != Wish::Nearer { None } else { self.farther_than(from) };
        let accepted = room || wish == Wish::Alone || traded.is_some();
        self.send(from, Packet::NeighborReply { accepted });
        if let Some(far) = traded {
            self.part(far);
        }
        if accepted {
            self.add(from);
        }
    }

    pub fn answered(&mut self, from: Peer, accepted: bool) {
        let asked = self.asked.remove(&from);
        if !accepted {
            self.tried.insert(from);
            self.fill();
            return;
        }
        match asked {
            Some(Asked { replaces, .. }) => {
                let full = self.active.len() >= self.settings.active && !self.active.contains(&from);
                if let Some(far) = replaces.filter(|far| full && self.active.contains(far)) {
                    self.part(far);
                }
                self.add(from);
            }
            // Too late: it must not think that this is a link.
            None if !self.active.contains(&from) => self.send(from, Packet::Disconnect),
            None => {}
        }
    }

    pub fn disconnected(&mut self, from: Peer) {
        self.asked.remove(&from);
        self.tried.insert(from);
        if self.active.remove(&from) {
            self.steps.push(Step::Down(from));
            self.remember(from);
            self.fill();
        }
    }

    /// The link to a peer broke, or there never was one.
    pub fn down(&mut self, peer: Peer) {
        let asked = self.asked.remove(&peer).is_some();
        self.passive.remove(&peer);
        let active = self.active.remove(&peer);
        if active {
            self.steps.push(Step::Down(peer));
        }
        if active || asked {
            self.fill();
        }
    }

    /// Breaks with a neighbour that did what nobody may.
    pub fn expel(&mut self, peer: Peer) {
        self.tried.insert(peer);
        if self.active.contains(&peer) {
            self.send(peer, Packet::Disconnect);
        }
        self.down(peer);
    }

    /// Somebody uses a link that is none here: both ends must agree.
    pub fn stranger(&mut self, from: Peer) -> bool {
        let stranger = !self.active.contains(&from) && !self.asked.contains_key(&from);
        if stranger {
            self.send(from, Packet::Disconnect);
        }
        stranger
    }

    fn add(&mut self, peer: Peer) {
        if peer == self.me || self.active.contains(&peer) {
            return;
        }
        if self.active.len() >= self.settings.active {
            let some = self.random.one(&self.others(&[]));
            some.into_iter().for_each(|one| self.part(one));
        }
        self.asked.remove(&peer);
        self.passive.remove(&peer);
        self.active.insert(peer);
        self.steps.push(Step::Up(peer));
    }

    fn part(&mut self, peer: Peer) {
        if self.active.remove(&peer) {
            self.send(peer, Packet::Disconnect);
            self.steps.push(Step::Down(peer));
            self.remember(peer);
        }
    }

    /// Puts a peer in reserve; one that was offered elsewhere makes room, or any.
    fn remember(&mut self, peer: Peer) {
        if peer == self.me || self.active.contains(&peer) || self.passive.contains(&peer) {
            return;
        }
        if self.passive.len() >= self.settings.passive {
            let offered = self.offered.iter().position(|p| self.passive.contains(p));
            let all: Vec<Peer> = self.passive.iter().copied().collect();
            let out = offered.map(|place| self.offered.swap_remove(place)).or_else(|| self.random.one(&all));
            if let Some(out) = out {
                self.passive.remove(&out);
            }
        }
        self.passive.insert(peer);
    }

    /// Asks peers in reserve, as many as neighbours are missing.
    fn fill(&mut self) {
        while self.active.len() + self.asked.len() < self.settings.active {
            let alone = self.active.is_empty();
            let usable = |p: &&Peer| !self.asked.contains_key(p) && (alone || !self.tried.contains(p));
            let reserve: Vec<Peer> = self.passive.iter().filter(usable).copied().collect();
            let Some(peer) = self.random.one(&reserve) else { return };
            self.ask(peer, if alone { Wish::Alone } else { Wish::Room }, None);
        }
    }

    /// The farthest neighbour that may be traded and is a tenth farther than `near`, if its round trip is known.
    fn farther_than(&self, near: Peer) -> Option<Peer> {
        let near = *self.round_trips.get(&near)?;
        let mut far: Vec<(u64, Peer)> =
            self.active.iter().filter_map(|p| self.round_trips.get(p).map(|us| (*us, *p))).collect();
        far.sort_unstable();
        far.truncate(far.len().saturating_sub(self.settings.unbiased));
        far.pop().filter(|(us, _)| *us > near + near / 10).map(|(_, peer)| peer)
    }

    /// Once per period: gives up on who never answered, fills up, shuffles, looks for a nearer neighbour.
    pub fn period(&mut self) {
        self.tried.clear();
        self.asked.retain(|_, asked| {
            asked.age += 1;
            asked.age < 2
        });
        self.fill();
        if let Some(to) = self.random.one(&self.others(&[])) {
            let near = self.random.some(self.others(&[to]), self.settings.shuffle_active);
            let reserve = self.random.some(self.passive.iter().copied().collect(), self.settings.shuffle_passive);
            self.offered.clone_from(&reserve);
            let sample = std::iter::once(self.me).chain(near).chain(reserve).collect();
            self.send(to, Packet::Shuffle { origin: self.me, steps: self.settings.walk, sample });
        }
        self.trade();
    }

    fn trade(&mut self) {
        if self.active.len() < self.settings.active {
            return;
        }
        let usable = |p: &&Peer| !self.asked.contains_key(p) && self.round_trips.contains_key(p);
        let reserve = self.passive.iter().filter(usable).copied().collect();
        let drawn = self.random.some(reserve, 4);
        let Some(near) = drawn.into_iter().min_by_key(|p| (self.round_trips.get(p), *p)) else { return };
        if let Some(far) = self.farther_than(near) {
            self.ask(near, Wish::Nearer, Some(far));
        }
    }

    pub fn shuffle(&mut self, from: Peer, origin: Peer, steps: u8, sample: &[Peer]) {
        if origin == self.me {
            return;
        }
        let steps = steps.min(self.settings.walk);
        let next = self.random.one(&self.others(&[from, origin]));
        if let Some(next) = next.filter(|_| steps > 1) {
            self.send(next, Packet::Shuffle { origin, steps: steps - 1, sample: sample.to_vec() });
            return;
        }
        let reply = self.random.some(self.passive.iter().copied().collect(), sample.len().min(MOST_PEERS));
        self.offered.clone_from(&reply);
        self.send(origin, Packet::ShuffleReply { sample: reply });
        self.learn(sample);
    }

    /// Puts peers in reserve and fills the active view from them.
    pub fn learn(&mut self, sample: &[Peer]) {
        sample.iter().for_each(|peer| self.remember(*peer));
        self.fill();
    }
}
