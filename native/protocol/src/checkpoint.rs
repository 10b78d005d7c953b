//! A checkpoint: one threshold BLS signature of a committee over the newest stretch of its chain.
use crate::block::BlockHeader;
use crate::Genesis;
use borsh::{BorshDeserialize, BorshSerialize};
use globelet_erasure::merkle::MerkleProof;
use globelet_threshold::signature::SIGNATURE_LEN;
use globelet_types::{encode, ChainId, Hash};

/// Blocks under the root of one checkpoint; fewer at the beginning of a chain.
pub const BLOCKS_MOST: u64 = 1024;

/// A quorum of the committee's replicas, signing as one, says: these are the last blocks of our chain.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Checkpoint {
    /// The chain.
    pub chain: ChainId,
    /// Height of its newest block.
    pub height: u64,
    /// Hash of that block's header.
    pub head: Hash,
    /// Merkle root over the header hashes of the last [`BLOCKS_MOST`] blocks, the newest last.
    pub root: Hash,
    /// The committee's BLS signature over [`Checkpoint::signing_bytes`].
    pub signature: [u8; SIGNATURE_LEN],
}

/// The heights under the root of a checkpoint at `height`: the first, and how many.
pub(crate) fn stretch(height: u64) -> (u64, u64) {
    let count = height.min(BLOCKS_MOST);
    (height + 1 - count, count)
}

impl Checkpoint {
    /// What the committee signs: world, chain, height, head and root.
    pub fn signing_bytes(&self, world: u64) -> Vec<u8> {
        encode(&(b"globelet checkpoint 1", world, self.chain, self.height, self.head, self.root))
    }

    /// Checks that the block's committee signed this, and that the block stands under its root at its height.
    pub(crate) fn check(&self, genesis: &Genesis, block: &BlockHeader, path: &MerkleProof) -> Result<(), &'static str> {
        let key =
            genesis.signing_committee(block.chain).ok_or("the genesis has no key for checkpoints of the chain")?;
        if self.chain != block.chain || !key.verify(&self.signing_bytes(genesis.tag()), &self.signature) {
            return Err("the committee did not sign the checkpoint");
        }
        let (first, count) = stretch(self.height);
        let placed = block.height.checked_sub(first) == Some(u64::from(path.index)) && u64::from(path.count) == count;
        let under = placed && path.verify(&self.root, &block.hash());
        under.then_some(()).ok_or("the block is not under the checkpoint's root")
    }
}
