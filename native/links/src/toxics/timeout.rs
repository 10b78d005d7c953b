//! `timeout`: nothing gets through, and the connection closes after a while.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::{Memory, Toxic};
use crate::millis::Millis;
use crate::segment::{Load, Segment};

/// Drops everything; closes the connection `timeout` milliseconds after it began to act,
/// or, if that is 0, only when the toxic is removed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timeout {
    /// Milliseconds until the connection is closed; 0 for never.
    pub timeout: Millis,
}

impl Toxic for Timeout {
    fn pass(&self, _memory: &mut Memory, mut segment: Segment, out: &mut Vec<Segment>) {
        if !matches!(segment.load, Load::Data(_)) {
            if segment.load == Load::Fin {
                segment.load = Load::Close;
            }
            out.push(segment);
        }
    }

    fn closes_at(&self, memory: &Memory) -> Option<Instant> {
        (self.timeout.get() > 0.0).then(|| memory.since + self.timeout.duration())
    }

    fn closes_when_removed(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{data, Bench};
    use super::*;
    use std::time::Duration;

    #[test]
    fn bytes_vanish_and_the_end_closes() {
        let mut bench = Bench::new(1);
        assert!(bench.pass(&Timeout::default(), 0, data(10)).is_empty());
        let out = bench.pass(&Timeout::default(), 5, Load::Fin);
        assert_eq!(out, [(5, Load::Close)]);
    }

    #[test]
    fn only_a_time_above_zero_closes_by_itself() {
        let bench = Bench::new(1);
        assert_eq!(Timeout::default().closes_at(&bench.memory), None);
        let timeout = Millis::new(25.0).unwrap();
        let closes = Timeout { timeout }.closes_at(&bench.memory);
        assert_eq!(closes, Some(bench.start + Duration::from_millis(25)));
    }
}
