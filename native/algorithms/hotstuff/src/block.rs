//! Block headers and their hashes.

use borsh::{BorshDeserialize, BorshSerialize};

/// A BLAKE3 hash.
pub type Hash = [u8; 32];

/// The parent of the block at height 1.
pub const GENESIS: Hash = [0; 32];

/// The header of a block. It keeps its view and proposer when a later leader proposes the block again, so a
/// block has one hash for ever and certificates of several views may speak of it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Header {
    /// The chain's number in the world.
    pub chain: u16,
    /// Height, from 1.
    pub height: u64,
    /// The view in which the block was first proposed.
    pub view: u64,
    /// Hash of the block one below; [`GENESIS`] for height 1.
    pub parent: Hash,
    /// Root over the payload, as the application defines it.
    pub payload_root: Hash,
    /// The leader who made the block.
    pub proposer: u16,
    /// When it made it, in microseconds; never below the parent's.
    pub time_us: u64,
}

impl Header {
    /// The block's hash: BLAKE3 over the borsh encoding in a domain of its own.
    pub fn hash(&self) -> Hash {
        let bytes = borsh::to_vec(self).expect("a header has no part that can fail to encode");
        blake3::derive_key("globelet hotstuff 1: header", &bytes)
    }
}
