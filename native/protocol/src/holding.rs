//! How this protocol uses proof of holding: what a challenge asks, and what a replica remembers of holders.
pub use globelet_holding::{Answer, Challenge, Extension};
use globelet_holding::{Record, WHOLE_PPM};
use globelet_types::world::Parameters;
use globelet_types::{encode, ChainId, Micros};
use serde::Serialize;

/// Bytes of a shard's pieces, of which a challenge shows some.
pub const PIECE: u32 = 64;
/// Ranges that a challenge draws: who lost a quarter of a shard is caught by one challenge in a hundred but one, who
/// lost a tenth by four in five ([`globelet_holding::caught`]).
pub const RANGES: u16 = 16;
/// Pieces of a range.
pub const WIDTH: u16 = 1;
/// A replica challenges no more often than this.
pub const EVERY_US: Micros = 5_000_000;
/// What is not answered after this long was missed.
pub const PATIENCE_US: Micros = 2_000_000;
/// A challenge that is not answered is sent again after this long: losing a message is not losing a shard.
pub const AGAIN_US: Micros = 500_000;
/// Below this score a holder stands back in S1 as long as there are enough others.
pub const SOUND_PPM: u32 = WHOLE_PPM / 4;

/// What a replica saw of a holder: counts since the world began, and its score now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HolderView {
    /// Of the vertices that challenges were drawn from, how many it proved to hold.
    pub acknowledged: u64,
    /// Challenges it passed.
    pub passed: u64,
    /// Challenges it missed.
    pub missed: u64,
    /// Challenges it answered wrongly, under its signature.
    pub wrong: u64,
    /// How much of its stake counts, in millionths.
    pub score_ppm: u32,
}

impl HolderView {
    pub(crate) fn new(ever: Record, score_ppm: u32) -> HolderView {
        let Record { acknowledged, passed, missed, wrong } = ever;
        HolderView { acknowledged, passed, missed, wrong, score_ppm }
    }
}

/// The longest time from now that a holding proof may promise: the time to live, by a clock that is ahead.
pub(crate) fn longest_us(parameters: &Parameters) -> u64 {
    parameters.holding_us.saturating_add(parameters.skew_us)
}

/// What a replica's VRF is asked for its challenge of this number.
pub(crate) fn draw_input(chain: ChainId, proposer: u16, number: u64) -> Vec<u8> {
    encode(&(b"globelet challenge 1", chain, proposer, number))
}
