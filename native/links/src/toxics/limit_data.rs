//! `limit_data`: the connection closes after so many bytes.

use serde::{Deserialize, Serialize};

use super::{Memory, Toxic};
use crate::segment::{Load, Segment};

/// Closes the connection once `bytes` bytes have gone through.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LimitData {
    /// Bytes let through.
    pub bytes: u64,
}

impl Toxic for LimitData {
    fn pass(&self, memory: &mut Memory, segment: Segment, out: &mut Vec<Segment>) {
        let at = segment.at;
        let Load::Data(mut bytes) = segment.load else {
            out.push(segment);
            return;
        };
        let left = self.bytes.saturating_sub(memory.passed);
        bytes.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        memory.passed += bytes.len() as u64;
        if !bytes.is_empty() {
            let load = Load::Data(bytes);
            out.push(Segment { at, load });
        }
        if memory.passed >= self.bytes {
            let load = Load::Close;
            out.push(Segment { at, load });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{data, Bench};
    use super::*;

    #[test]
    fn the_byte_that_fills_the_limit_is_the_last() {
        let (toxic, mut bench) = (LimitData { bytes: 100 }, Bench::new(1));
        assert_eq!(bench.pass(&toxic, 0, data(60)), [(0, data(60))]);
        let out = bench.pass(&toxic, 1, data(60));
        assert_eq!(out, [(1, data(40)), (1, Load::Close)]);
    }

    #[test]
    fn a_limit_lowered_below_what_has_passed_closes_at_once() {
        let mut bench = Bench::new(1);
        bench.pass(&LimitData { bytes: 100 }, 0, data(60));
        let out = bench.pass(&LimitData { bytes: 10 }, 1, data(5));
        assert_eq!(out, [(1, Load::Close)]);
    }
}
