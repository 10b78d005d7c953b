//! One member: the views below, the tree on top of them.
use crate::packet::{MessageId, Packet, MOST_PAYLOAD};
use crate::random::Random;
use crate::tree::{Growth, Tree};
use crate::views::{Step, Views};
use crate::{Peer, Settings};
use std::collections::BTreeSet;

/// A timer of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// The next shuffle.
    Period,
    /// Announcements leave.
    Announce,
    /// An announced message should have come.
    Await(MessageId),
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The member begins; it knows nobody.
    Started,
    /// Enter the overlay by this peer. May be said again at any time: it also joins two overlays into one.
    Join(Peer),
    /// A peer said something.
    Received(Peer, Packet),
    /// A peer cannot be reached, or the link to it broke.
    Down(Peer),
    /// The round trip to a peer, measured or declared, microseconds.
    RoundTrip(Peer, u64),
    /// Tell every member; at most [`MOST_PAYLOAD`] bytes, no two the same.
    Broadcast(Vec<u8>),
    /// A timer ran out.
    TimerExpired(Timer),
}

/// What is to be done, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send, keeping the order per peer.
    Send(Peer, Packet),
    /// A broadcast arrived, for the first time.
    Deliver {
        /// The neighbour it came from.
        from: Peer,
        /// Links it crossed.
        round: u16,
        /// What was broadcast.
        payload: Vec<u8>,
    },
    /// Hand the timer back after so many microseconds.
    StartTimer(u64, Timer),
}

/// A member of an overlay.
#[derive(Clone, Debug)]
pub struct Member {
    settings: Settings,
    views: Views,
    tree: Tree,
}

impl Member {
    /// A member that knows nobody yet. The seed decides all its choices.
    pub fn new(me: Peer, settings: Settings, seed: u64) -> Member {
        let views = Views::new(me, settings.clone(), Random::new(seed));
        Member { views, tree: Tree::new(settings.clone()), settings }
    }

    /// Its neighbours.
    pub fn active(&self) -> &BTreeSet<Peer> {
        self.views.active()
    }

    /// Its reserve.
    pub fn passive(&self) -> &BTreeSet<Peer> {
        self.views.passive()
    }

    /// Neighbours that get payloads at once.
    pub fn eager(&self) -> &BTreeSet<Peer> {
        self.tree.eager()
    }

    /// Handles one input.
    pub fn handle(&mut self, input: Input) -> Vec<Output> {
        let mut timers = Vec::new();
        match input {
            Input::Started => timers.push(Output::StartTimer(self.settings.shuffle_us, Timer::Period)),
            Input::Join(contact) => self.views.join(contact),
            Input::Received(from, packet) => self.received(from, packet),
            Input::Down(peer) => self.views.down(peer),
            Input::RoundTrip(peer, micros) => self.views.round_trip(peer, micros),
            Input::Broadcast(payload) if payload.len() <= MOST_PAYLOAD => self.tree.broadcast(payload),
            Input::Broadcast(_) => {}
            Input::TimerExpired(Timer::Announce) => self.tree.announce(),
            Input::TimerExpired(Timer::Await(id)) => self.tree.awaited(id),
            Input::TimerExpired(Timer::Period) => {
                self.views.period();
                timers.push(Output::StartTimer(self.settings.shuffle_us, Timer::Period));
            }
        }
        let mut outputs = self.outputs();
        outputs.append(&mut timers);
        outputs
    }

    fn received(&mut self, from: Peer, packet: Packet) {
        let of_tree = matches!(
            packet,
            Packet::Gossip { .. }
                | Packet::IHave { .. }
                | Packet::Graft { .. }
                | Packet::Prune
                | Packet::Shuffle { .. }
        );
        // A shuffle's walk may still pass; the rest would be lost on a link that only one end believes in.
        if of_tree && self.views.stranger(from) && matches!(packet, Packet::IHave { .. } | Packet::Prune) {
            return;
        }
        match packet {
            Packet::Join => self.views.joined(from),
            Packet::ForwardJoin { joiner, steps } => self.views.forward_join(from, joiner, steps),
            Packet::Neighbor { wish } => self.views.neighbor(from, wish),
            Packet::NeighborReply { accepted } => self.views.answered(from, accepted),
            Packet::Disconnect => self.views.disconnected(from),
            Packet::Shuffle { origin, steps, sample } => self.views.shuffle(from, origin, steps, &sample),
            Packet::ShuffleReply { sample } => self.views.learn(&sample),
            Packet::Gossip { round, payload } => self.tree.gossip(from, round, payload),
            Packet::IHave { ids } => self.tree.announced(from, &ids),
            Packet::Graft { id } => self.tree.grafted(from, id),
            Packet::Prune => self.tree.pruned(from),
        }
    }

    fn outputs(&mut self) -> Vec<Output> {
        let mut outputs = Vec::new();
        for step in self.views.take_steps() {
            match step {
                Step::Send(to, packet) => outputs.push(Output::Send(to, packet)),
                Step::Up(peer) => self.tree.up(peer),
                Step::Down(peer) => self.tree.down(peer),
            }
        }
        outputs.extend(self.tree.take_growth().into_iter().map(|growth| match growth {
            Growth::Send(to, packet) => Output::Send(to, packet),
            Growth::Deliver { from, round, payload } => Output::Deliver { from, round, payload },
            Growth::Await(id, after) => Output::StartTimer(after, Timer::Await(id)),
            Growth::AnnounceIn(after) => Output::StartTimer(after, Timer::Announce),
        }));
        outputs
    }
}
