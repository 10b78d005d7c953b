//! The sizes and times of an overlay.

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
        }
    }
}
