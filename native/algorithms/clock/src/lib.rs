//! Hybrid logical clock with bounded skew.
//!
//! Stamps follow physical time closely, never go backwards, and order cause before effect
//! (Kulkarni, Demirbas, Madappa, Avva, Leone, "Logical Physical Clocks", 2014). The caller reads
//! the physical clock and passes the time in.
#![cfg_attr(test, allow(clippy::unwrap_used))]

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

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

impl Stamp {
    /// The next stamp after this one; a full counter carries into the microseconds.
    fn next(self) -> Stamp {
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

/// Why a remote stamp was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// The stamp is further ahead of the local clock than the bound allows.
    #[error("the stamp is {ahead_us} µs ahead of the local clock, the bound is {max_skew_us} µs: compare both clocks with a time server")]
    Skew {
        /// How far ahead it is, in microseconds.
        ahead_us: u64,
        /// The bound, in microseconds.
        max_skew_us: u64,
    },
}

/// A hybrid logical clock. It can be stored and resumed, so that stamps grow across a restart.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Clock {
    max_skew_us: u64,
    last: Stamp,
}

impl Clock {
    /// A clock that refuses stamps more than `max_skew_us` microseconds ahead of physical time.
    pub fn new(max_skew_us: u64) -> Clock {
        Clock { max_skew_us, last: Stamp::default() }
    }

    /// The latest stamp given out.
    pub fn last(&self) -> Stamp {
        self.last
    }

    /// A stamp for something that happens here at `physical_us`; later than every stamp before it.
    pub fn now(&mut self, physical_us: u64) -> Stamp {
        let physical = Stamp { micros: physical_us, counter: 0 };
        self.last = physical.max(self.last.next());
        self.last
    }

    /// A stamp for the arrival of `remote` at `physical_us`: later than it and than all before it.
    ///
    /// # Errors
    /// [`ClockError::Skew`] if `remote` is too far ahead of `physical_us`; the clock is unchanged.
    pub fn receive(&mut self, physical_us: u64, remote: Stamp) -> Result<Stamp, ClockError> {
        let ahead_us = remote.micros.saturating_sub(physical_us);
        if ahead_us > self.max_skew_us {
            return Err(ClockError::Skew { ahead_us, max_skew_us: self.max_skew_us });
        }
        self.last = self.last.max(remote);
        Ok(self.now(physical_us))
    }
}
