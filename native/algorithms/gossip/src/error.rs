//! What members, signed payloads and networks refuse.

use thiserror::Error;

use crate::PacketRefused;

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GossipError {
    /// What a peer sent is not packets, or beyond their bounds.
    #[error(transparent)]
    Packets(#[from] PacketRefused),
    /// A payload that no packet may carry.
    #[error("a payload has {found} bytes, at most {most} travel: split it, or broadcast where it can be fetched")]
    PayloadTooLarge {
        /// Its bytes.
        found: usize,
        /// The bound.
        most: usize,
    },
    /// A timer or a signed payload that is none.
    #[error("these bytes are not {what}: pass exactly those that were handed out")]
    Malformed {
        /// What they should be.
        what: &'static str,
    },
    /// A setting out of its range.
    #[error("the setting {what} is {found}, and must be from {least} to {most}")]
    Setting {
        /// Its name.
        what: &'static str,
        /// Its value.
        found: u64,
        /// Least allowed.
        least: u64,
        /// Most allowed.
        most: u64,
    },
    /// A signature that its author did not make.
    #[error("the signature is not the author's: broadcast what was signed, unchanged")]
    Forged,
    /// Somebody who may not broadcast here.
    #[error("the author is none of those who may broadcast here: add its public key to them")]
    UnknownAuthor,
    /// A member that a network does not have, or not any more.
    #[error("the network has no member {peer} that runs: members are numbered from 0, and who was stopped is gone")]
    NoSuchMember {
        /// The number.
        peer: u64,
    },
    /// More members than a network in one process holds.
    #[error("a network has 1 to {most} members, not {found}")]
    Members {
        /// How many were asked for.
        found: u64,
        /// The bound.
        most: u64,
    },
    /// More virtual time at once than a call may take.
    #[error("{found} µs of virtual time are more than {most} at once: run the network in parts")]
    TooLong {
        /// Microseconds asked for.
        found: u64,
        /// The bound.
        most: u64,
    },
    /// A member was told that it said something to itself.
    #[error("a member does not hear itself: name the peer that sent this")]
    FromItself,
}

impl GossipError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            GossipError::Packets(PacketRefused::TooLarge { .. }) => "gossip.too-large",
            GossipError::Packets(PacketRefused::Malformed(_)) | GossipError::Malformed { .. } => "gossip.malformed",
            GossipError::Packets(PacketRefused::TooMany { .. }) => "gossip.too-many",
            GossipError::PayloadTooLarge { .. } => "gossip.payload-too-large",
            GossipError::Setting { .. } => "gossip.setting",
            GossipError::Forged => "gossip.forged",
            GossipError::UnknownAuthor => "gossip.unknown-author",
            GossipError::NoSuchMember { .. } => "gossip.no-such-member",
            GossipError::Members { .. } => "gossip.members",
            GossipError::TooLong { .. } => "gossip.too-long",
            GossipError::FromItself => "gossip.from-itself",
        }
    }
}
