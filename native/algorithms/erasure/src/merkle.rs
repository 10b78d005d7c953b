//! Merkle trees of the shape of RFC 9162 section 2.1, hashed with BLAKE3 in place of SHA-256.
//!
//! A leaf hashes as `BLAKE3(0x00 || leaf)`, a node as `BLAKE3(0x01 || left || right)`; the left
//! subtree is the largest full one. The root of no leaves is `BLAKE3("")`.

use borsh::io::{Error, ErrorKind, Read, Result};
use borsh::{BorshDeserialize, BorshSerialize};

/// The longest path a decoded proof may carry. A tree of `u32` leaves needs at most 32.
pub const MAX_PATH: usize = 64;

fn hash(prefix: u8, parts: [&[u8]; 2]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[prefix]);
    parts.iter().for_each(|part| {
        hasher.update(part);
    });
    *hasher.finalize().as_bytes()
}

/// The hash of a leaf, as it stands in the tree.
pub fn leaf_hash(leaf: &[u8]) -> [u8; 32] {
    hash(0, [leaf, &[]])
}

fn node_hash(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    hash(1, [left, right])
}

/// A Merkle tree over an ordered list of leaves, kept level by level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    levels: Vec<Vec<[u8; 32]>>,
}

impl Tree {
    /// Builds the tree over `leaves` in order.
    ///
    /// # Panics
    /// If there are more than `u32::MAX` leaves.
    pub fn from_leaves<T: AsRef<[u8]>>(leaves: &[T]) -> Tree {
        assert!(u32::try_from(leaves.len()).is_ok(), "a tree numbers its leaves in 32 bits");
        let mut levels = vec![leaves.iter().map(|l| leaf_hash(l.as_ref())).collect::<Vec<_>>()];
        while let Some(level) = levels.last().filter(|level| level.len() > 1) {
            // An odd node rises unchanged: pairing level by level gives the RFC's split.
            let above = level
                .chunks(2)
                .map(|pair| match pair {
                    [left, right] => node_hash(left, right),
                    rest => rest[0],
                })
                .collect();
            levels.push(above);
        }
        Tree { levels }
    }

    /// The number of leaves.
    pub fn len(&self) -> usize {
        self.levels[0].len()
    }

    /// Whether the tree has no leaves.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The root hash; `BLAKE3("")` for a tree without leaves.
    pub fn root(&self) -> [u8; 32] {
        let top = self.levels.last().and_then(|level| level.first());
        top.copied().unwrap_or_else(|| *blake3::hash(&[]).as_bytes())
    }

    /// The inclusion proof of leaf `index` (RFC 9162 section 2.1.3.1).
    ///
    /// # Panics
    /// If there is no such leaf.
    pub fn proof(&self, index: usize) -> MerkleProof {
        let count = self.len();
        assert!(index < count, "leaf {index} of a tree of {count}");
        let path =
            self.levels.iter().enumerate().filter_map(|(height, level)| level.get((index >> height) ^ 1).copied());
        MerkleProof { index: index as u32, count: count as u32, path: path.collect() }
    }
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
        self.fold(hashed).unwrap_or_else(|| hash(2, [&hashed, &[]]))
    }

    /// Whether `leaf` stands at this index under `root`.
    pub fn verify(&self, root: &[u8; 32], leaf: &[u8]) -> bool {
        self.fold(leaf_hash(leaf)).is_some_and(|found| found == *root)
    }

    /// Climbs the path; `None` if its length does not fit the place.
    fn fold(&self, mut hash: [u8; 32]) -> Option<[u8; 32]> {
        let mut last = self.count.checked_sub(1).filter(|last| self.index <= *last)?;
        let (mut here, mut path) = (self.index, self.path.iter());
        while last > 0 {
            if here & 1 == 1 {
                hash = node_hash(path.next()?, &hash);
            } else if here < last {
                hash = node_hash(&hash, path.next()?);
            }
            here >>= 1;
            last >>= 1;
        }
        path.next().is_none().then_some(hash)
    }
}
