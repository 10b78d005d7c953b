//! `reset_peer`: the connection is reset.

use serde::{Deserialize, Serialize};

use super::{Memory, Toxic};
use crate::millis::Millis;
use crate::segment::{Load, Segment};

/// Drops everything and resets the connection (TCP RST) `timeout` milliseconds after its first
/// bytes, as Toxiproxy does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResetPeer {
    /// Milliseconds from the first bytes to the reset.
    pub timeout: Millis,
}

impl Toxic for ResetPeer {
    fn pass(&self, _memory: &mut Memory, segment: Segment, out: &mut Vec<Segment>) {
        let at = segment.at + self.timeout.duration();
        let load = Load::Reset;
        out.push(Segment { at, load });
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{data, Bench};
    use super::*;

    #[test]
    fn the_first_bytes_start_the_reset() {
        let timeout = Millis::new(2.0).unwrap();
        let out = Bench::new(1).pass(&ResetPeer { timeout }, 10, data(9));
        assert_eq!(out, [(2_010, Load::Reset)]);
    }
}
