//! What trees and decoders refuse.

/// Why a proof was not made, or bytes are no proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MerkleError {
    /// There is no leaf of this number.
    #[error("there is no leaf {index} in a tree of {count}: leaves are numbered from 0")]
    NoSuchLeaf {
        /// The leaf asked for.
        index: u64,
        /// Leaves in the tree.
        count: u64,
    },
    /// The tree never had this size.
    #[error("a tree of {count} leaves never had {size}: ask for a size of at most {count}")]
    NoSuchSize {
        /// The size asked for.
        size: u64,
        /// Leaves in the tree.
        count: u64,
    },
    /// A tree numbers its leaves in 32 bits.
    #[error("a tree holds at most 4294967295 leaves: start another one")]
    Full,
    /// A multi-proof is for one leaf at least, named once each, in order.
    #[error("the leaves of a multi-proof must be named in rising order, each once, and one at least")]
    NotRising,
    /// The bytes are longer or shorter than a proof of what they name.
    #[error("a proof of this has {expected} bytes, not {found}: pass exactly the bytes that were encoded")]
    Length {
        /// What the proof has to be.
        expected: u64,
        /// What was given.
        found: u64,
    },
}

impl MerkleError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            MerkleError::NoSuchLeaf { .. } => "merkle.no-such-leaf",
            MerkleError::NoSuchSize { .. } => "merkle.no-such-size",
            MerkleError::Full => "merkle.full",
            MerkleError::NotRising => "merkle.not-rising",
            MerkleError::Length { .. } => "merkle.length",
        }
    }
}
