//! `slicer`: bytes leave in small pieces.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Memory, Toxic};
use crate::segment::{Load, Segment};

/// Cuts what was read into pieces of `average_size` ± `size_variation` bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Slicer {
    /// Bytes in a piece; 0 cuts nothing.
    pub average_size: u32,
    /// How far the size of a piece strays to either side; less than `average_size`.
    pub size_variation: u32,
    /// Microseconds between one piece and the next.
    pub delay: u32,
}

impl Slicer {
    fn size(&self, memory: &mut Memory) -> usize {
        if self.average_size == 0 {
            return usize::MAX;
        }
        let variation = f64::from(self.size_variation);
        let stray = (memory.random.unit() * 2.0 - 1.0) * variation;
        (f64::from(self.average_size) + stray).round().max(1.0) as usize
    }
}

impl Toxic for Slicer {
    fn pass(&self, memory: &mut Memory, segment: Segment, out: &mut Vec<Segment>) {
        let Load::Data(mut bytes) = segment.load else {
            out.push(segment.not_before(memory.free_at));
            return;
        };
        let mut at = segment.at.max(memory.free_at);
        while !bytes.is_empty() {
            let size = self.size(memory).min(bytes.len());
            let load = Load::Data(bytes.split_to(size));
            out.push(Segment { at, load });
            at += Duration::from_micros(u64::from(self.delay));
        }
        memory.free_at = at;
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{data, lengths, Bench};
    use super::*;

    #[test]
    fn pieces_follow_one_another_at_the_delay() {
        let toxic = Slicer { average_size: 40, size_variation: 0, delay: 10 };
        let mut bench = Bench::new(1);
        let out = bench.pass(&toxic, 0, data(100));
        assert_eq!(lengths(&out), [(0, 40), (10, 40), (20, 20)]);
        assert_eq!(lengths(&bench.pass(&toxic, 0, data(1))), [(30, 1)]);
    }

    #[test]
    fn sizes_vary_within_bounds_and_repeat_from_the_seed() {
        let toxic = Slicer { average_size: 100, size_variation: 20, delay: 0 };
        let cut = |seed| lengths(&Bench::new(seed).pass(&toxic, 0, data(10_000)));
        let pieces = cut(3);
        assert_eq!(pieces, cut(3));
        assert_eq!(pieces.iter().map(|piece| piece.1).sum::<usize>(), 10_000);
        let (_, whole) = pieces.split_last().unwrap();
        assert!(whole.iter().all(|piece| (80..=120).contains(&piece.1)));
    }

    #[test]
    fn no_size_cuts_nothing() {
        let out = Bench::new(1).pass(&Slicer::default(), 0, data(5_000));
        assert_eq!(lengths(&out), [(0, 5_000)]);
    }
}
