//! One member: the views below, the tree on top of them.
use crate::packet::{decode, MessageId, Packet, MOST_PAYLOAD};
use crate::random::Random;
use crate::tree::{Growth, Tree};
use crate::views::{Step, Views};
use crate::{Authors, GossipError, Peer, Settings, Timer};
use std::collections::BTreeSet;

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
    authors: Option<Authors>,
    refused: u64,
}

impl Member {
    /// A member that knows nobody yet. The seed decides all its choices.
    ///
    /// It delivers and passes on any payload; settings are taken as they are, see [`Settings::check`].
    pub fn new(me: Peer, settings: Settings, seed: u64) -> Member {
        let views = Views::new(me, settings.clone(), Random::new(seed));
        Member { views, tree: Tree::new(settings.clone()), settings, authors: None, refused: 0 }
    }

    /// A member that delivers and passes on only what is a [`crate::Signed`] payload of one of the authors.
    ///
    /// Since every member checks before it passes on, a neighbour that sends anything else is at fault: it is dropped.
    pub fn guarded(me: Peer, settings: Settings, seed: u64, authors: Authors) -> Member {
        Member { authors: Some(authors), ..Member::new(me, settings, seed) }
    }

    /// Tells every member; a payload that was broadcast before changes nothing.
    ///
    /// # Errors
    /// [`GossipError::PayloadTooLarge`]; of a guarded member those of [`Authors::check`].
    pub fn broadcast(&mut self, payload: Vec<u8>) -> Result<Vec<Output>, GossipError> {
        if payload.len() > MOST_PAYLOAD {
            return Err(GossipError::PayloadTooLarge { found: payload.len(), most: MOST_PAYLOAD });
        }
        self.authors.as_ref().map_or(Ok(()), |authors| authors.check(&payload))?;
        Ok(self.handle(Input::Broadcast(payload)))
    }

    /// Hears the bytes that a peer sent, packets in order.
    ///
    /// # Errors
    /// [`GossipError::Packets`] and [`GossipError::FromItself`]: nothing has changed then.
    pub fn receive(&mut self, from: Peer, bytes: &[u8]) -> Result<Vec<Output>, GossipError> {
        if from == self.views.me() {
            return Err(GossipError::FromItself);
        }
        let packets = decode(bytes)?;
        Ok(packets.into_iter().flat_map(|packet| self.handle(Input::Received(from, packet))).collect())
    }

    /// Payloads that were refused by a guarded member.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Its own number.
    pub fn me(&self) -> Peer {
        self.views.me()
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
            Input::Received(from, _) if from == self.views.me() => {}
            Input::Received(from, packet) => self.received(from, packet),
            Input::Down(peer) => self.views.down(peer),
            Input::RoundTrip(peer, micros) => self.views.round_trip(peer, micros),
            Input::Broadcast(payload) if payload.len() <= MOST_PAYLOAD => self.tree.broadcast(payload),
            Input::Broadcast(_) => {}
            Input::TimerExpired(Timer::Announce) => self.tree.announce(),
            Input::TimerExpired(Timer::Await(id)) => self.tree.awaited(id),
            Input::TimerExpired(Timer::Period) => {
                self.tree.probe();
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
            Packet::Gossip { payload, .. } if !self.accepts(&payload) => {
                self.refused += 1;
                self.views.expel(from);
            }
            Packet::Gossip { round, payload } => self.tree.gossip(from, round, payload),
            Packet::IHave { ids } => self.tree.announced(from, &ids),
            Packet::Graft { id } => self.tree.grafted(from, id),
            Packet::Prune => self.tree.pruned(from),
        }
    }

    /// Whether a payload may be passed on; one that was let in before is not verified again.
    fn accepts(&self, payload: &[u8]) -> bool {
        let Some(authors) = &self.authors else { return true };
        self.tree.knows(&MessageId::of(payload)) || authors.check(payload).is_ok()
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
