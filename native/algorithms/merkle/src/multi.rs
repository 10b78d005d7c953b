//! One proof for many leaves.

use crate::codec::{write_path, Reader};
use crate::{Hash, MerkleError, TreeHash};

/// The proof that some leaves stand at their places in a tree of a given size.
///
/// The hashes stand level by level from the leaves upwards, from left to right, each where a known node's sibling is not
/// known itself. As for [`crate::InclusionProof`], the root does not bind `count`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MultiProof {
    count: u32,
    indices: Vec<u32>,
    path: Vec<Hash>,
}

/// Climbs from known nodes to the root: `beside(height, place)` gives what is not known, `join` the node above two.
/// `None` if `beside` has nothing.
fn climb<T>(
    count: u32,
    mut known: Vec<(u32, T)>,
    mut beside: impl FnMut(usize, u32) -> Option<T>,
    join: impl Fn(T, T) -> T,
) -> Option<T> {
    let mut last = count - 1;
    for height in 0.. {
        if last == 0 {
            break;
        }
        let mut above = Vec::with_capacity(known.len());
        let mut nodes = known.into_iter().peekable();
        while let Some((place, node)) = nodes.next() {
            let joined = if place & 1 == 1 {
                join(beside(height, place - 1)?, node)
            } else if let Some((_, right)) = nodes.next_if(|next| next.0 == place + 1) {
                join(node, right)
            } else if place < last {
                join(node, beside(height, place + 1)?)
            } else {
                node
            };
            above.push((place >> 1, joined));
        }
        known = above;
        last >>= 1;
    }
    known.pop().map(|(_, root)| root)
}

/// Refuses an empty, unordered or too large choice of leaves.
fn check(count: u32, indices: &[u32]) -> Result<(), MerkleError> {
    if indices.is_empty() || indices.windows(2).any(|pair| pair[0] >= pair[1]) {
        return Err(MerkleError::NotRising);
    }
    match indices.last().filter(|last| **last >= count) {
        Some(last) => Err(MerkleError::NoSuchLeaf { index: (*last).into(), count: count.into() }),
        None => Ok(()),
    }
}

impl MultiProof {
    /// Collects the hashes that `node(height, place)` gives.
    pub(crate) fn new(
        count: u32,
        indices: &[u32],
        node: impl Fn(usize, u32) -> Hash,
    ) -> Result<MultiProof, MerkleError> {
        check(count, indices)?;
        let mut path = Vec::new();
        let known = indices.iter().map(|index| (*index, ())).collect();
        let collect = |height, place| {
            path.push(node(height, place));
            Some(())
        };
        climb(count, known, collect, |(), ()| ());
        Ok(MultiProof { count, indices: indices.to_vec(), path })
    }

    /// Leaves in the tree.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The leaves' numbers, rising.
    pub fn indices(&self) -> &[u32] {
        &self.indices
    }

    /// The hashes that don't follow from the leaves.
    pub fn path(&self) -> &[Hash] {
        &self.path
    }

    /// Whether these leaves, in the order of [`MultiProof::indices`], stand at their places under `root`.
    pub fn verify<H: TreeHash, T: AsRef<[u8]>>(&self, root: &Hash, leaves: &[T]) -> bool {
        if leaves.len() != self.indices.len() {
            return false;
        }
        let hashes = leaves.iter().map(|leaf| H::leaf(leaf.as_ref()));
        let known = self.indices.iter().copied().zip(hashes).collect();
        let mut path = self.path.iter();
        let implied = climb(self.count, known, |_, _| path.next().copied(), |left, right| H::node(&left, &right));
        implied == Some(*root) && path.next().is_none()
    }

    /// The proof's only encoding, in `u32` little-endian: count, number of leaves, the leaves' numbers, number of hashes;
    /// then the hashes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let numbers = [self.count, self.indices.len() as u32];
        let mut bytes: Vec<u8> = numbers.iter().chain(&self.indices).flat_map(|number| number.to_le_bytes()).collect();
        write_path(&mut bytes, &self.path);
        bytes
    }

    /// Reads a proof; what it gives encodes to the same bytes.
    ///
    /// # Errors
    /// [`MerkleError::NotRising`], [`MerkleError::NoSuchLeaf`], [`MerkleError::Length`].
    pub fn from_bytes(bytes: &[u8]) -> Result<MultiProof, MerkleError> {
        let mut reader = Reader::new(bytes);
        let count = reader.number()?;
        let chosen = reader.number()?;
        let indices = reader.numbers(chosen)?;
        check(count, &indices)?;
        let (mut hashes, known) = (0, indices.iter().map(|index| (*index, ())).collect());
        let count_one = |_, _| {
            hashes += 1;
            Some(())
        };
        climb(count, known, count_one, |(), ()| ());
        let path = reader.path(hashes)?;
        Ok(MultiProof { count, indices, path })
    }
}
