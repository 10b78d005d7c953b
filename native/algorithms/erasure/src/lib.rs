//! Systematic Reed-Solomon erasure coding with Merkle-committed shards.
//!
//! A [`Codec`] cuts a payload into `n` shards of which any `k` rebuild it; [`commit`] binds the shards to one root, so that
//! a holder can prove that it holds exactly the shard it was sent, and a wrong shard is named instead of decoded
//! ([`Codec::decode_proven`]). A payload too large for memory goes in stripes ([`Encoder`], [`Decoder`]), each with a root
//! of its own in a [`Manifest`].
//!
//! | shape | code | encode, for each byte of a shard | rebuild m data shards |
//! |---|---|---|---|
//! | 1 ≤ k ≤ n ≤ 255 | own: a Cauchy matrix over GF(2^8), 0x11d, inverted in closed form | k (n - k) products, 64 in one instruction with GFNI, 32 with AVX2 | k m products |
//! | k < n ≤ 65535 | reed-solomon-simd, over GF(2^16) | O(n log n) products | O(n log n) |
//!
//! With all data shards nothing is computed. Payloads have up to 2^32 - 1 bytes, streams of stripes more; memory is
//! a small multiple of what is given. Every processor gives the same bytes.
//!
//! **Not promised.** Shards hide nothing: data shards are the payload. A code corrects losses and no errors: a wrong shard
//! that is not checked against a root gives a wrong payload or [`ErasureError::Frame`]. A root proves what its maker
//! committed to, not that the maker encoded honestly: that is what [`Codec::decode_committed`] checks. The number of
//! shards is not bound by the root; it is compared with the codec's own.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod cauchy;
mod codec;
mod error;
mod field;
mod frame;
mod kernel;
pub mod merkle;
mod proven;
#[cfg(feature = "python")]
pub mod python;
mod stream;
mod wide;

pub use codec::Codec;
pub use error::ErasureError;
pub use frame::Frame;
pub use merkle::MerkleProof;
pub use proven::Proven;
pub use stream::{Decoder, Encoder, Manifest, Stripe, MAX_STRIPE};

/// The Merkle commitment to an ordered list of shards.
#[derive(Clone, Debug)]
pub struct Commitment {
    /// Root over the shards in index order.
    pub root: [u8; 32],
    pub(crate) tree: merkle::Tree,
}

impl Commitment {
    /// The proof that shard `index` is under the root.
    ///
    /// # Panics
    /// If `index` is not below the number of shards committed to; [`Commitment::try_proof`] refuses it.
    pub fn proof(&self, index: usize) -> MerkleProof {
        self.tree.proof(index)
    }

    /// The proof that shard `index` is under the root.
    ///
    /// # Errors
    /// [`ErasureError::Index`].
    pub fn try_proof(&self, index: usize) -> Result<MerkleProof, ErasureError> {
        self.tree.try_proof(index).ok_or(ErasureError::Index { index, n: self.tree.len() })
    }

    /// Shards committed to.
    pub fn len(&self) -> usize {
        self.tree.len()
    }

    /// Whether no shard was committed to.
    pub fn is_empty(&self) -> bool {
        self.tree.is_empty()
    }
}

/// Commits to `shards` in index order.
pub fn commit<T: AsRef<[u8]>>(shards: &[T]) -> Commitment {
    let tree = merkle::Tree::from_leaves(shards);
    Commitment { root: tree.root(), tree }
}
