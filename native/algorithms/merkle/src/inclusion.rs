//! Proof that one leaf stands at one place.

use crate::codec::{write_path, Reader};
use crate::{Hash, MerkleError, TreeHash};

/// The proof that one leaf stands at one place in a tree of a given size (RFC 9162 section 2.1.3).
///
/// The root does not bind `count`: who relies on `index` compares `count` with the size it expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof {
    /// The leaf's number, from 0.
    pub index: u32,
    /// Leaves in the tree.
    pub count: u32,
    /// Sibling hashes from the leaf upwards.
    pub path: Vec<Hash>,
}

/// How many hashes lie beside the way from leaf `index` to the root of `count` leaves.
fn length(index: u32, count: u32) -> Result<u64, MerkleError> {
    let out_of_range = MerkleError::NoSuchLeaf { index: index.into(), count: count.into() };
    let mut last = count.checked_sub(1).filter(|last| index <= *last).ok_or(out_of_range)?;
    let (mut here, mut hashes) = (index, 0);
    while last > 0 {
        // The last node of an odd level rises without a sibling.
        hashes += u64::from(here & 1 == 1 || here < last);
        here >>= 1;
        last >>= 1;
    }
    Ok(hashes)
}

impl InclusionProof {
    /// Whether `leaf` stands at this index under `root`.
    pub fn verify<H: TreeHash>(&self, root: &Hash, leaf: &[u8]) -> bool {
        self.implied_root::<H>(leaf) == Some(*root)
    }

    /// The root that follows from `leaf` and the path (RFC 9162 section 2.1.3.2); `None` if the path's length does not fit.
    pub fn implied_root<H: TreeHash>(&self, leaf: &[u8]) -> Option<Hash> {
        let mut last = self.count.checked_sub(1).filter(|last| self.index <= *last)?;
        let (mut here, mut path, mut hash) = (self.index, self.path.iter(), H::leaf(leaf));
        while last > 0 {
            if here & 1 == 1 {
                hash = H::node(path.next()?, &hash);
            } else if here < last {
                hash = H::node(&hash, path.next()?);
            }
            here >>= 1;
            last >>= 1;
        }
        path.next().is_none().then_some(hash)
    }

    /// The proof's only encoding: index, count and number of hashes as `u32` little-endian, then the hashes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = [self.index.to_le_bytes(), self.count.to_le_bytes()].concat();
        write_path(&mut bytes, &self.path);
        bytes
    }

    /// Reads a proof; what it gives encodes to the same bytes.
    ///
    /// # Errors
    /// [`MerkleError::NoSuchLeaf`], [`MerkleError::Length`].
    pub fn from_bytes(bytes: &[u8]) -> Result<InclusionProof, MerkleError> {
        let mut reader = Reader::new(bytes);
        let (index, count) = (reader.number()?, reader.number()?);
        let path = reader.path(length(index, count)?)?;
        Ok(InclusionProof { index, count, path })
    }
}
