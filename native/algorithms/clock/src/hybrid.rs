//! The hybrid logical clock.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::{ClockError, Stamp};

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

    /// How far ahead of physical time a stamp may be, in microseconds.
    pub fn max_skew_us(&self) -> u64 {
        self.max_skew_us
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
