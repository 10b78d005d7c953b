//! The broadcast tree (Plumtree, sections 3.3 to 3.6).
use crate::packet::{MessageId, Packet, MOST_IDS};
use crate::{Peer, Settings};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Messages that were announced and are awaited at once; more announcements are passed over.
const MOST_MISSING: usize = 1_024;
/// Of these, those that one neighbour may have announced: whoever announces what does not exist leaves room for others.
const MOST_FROM_ONE: usize = 256;

/// What a change of the tree leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Growth {
    Send(Peer, Packet),
    Deliver { from: Peer, round: u16, payload: Vec<u8> },
    Await(MessageId, u64),
    AnnounceIn(u64),
}

#[derive(Clone, Debug)]
pub(crate) struct Tree {
    settings: Settings,
    eager: BTreeSet<Peer>,
    lazy: BTreeSet<Peer>,
    /// Known messages; the payload while it is kept.
    seen: BTreeMap<MessageId, Option<(u16, Vec<u8>)>>,
    oldest: VecDeque<MessageId>,
    kept: VecDeque<MessageId>,
    /// Who announced what has not come, first come first.
    missing: BTreeMap<MessageId, VecDeque<Peer>>,
    announcements: BTreeMap<Peer, Vec<MessageId>>,
    growth: Vec<Growth>,
}

impl Tree {
    pub fn new(settings: Settings) -> Tree {
        Tree {
            settings,
            eager: BTreeSet::new(),
            lazy: BTreeSet::new(),
            seen: BTreeMap::new(),
            oldest: VecDeque::new(),
            kept: VecDeque::new(),
            missing: BTreeMap::new(),
            announcements: BTreeMap::new(),
            growth: Vec::new(),
        }
    }

    pub fn take_growth(&mut self) -> Vec<Growth> {
        std::mem::take(&mut self.growth)
    }

    pub fn eager(&self) -> &BTreeSet<Peer> {
        &self.eager
    }

    /// A new neighbour; it hears of the newest messages, which it may have missed.
    pub fn up(&mut self, peer: Peer) {
        self.lazy.remove(&peer);
        self.eager.insert(peer);
        let recent: Vec<MessageId> = self.kept.iter().rev().take(self.settings.recent).copied().collect();
        self.announce_later(&[peer], &recent);
    }

    pub fn down(&mut self, peer: Peer) {
        self.eager.remove(&peer);
        self.lazy.remove(&peer);
        self.announcements.remove(&peer);
        self.missing.values_mut().for_each(|announcers| announcers.retain(|p| *p != peer));
    }

    fn make_eager(&mut self, peer: Peer) {
        if self.lazy.remove(&peer) {
            self.eager.insert(peer);
        }
    }

    fn make_lazy(&mut self, peer: Peer) {
        if self.eager.remove(&peer) {
            self.lazy.insert(peer);
        }
    }

    pub fn broadcast(&mut self, payload: Vec<u8>) {
        let id = MessageId::of(&payload);
        if !self.seen.contains_key(&id) {
            self.push(id, 0, &payload, None);
            self.keep(id, 0, payload);
        }
    }

    pub fn gossip(&mut self, from: Peer, round: u16, payload: Vec<u8>) {
        let id = MessageId::of(&payload);
        if self.seen.contains_key(&id) {
            self.make_lazy(from);
            self.growth.push(Growth::Send(from, Packet::Prune));
            return;
        }
        self.missing.remove(&id);
        self.make_eager(from);
        let round = round.saturating_add(1);
        self.push(id, round, &payload, Some(from));
        self.growth.push(Growth::Deliver { from, round, payload: payload.clone() });
        self.keep(id, round, payload);
    }

    /// Payload to the eager peers, the id to the lazy ones, a little later.
    fn push(&mut self, id: MessageId, round: u16, payload: &[u8], except: Option<Peer>) {
        for peer in self.eager.iter().copied().filter(|p| Some(*p) != except) {
            self.growth.push(Growth::Send(peer, Packet::Gossip { round, payload: payload.to_vec() }));
        }
        let lazy: Vec<Peer> = self.lazy.iter().copied().filter(|p| Some(*p) != except).collect();
        self.announce_later(&lazy, &[id]);
    }

    fn announce_later(&mut self, peers: &[Peer], ids: &[MessageId]) {
        if peers.is_empty() || ids.is_empty() {
            return;
        }
        if self.announcements.is_empty() {
            self.growth.push(Growth::AnnounceIn(self.settings.announce_us));
        }
        for peer in peers {
            self.announcements.entry(*peer).or_default().extend(ids);
        }
    }

    /// Says something to every neighbour, so that a link that broke in silence is noticed.
    pub fn probe(&mut self) {
        for peer in self.eager.iter().chain(&self.lazy) {
            self.growth.push(Growth::Send(*peer, Packet::IHave { ids: Vec::new() }));
        }
    }

    /// Whether the message has come.
    pub fn knows(&self, id: &MessageId) -> bool {
        self.seen.contains_key(id)
    }

    fn keep(&mut self, id: MessageId, round: u16, payload: Vec<u8>) {
        self.seen.insert(id, Some((round, payload)));
        self.kept.push_back(id);
        self.oldest.push_back(id);
        while self.kept.len() > self.settings.payloads {
            let old = self.kept.pop_front().and_then(|old| self.seen.get_mut(&old));
            old.into_iter().for_each(|content| *content = None);
        }
        while self.oldest.len() > self.settings.ids {
            self.oldest.pop_front().and_then(|old| self.seen.remove(&old));
        }
    }

    /// The time to send announcements has come.
    pub fn announce(&mut self) {
        for (peer, ids) in std::mem::take(&mut self.announcements) {
            for part in ids.chunks(MOST_IDS) {
                self.growth.push(Growth::Send(peer, Packet::IHave { ids: part.to_vec() }));
            }
        }
    }

    pub fn announced(&mut self, from: Peer, ids: &[MessageId]) {
        let mut pending = self.missing.values().filter(|announcers| announcers.contains(&from)).count();
        for id in ids.iter().filter(|id| !self.seen.contains_key(id)).copied().collect::<Vec<_>>() {
            let known = self.missing.contains_key(&id);
            if !known && (self.missing.len() >= MOST_MISSING || pending >= MOST_FROM_ONE) {
                continue;
            }
            pending += usize::from(!known);
            let announcers = self.missing.entry(id).or_default();
            if !announcers.contains(&from) {
                announcers.push_back(from);
            }
            if !known {
                self.growth.push(Growth::Await(id, self.settings.graft_us));
            }
        }
    }

    /// What was announced should have come by now.
    pub fn awaited(&mut self, id: MessageId) {
        let Some(announcers) = self.missing.get_mut(&id) else { return };
        let Some(peer) = announcers.pop_front() else {
            self.missing.remove(&id);
            return;
        };
        self.make_eager(peer);
        self.growth.push(Growth::Send(peer, Packet::Graft { id }));
        self.growth.push(Growth::Await(id, self.settings.graft_again_us));
    }

    pub fn grafted(&mut self, from: Peer, id: MessageId) {
        self.make_eager(from);
        if let Some(Some((round, payload))) = self.seen.get(&id) {
            let packet = Packet::Gossip { round: *round, payload: payload.clone() };
            self.growth.push(Growth::Send(from, packet));
        }
    }

    pub fn pruned(&mut self, from: Peer) {
        self.make_lazy(from);
    }
}
