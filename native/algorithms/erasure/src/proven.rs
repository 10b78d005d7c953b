//! Shards that are checked one by one before they are decoded.

use crate::{Codec, ErasureError, MerkleProof};

/// A payload whose shards were checked by their proofs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The payload.
    pub payload: Vec<u8>,
    /// Shards that were given and do not stand under the root, rising; they were not used.
    pub wrong: Vec<usize>,
}

/// Numbered shards that stand under a root, rising, and the numbers of those that do not.
pub(crate) type Sifted<'a> = (Vec<(usize, &'a [u8])>, Vec<usize>);

impl Codec {
    /// Rebuilds the payload from shards that stand under `root`, and names those that do not.
    ///
    /// A wrong shard is never decoded: its proof does not lead to the root. Whether the sender's shards agree with each
    /// other is another question, which [`Codec::decode_committed`] answers.
    ///
    /// # Errors
    /// [`ErasureError::Wrong`] if wrong shards leave fewer than `k`, and what [`Codec::decode`] refuses.
    pub fn decode_proven(&self, root: &[u8; 32], shards: &[(&MerkleProof, &[u8])]) -> Result<Proven, ErasureError> {
        let (good, wrong) = self.sift(root, shards)?;
        Ok(Proven { payload: self.decode(&good)?, wrong })
    }

    /// Shards that stand under `root`, and the numbers of those that do not.
    pub(crate) fn sift<'a>(
        &self,
        root: &[u8; 32],
        shards: &[(&MerkleProof, &'a [u8])],
    ) -> Result<Sifted<'a>, ErasureError> {
        let (mut good, mut wrong) = (Vec::new(), Vec::new());
        for (proof, shard) in shards {
            if proof.count as usize == self.n() && proof.verify(root, shard) {
                good.push((proof.index as usize, *shard));
            } else {
                wrong.push(proof.index as usize);
            }
        }
        good.sort_unstable_by_key(|(index, _)| *index);
        good.dedup_by_key(|(index, _)| *index);
        wrong.sort_unstable();
        wrong.dedup();
        if good.len() < self.k() && !wrong.is_empty() {
            return Err(ErasureError::Wrong { wrong, have: good.len(), need: self.k() });
        }
        Ok((good, wrong))
    }
}
