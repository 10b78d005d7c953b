//! How a broadcast went.

use std::collections::BTreeSet;

use crate::Peer;

/// How one broadcast went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrivals {
    /// Members that it was delivered to; the sender is none of them.
    pub at: BTreeSet<Peer>,
    /// Most links that it crossed on its way to one of them (last delivery hop; Plumtree, section 4.1).
    pub last_hop: u16,
    /// Times that the payload arrived anywhere.
    pub copies: u64,
    /// Times that its id was announced to somebody.
    pub announcements: u64,
    /// Deliveries to who had it already: none, while ids are remembered.
    pub twice: u64,
    /// Virtual time of the broadcast, microseconds.
    pub sent_us: u64,
    /// Virtual time of the last delivery, microseconds.
    pub last_us: u64,
}

impl Arrivals {
    pub(crate) fn since(now: u64) -> Arrivals {
        Arrivals { sent_us: now, last_us: now, ..Arrivals::default() }
    }

    pub(crate) fn delivered(&mut self, peer: Peer, round: u16, now: u64) {
        self.twice += u64::from(!self.at.insert(peer));
        self.last_hop = self.last_hop.max(round);
        self.last_us = now;
    }

    /// Relative message redundancy in thousandths: copies per receiver beyond the one it needs (Plumtree, section 4.1:
    /// m / (n - 1) - 1). 0 is a perfect tree; flooding an overlay with f links a member gives f - 2.
    pub fn redundancy_thousandths(&self) -> i64 {
        (self.copies * 1_000 / self.at.len().max(1) as u64) as i64 - 1_000
    }

    /// Virtual time from the broadcast to the last delivery, microseconds.
    pub fn took_us(&self) -> u64 {
        self.last_us - self.sent_us
    }
}
