//! Proof that a tree only grew.

use crate::codec::{write_path, Reader};
use crate::{Hash, MerkleError, TreeHash};

/// The proof that a tree of `new` leaves begins with a tree of `old` leaves (RFC 9162 section 2.1.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsistencyProof {
    /// Leaves in the earlier tree.
    pub old: u32,
    /// Leaves in the later tree.
    pub new: u32,
    /// Hashes from which both roots follow, from the bottom upwards.
    pub path: Vec<Hash>,
}

/// How many hashes a proof has.
fn length(old: u32, new: u32) -> Result<u64, MerkleError> {
    if old > new {
        return Err(MerkleError::NoSuchSize { size: old.into(), count: new.into() });
    }
    if old == 0 || old == new {
        return Ok(0);
    }
    // From the old tree's last full subtree upwards there is a hash at each level that has a sibling.
    let rises = (old - 1).trailing_ones();
    let (mut here, mut last) = ((old - 1) >> rises, (new - 1) >> rises);
    let mut hashes = u64::from(!old.is_power_of_two());
    while last > 0 {
        hashes += u64::from(here & 1 == 1 || here < last);
        here >>= 1;
        last >>= 1;
    }
    Ok(hashes)
}

impl ConsistencyProof {
    /// Whether the tree under `new_root` begins with the tree under `old_root` (RFC 9162 section 2.1.4.2). The empty tree,
    /// of which the RFC says nothing, begins every tree.
    pub fn verify<H: TreeHash>(&self, old_root: &Hash, new_root: &Hash) -> bool {
        if length(self.old, self.new) != Ok(self.path.len() as u64) {
            return false;
        }
        if self.old == self.new {
            return old_root == new_root && (self.new > 0 || *new_root == H::empty());
        }
        if self.old == 0 {
            return *old_root == H::empty();
        }
        self.roots::<H>(old_root) == Some((*old_root, *new_root))
    }

    /// Both roots as they follow from the path.
    fn roots<H: TreeHash>(&self, old_root: &Hash) -> Option<(Hash, Hash)> {
        let mut path = self.path.iter();
        let first = if self.old.is_power_of_two() { old_root } else { path.next()? };
        let rises = (self.old - 1).trailing_ones();
        let (mut here, mut last) = ((self.old - 1) >> rises, (self.new - 1) >> rises);
        let (mut old, mut new) = (*first, *first);
        while last > 0 {
            if here & 1 == 1 {
                let left = path.next()?;
                (old, new) = (H::node(left, &old), H::node(left, &new));
            } else if here < last {
                new = H::node(&new, path.next()?);
            }
            here >>= 1;
            last >>= 1;
        }
        Some((old, new))
    }

    /// The proof's only encoding: old, new and number of hashes as `u32` little-endian, then the hashes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = [self.old.to_le_bytes(), self.new.to_le_bytes()].concat();
        write_path(&mut bytes, &self.path);
        bytes
    }

    /// Reads a proof; what it gives encodes to the same bytes.
    ///
    /// # Errors
    /// [`MerkleError::NoSuchSize`], [`MerkleError::Length`].
    pub fn from_bytes(bytes: &[u8]) -> Result<ConsistencyProof, MerkleError> {
        let mut reader = Reader::new(bytes);
        let (old, new) = (reader.number()?, reader.number()?);
        let path = reader.path(length(old, new)?)?;
        Ok(ConsistencyProof { old, new, path })
    }
}
