//! What this crate refuses, and why.

use thiserror::Error;

/// A typed refusal; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HoldingError {
    /// The bytes are no canonical encoding, or a field is out of its bounds.
    #[error("the bytes cannot be read: {reason}; encode the value with this crate")]
    Malformed {
        /// What was met.
        reason: String,
    },
    /// A signature does not stand.
    #[error("the signature does not stand on these bytes by this key; ask its owner to sign them again")]
    BadSignature,
    /// The shard is not what its commitment says.
    #[error("the shard does not have the committed root; fetch it again")]
    WrongShard,
    /// Another shard is held in this place.
    #[error("another request holds this place; ask with the commitment and the key of the first one")]
    Conflict,
    /// The holder has no room.
    #[error("{wanted} bytes more than the {room} left, or too many shards; ask another holder")]
    NoRoom {
        /// Bytes wanted.
        wanted: u64,
        /// Bytes left.
        room: u64,
    },
    /// The shard is not held, or no longer.
    #[error("the shard is not held here, or its time is over; send it again with a new request")]
    NotHeld,
    /// The time to live is zero, over, or longer than allowed.
    #[error("held until {until_us} us, which is not between {now_us} and {latest_us}; ask for a time within")]
    OutOfTime {
        /// Until when.
        until_us: u64,
        /// Now.
        now_us: u64,
        /// Latest allowed.
        latest_us: u64,
    },
    /// An answer came after its time.
    #[error("the answer came at {at_us} us and was due at {due_us}; count it as missed")]
    Late {
        /// When it came.
        at_us: u64,
        /// When it was due.
        due_us: u64,
    },
    /// An answer is signed and does not show the pieces asked for.
    #[error("the answer is wrong: {reason}; keep it, it proves that the shard was lost or changed")]
    WrongAnswer {
        /// What is wrong.
        reason: String,
    },
}

impl HoldingError {
    /// The stable code of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            HoldingError::Malformed { .. } => "holding.malformed",
            HoldingError::BadSignature => "holding.bad-signature",
            HoldingError::WrongShard => "holding.wrong-shard",
            HoldingError::Conflict => "holding.conflict",
            HoldingError::NoRoom { .. } => "holding.no-room",
            HoldingError::NotHeld => "holding.not-held",
            HoldingError::OutOfTime { .. } => "holding.out-of-time",
            HoldingError::Late { .. } => "holding.late",
            HoldingError::WrongAnswer { .. } => "holding.wrong-answer",
        }
    }
}
