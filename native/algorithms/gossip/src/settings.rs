//! The sizes and times of an overlay.

use crate::{GossipError, MOST_IDS, MOST_PEERS};

/// How many peers a member knows and how often it acts. All members of an overlay use the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Most neighbours (HyParView: fan-out + 1).
    pub active: usize,
    /// Most peers in reserve.
    pub passive: usize,
    /// Steps of a join's or shuffle's random walk (ARWL).
    pub walk: u8,
    /// Steps left of a join's walk at which the joiner enters the passive view (PRWL).
    pub passive_walk: u8,
    /// Neighbours in a shuffle's sample.
    pub shuffle_active: usize,
    /// Peers in reserve in a shuffle's sample.
    pub shuffle_passive: usize,
    /// Farthest neighbours that are never traded for nearer ones.
    pub unbiased: usize,
    /// Between two shuffles, microseconds.
    pub shuffle_us: u64,
    /// How long announcements are gathered, microseconds.
    pub announce_us: u64,
    /// Wait for a payload that was announced before it is asked for, microseconds.
    pub graft_us: u64,
    /// Wait before it is asked for elsewhere: about one round trip more than the longest, microseconds.
    pub graft_again_us: u64,
    /// Messages whose ids are remembered, so that they are delivered once.
    pub ids: usize,
    /// Messages whose payloads are kept for those who ask.
    pub payloads: usize,
    /// Newest messages that are announced to a new neighbour, so that whoever was cut off for a while misses nothing.
    pub recent: usize,
}

impl Default for Settings {
    /// HyParView's table of parameters (section 5.1), with times for a world whose round trips stay below 400 ms.
    fn default() -> Settings {
        Settings {
            active: 5,
            passive: 30,
            walk: 6,
            passive_walk: 3,
            shuffle_active: 3,
            shuffle_passive: 4,
            unbiased: 2,
            shuffle_us: 30_000_000,
            announce_us: 2_000_000,
            graft_us: 500_000,
            graft_again_us: 1_000_000,
            ids: 4_096,
            payloads: 256,
            recent: 8,
        }
    }
}

/// An hour: the longest time of a setting, microseconds.
const HOUR_US: u64 = 3_600_000_000;
/// The shortest time of a setting, microseconds.
const MILLISECOND_US: u64 = 1_000;

impl Settings {
    /// Checks that members with these settings understand each other and stay within bounds.
    ///
    /// # Errors
    /// [`GossipError::Setting`] for the first that is out of its range.
    pub fn check(&self) -> Result<(), GossipError> {
        let sample = MOST_PEERS - 1;
        let sizes = [
            ("active", self.active, 1, 64),
            ("passive", self.passive, 1, 4_096),
            ("walk", usize::from(self.walk), 1, 64),
            ("passive_walk", usize::from(self.passive_walk), 0, usize::from(self.walk)),
            ("shuffle_active", self.shuffle_active, 0, sample),
            ("shuffle_passive", self.shuffle_passive, 0, sample.saturating_sub(self.shuffle_active)),
            ("unbiased", self.unbiased, 0, self.active),
            ("ids", self.ids, 1, 1 << 20),
            ("payloads", self.payloads, 1, self.ids.min(1 << 16)),
            ("recent", self.recent, 0, self.payloads.min(MOST_IDS)),
        ];
        let times = [
            ("shuffle_us", self.shuffle_us),
            ("announce_us", self.announce_us),
            ("graft_us", self.graft_us),
            ("graft_again_us", self.graft_again_us),
        ];
        let sizes = sizes.map(|(what, found, least, most)| (what, found as u64, least as u64, most as u64));
        let times = times.map(|(what, found)| (what, found, MILLISECOND_US, HOUR_US));
        match sizes.into_iter().chain(times).find(|(_, found, least, most)| !(least..=most).contains(&found)) {
            Some((what, found, least, most)) => Err(GossipError::Setting { what, found, least, most }),
            None => Ok(()),
        }
    }
}
