//! `slow_close`: the end of a stream arrives late.

use serde::{Deserialize, Serialize};

use super::{Memory, Toxic};
use crate::millis::Millis;
use crate::segment::{Load, Segment};

/// Delays the end of the stream, not its bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SlowClose {
    /// Milliseconds between the end and its delivery.
    pub delay: Millis,
}

impl Toxic for SlowClose {
    fn pass(&self, _memory: &mut Memory, mut segment: Segment, out: &mut Vec<Segment>) {
        if matches!(segment.load, Load::Fin | Load::Close) {
            segment.at += self.delay.duration();
        }
        out.push(segment);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{data, lengths, Bench};
    use super::*;

    #[test]
    fn only_the_end_is_delayed() {
        let delay = Millis::new(30.0).unwrap();
        let (toxic, mut bench) = (SlowClose { delay }, Bench::new(1));
        assert_eq!(lengths(&bench.pass(&toxic, 1, data(4))), [(1, 4)]);
        assert_eq!(bench.pass(&toxic, 2, Load::Fin), [(30_002, Load::Fin)]);
        assert_eq!(bench.pass(&toxic, 2, Load::Reset), [(2, Load::Reset)]);
    }
}
