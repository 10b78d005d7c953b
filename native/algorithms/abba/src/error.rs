//! What can be wrong, each with a stable code.

use thiserror::Error;

/// A typed error of this crate; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AbbaError {
    /// Too few members for so many liars.
    #[error("{n} members can not bear {f} liars; take n >= 3f + 1")]
    Committee {
        /// Members.
        n: u16,
        /// Liars to be borne.
        f: u16,
    },
    /// There is no such member or candidate.
    #[error("there is no member {member} among {n}: members are numbered from 0")]
    NoSuchMember {
        /// The number given.
        member: u16,
        /// Members.
        n: u16,
    },
    /// The bytes are no canonical message.
    #[error("the bytes are no message: {reason}; encode messages with this crate")]
    Malformed {
        /// What was met.
        reason: String,
    },
}

impl AbbaError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            AbbaError::Committee { .. } => "abba.committee",
            AbbaError::NoSuchMember { .. } => "abba.no-such-member",
            AbbaError::Malformed { .. } => "abba.malformed",
        }
    }
}
