//! Points in hybrid time.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::ClockError;

/// A point in hybrid time, ordered by time and then by counter.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    BorshSerialize,
    BorshDeserialize,
    Serialize,
    Deserialize,
)]
pub struct Stamp {
    /// Microseconds since the Unix epoch.
    pub micros: u64,
    /// Order among stamps of the same microsecond.
    pub counter: u32,
}

/// Bytes of a stamp.
pub const STAMP_BYTES: usize = 12;

impl Stamp {
    /// The only encoding: microseconds as 64 bits, counter as 32, little-endian.
    pub fn to_bytes(self) -> [u8; STAMP_BYTES] {
        let mut out = [0; STAMP_BYTES];
        out[..8].copy_from_slice(&self.micros.to_le_bytes());
        out[8..].copy_from_slice(&self.counter.to_le_bytes());
        out
    }

    /// Reads a stamp.
    ///
    /// # Errors
    /// [`ClockError::Length`] for any other number of bytes than [`STAMP_BYTES`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Stamp, ClockError> {
        match bytes.split_at_checked(8).map(|(micros, counter)| (micros.try_into(), counter.try_into())) {
            Some((Ok(micros), Ok(counter))) => {
                Ok(Stamp { micros: u64::from_le_bytes(micros), counter: u32::from_le_bytes(counter) })
            }
            _ => Err(ClockError::Length { what: "a stamp", expected: STAMP_BYTES, found: bytes.len() }),
        }
    }

    /// The next stamp after this one; a full counter carries into the microseconds.
    pub(crate) fn next(self) -> Stamp {
        match self.counter.checked_add(1) {
            Some(counter) => Stamp { counter, ..self },
            None => Stamp { micros: self.micros.saturating_add(1), counter: 0 },
        }
    }
}

impl std::fmt::Display for Stamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.micros, self.counter)
    }
}
