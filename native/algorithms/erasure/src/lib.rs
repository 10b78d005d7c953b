//! Systematic Reed-Solomon erasure coding with Merkle-committed shards.
//!
//! A [`Codec`] cuts a payload into `n` shards of which any `k` rebuild it; [`commit`] binds the
//! shards to one root, so that a holder can prove it holds exactly the shard it was sent.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod codec;
mod field;
pub mod merkle;
mod solve;

pub use codec::{Codec, ErasureError};
pub use merkle::MerkleProof;

/// The Merkle commitment to an ordered list of shards.
#[derive(Clone, Debug)]
pub struct Commitment {
    /// Root over the shards in index order.
    pub root: [u8; 32],
    tree: merkle::Tree,
}

impl Commitment {
    /// The proof that shard `index` is under the root.
    ///
    /// # Panics
    /// If `index` is not below the number of shards committed to.
    pub fn proof(&self, index: usize) -> MerkleProof {
        self.tree.proof(index)
    }
}

/// Commits to `shards` in index order.
pub fn commit(shards: &[Vec<u8>]) -> Commitment {
    let tree = merkle::Tree::from_leaves(shards);
    Commitment { root: tree.root(), tree }
}
