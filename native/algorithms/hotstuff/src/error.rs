//! What can be wrong, each with a stable code.

use thiserror::Error;

/// A typed error of this crate; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HotstuffError {
    /// A chain needs a member.
    #[error("a chain of no members agrees on nothing; take n >= 1, and n >= 3f + 1 to bear f liars")]
    Committee,
    /// There is no such member.
    #[error("there is no member {member} among {n}: members are numbered from 0")]
    NoSuchMember {
        /// The number given.
        member: u16,
        /// Members.
        n: u16,
    },
    /// The bytes are no canonical encoding.
    #[error("the bytes cannot be read: {reason}; encode the value with this crate")]
    Malformed {
        /// What was met.
        reason: String,
    },
}

impl HotstuffError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            HotstuffError::Committee => "hotstuff.committee",
            HotstuffError::NoSuchMember { .. } => "hotstuff.no-such-member",
            HotstuffError::Malformed { .. } => "hotstuff.malformed",
        }
    }
}
