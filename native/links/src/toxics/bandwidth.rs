//! `bandwidth`: bytes leave no faster than a rate.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Memory, Toxic};
use crate::segment::{Load, Segment};

/// At most `rate` kilobytes (1,000 bytes) a second for each connection and direction.
/// A rate of 0 or less lets nothing through while it stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Bandwidth {
    /// Kilobytes a second.
    pub rate: i64,
}

/// Bytes leave in pieces of this long, so that a large read trickles instead of arriving at once.
const PIECE_MILLISECONDS: u64 = 5;
/// No piece is smaller than an Ethernet segment.
const SMALLEST_PIECE: u64 = 1_448;

impl Bandwidth {
    fn time_for(&self, bytes: usize) -> Duration {
        let nanoseconds = bytes as u128 * 1_000_000 / u128::from(self.rate.unsigned_abs());
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }
}

impl Toxic for Bandwidth {
    fn pass(&self, memory: &mut Memory, segment: Segment, out: &mut Vec<Segment>) {
        let Load::Data(mut bytes) = segment.load else {
            out.push(segment.not_before(memory.free_at));
            return;
        };
        let rate = self.rate.unsigned_abs().max(1);
        let piece = rate.saturating_mul(PIECE_MILLISECONDS).max(SMALLEST_PIECE);
        let piece = usize::try_from(piece).unwrap_or(usize::MAX);
        let mut at = segment.at.max(memory.free_at);
        while !bytes.is_empty() {
            let data = bytes.split_to(piece.min(bytes.len()));
            if self.rate > 0 {
                at += self.time_for(data.len());
            }
            let load = Load::Data(data);
            out.push(Segment { at, load });
        }
        memory.free_at = at;
    }

    fn stalls(&self) -> bool {
        self.rate <= 0
    }

    fn bytes_per_second(&self) -> Option<f64> {
        Some(self.rate.max(0) as f64 * 1_000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{data, lengths, Bench};
    use super::*;

    #[test]
    fn bytes_trickle_at_the_rate_and_the_queue_is_remembered() {
        let (toxic, mut bench) = (Bandwidth { rate: 1_000 }, Bench::new(1));
        let out = bench.pass(&toxic, 0, data(12_000));
        assert_eq!(lengths(&out), [(5_000, 5_000), (10_000, 5_000), (12_000, 2_000)]);
        let out = bench.pass(&toxic, 1_000, data(1_000));
        assert_eq!(lengths(&out), [(13_000, 1_000)]);
        let out = bench.pass(&toxic, 50_000, data(1_000));
        assert_eq!(lengths(&out), [(51_000, 1_000)]);
    }

    #[test]
    fn the_end_waits_for_the_bytes() {
        let (toxic, mut bench) = (Bandwidth { rate: 1 }, Bench::new(1));
        bench.pass(&toxic, 0, data(100));
        assert_eq!(bench.pass(&toxic, 0, Load::Fin), [(100_000, Load::Fin)]);
    }

    #[test]
    fn no_rate_stalls() {
        assert!(Bandwidth { rate: 0 }.stalls());
        assert!(!Bandwidth { rate: 1 }.stalls());
    }
}
