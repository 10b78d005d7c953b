//! Where members live.

use crate::Peer;

/// Cities of [`Distances::Cities`]; a member lives in the one of its number's remainder.
pub const CITIES: u16 = 6;

/// Round trips between members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distances {
    /// 40 ms between any two, as when time is counted in hops.
    Even,
    /// 2 ms within a city, 30 ms for each city on the way to another: 30 to 150 ms.
    Cities,
}

impl Distances {
    /// The round trip of two members, microseconds.
    pub fn round_trip_us(self, a: Peer, b: Peer) -> u64 {
        match self {
            Distances::Even => 40_000,
            Distances::Cities if a % CITIES == b % CITIES => 2_000,
            Distances::Cities => 30_000 * u64::from((a % CITIES).abs_diff(b % CITIES)),
        }
    }

    /// Whether a cut of the world lies between them: cities 0 to 2 are on one side.
    pub(crate) fn parted(self, a: Peer, b: Peer) -> bool {
        (a % CITIES < CITIES / 2) != (b % CITIES < CITIES / 2)
    }
}
