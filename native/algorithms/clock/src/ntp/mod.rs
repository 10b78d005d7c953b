//! NTP (RFC 5905): packets, the exchange of four stamps, the clock filter, selection, and a client made of them.

mod client;
mod exchange;
mod filter;
mod packet;
mod select;
mod time;

pub use client::{Client, Estimate, Settings};
pub use exchange::{Exchange, Sample};
pub use filter::{Filter, Peer, STAGES};
pub use packet::{Mode, Packet, PACKET_BYTES};
pub use select::{intersect, select, Candidate, Interval, Selection};
pub use time::NtpTime;

/// Nanoseconds in a second.
pub(crate) const SECOND: i64 = 1_000_000_000;
/// How fast a clock that nobody sets goes wrong, in parts per million (RFC 5905, PHI).
pub(crate) const PHI_PPM: u64 = 15;
/// The dispersion of what is not known, in nanoseconds: 16 s (RFC 5905, MAXDISP).
pub(crate) const MOST_DISPERSION: u64 = 16 * SECOND as u64;

/// What an untended clock may have gone wrong by in so many nanoseconds.
pub(crate) fn wander(elapsed_ns: u64) -> u64 {
    (u128::from(elapsed_ns) * u128::from(PHI_PPM) / 1_000_000) as u64
}

/// Nanoseconds in `2^log2` seconds, one at least.
pub(crate) fn precision_ns(log2: i8) -> u64 {
    match log2 {
        0.. => (SECOND as u64) << log2.min(4),
        -63..=-1 => ((SECOND as u64) >> log2.unsigned_abs()).max(1),
        _ => 1,
    }
}

/// The root of the mean of squares, in whole nanoseconds; 0 of none.
pub(crate) fn root_mean_square(differences: impl Iterator<Item = i64>) -> u64 {
    let (mut sum, mut count) = (0_u128, 0_u128);
    for difference in differences {
        let size = u128::from(difference.unsigned_abs());
        sum = sum.saturating_add(size * size);
        count += 1;
    }
    if count == 0 {
        return 0;
    }
    (sum / count).isqrt() as u64
}
