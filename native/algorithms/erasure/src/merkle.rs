//! Merkle trees of the shape of RFC 9162 section 2.1, hashed with BLAKE3 in place of SHA-256.
//!
//! A leaf hashes as `BLAKE3(0x00 || leaf)`, a node as `BLAKE3(0x01 || left || right)`; the left
//! subtree is the largest full one. The root of no leaves is `BLAKE3("")`.

use borsh::io::{Error, ErrorKind, Read, Result};
use borsh::{BorshDeserialize, BorshSerialize};
use globelet_merkle::{Blake3, InclusionProof, TreeHash};

use crate::ErasureError;

/// The longest path a decoded proof may carry. A tree of `u32` leaves needs at most 32.
pub const MAX_PATH: usize = 64;

/// The hash of a leaf, as it stands in the tree.
pub fn leaf_hash(leaf: &[u8]) -> [u8; 32] {
    Blake3::leaf(leaf)
}

/// A Merkle tree over an ordered list of leaves: that of `globelet-merkle`, with proofs that go into messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree(globelet_merkle::Tree<Blake3>);

impl Tree {
    /// Builds the tree over `leaves` in order.
    ///
    /// # Panics
    /// If there are more than `u32::MAX` leaves.
    pub fn from_leaves<T: AsRef<[u8]>>(leaves: &[T]) -> Tree {
        Tree(globelet_merkle::Tree::from_leaves(leaves).expect("a tree numbers its leaves in 32 bits"))
    }

    /// The number of leaves.
    pub fn len(&self) -> usize {
        self.0.len() as usize
    }

    /// Whether the tree has no leaves.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The root hash; `BLAKE3("")` for a tree without leaves.
    pub fn root(&self) -> [u8; 32] {
        self.0.root()
    }

    /// The inclusion proof of leaf `index` (RFC 9162 section 2.1.3.1).
    ///
    /// # Panics
    /// If there is no such leaf.
    pub fn proof(&self, index: usize) -> MerkleProof {
        self.try_proof(index).unwrap_or_else(|| panic!("leaf {index} of a tree of {}", self.len()))
    }

    /// The inclusion proof of leaf `index`, if there is such a leaf.
    pub fn try_proof(&self, index: usize) -> Option<MerkleProof> {
        let InclusionProof { index, count, path } = self.0.prove(u32::try_from(index).ok()?).ok()?;
        Some(MerkleProof { index, count, path })
    }
}

/// How many hashes lie beside the way from leaf `index` to the root of `count` leaves; `None` if there is no such leaf.
pub(crate) fn path_length(index: usize, count: usize) -> Option<usize> {
    let mut last = count.checked_sub(1).filter(|last| index <= *last)?;
    let (mut here, mut hashes) = (index, 0);
    while last > 0 {
        // The last node of an odd level rises without a sibling.
        hashes += usize::from(here & 1 == 1 || here < last);
        here >>= 1;
        last >>= 1;
    }
    Some(hashes)
}

/// The proof that one leaf stands at one place in a tree of a given size.
///
/// The root does not bind `count`: who relies on `index` compares `count` with what it expects.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct MerkleProof {
    /// The leaf's number, from 0.
    pub index: u32,
    /// Leaves in the tree.
    pub count: u32,
    /// Sibling hashes from the leaf upwards, at most [`MAX_PATH`].
    #[borsh(deserialize_with = "bounded_path")]
    pub path: Vec<[u8; 32]>,
}

fn bounded_path<R: Read>(reader: &mut R) -> Result<Vec<[u8; 32]>> {
    let length = u32::deserialize_reader(reader)? as usize;
    if length > MAX_PATH {
        let text = format!("a proof of {length} hashes: at most {MAX_PATH} are taken");
        return Err(Error::new(ErrorKind::InvalidData, text));
    }
    (0..length).map(|_| BorshDeserialize::deserialize_reader(reader)).collect()
}

impl MerkleProof {
    /// The root that follows from `leaf` and the path (RFC 9162 section 2.1.3.2).
    ///
    /// A path of the wrong length for `index` and `count` gives a hash that is no tree's root.
    pub fn root_of(&self, leaf: &[u8]) -> [u8; 32] {
        let hashed = leaf_hash(leaf);
        self.fold(hashed).unwrap_or_else(|| *blake3::Hasher::new().update(&[2]).update(&hashed).finalize().as_bytes())
    }

    /// Whether `leaf` stands at this index under `root`.
    pub fn verify(&self, root: &[u8; 32], leaf: &[u8]) -> bool {
        self.fold(leaf_hash(leaf)).is_some_and(|found| found == *root)
    }

    /// The proof's only encoding, that of `globelet-merkle`'s inclusion proofs and of Borsh: index, count and number of
    /// hashes as `u32` little-endian, then the hashes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let numbers = [self.index, self.count, self.path.len() as u32].map(u32::to_le_bytes);
        [numbers.as_flattened(), self.path.as_flattened()].concat()
    }

    /// Reads a proof; its path has the length that its place asks for, and what it gives encodes to the same bytes.
    ///
    /// # Errors
    /// [`ErasureError::Proof`].
    pub fn from_bytes(bytes: &[u8]) -> std::result::Result<MerkleProof, ErasureError> {
        let read = InclusionProof::from_bytes(bytes);
        let InclusionProof { index, count, path } =
            read.map_err(|_| ErasureError::Proof { length: bytes.len() as u64 })?;
        Ok(MerkleProof { index, count, path })
    }

    /// Climbs the path; `None` if its length does not fit the place.
    fn fold(&self, mut hash: [u8; 32]) -> Option<[u8; 32]> {
        let mut last = self.count.checked_sub(1).filter(|last| self.index <= *last)?;
        let (mut here, mut path) = (self.index, self.path.iter());
        while last > 0 {
            if here & 1 == 1 {
                hash = Blake3::node(path.next()?, &hash);
            } else if here < last {
                hash = Blake3::node(&hash, path.next()?);
            }
            here >>= 1;
            last >>= 1;
        }
        path.next().is_none().then_some(hash)
    }
}
