//! Timers, and their bytes for callers that keep them for a member.

use crate::{GossipError, MessageId};

/// A timer of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// The next shuffle.
    Period,
    /// Announcements leave.
    Announce,
    /// An announced message should have come.
    Await(MessageId),
}

impl Timer {
    /// Canonical bytes: a kind, and the id of an awaited message.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Timer::Period => vec![0],
            Timer::Announce => vec![1],
            Timer::Await(id) => [&[2], id.0.as_slice()].concat(),
        }
    }

    /// Reads a timer.
    ///
    /// # Errors
    /// [`GossipError::Malformed`] for anything that [`Timer::to_bytes`] does not give.
    pub fn from_bytes(bytes: &[u8]) -> Result<Timer, GossipError> {
        match bytes {
            [0] => Ok(Timer::Period),
            [1] => Ok(Timer::Announce),
            [2, id @ ..] => id.try_into().map(|id| Timer::Await(MessageId(id))).map_err(|_| malformed()),
            _ => Err(malformed()),
        }
    }
}

fn malformed() -> GossipError {
    GossipError::Malformed { what: "a timer" }
}
