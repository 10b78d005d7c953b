//! The tree, kept level by level.

use std::marker::PhantomData;

use crate::{Blake3, ConsistencyProof, Hash, InclusionProof, MerkleError, MultiProof, TreeHash};

/// A Merkle tree over an ordered list of leaves that grows at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree<H = Blake3> {
    /// `levels[h][i]` is the root of leaves `i << h` up to `(i + 1) << h`, or up to the last one.
    levels: Vec<Vec<Hash>>,
    hash: PhantomData<H>,
}

impl<H: TreeHash> Default for Tree<H> {
    fn default() -> Tree<H> {
        Tree { levels: vec![Vec::new()], hash: PhantomData }
    }
}

/// The size of the left subtree of `size` leaves, two or more: the largest power of two below it.
fn split(size: u32) -> u32 {
    1 << (size - 1).ilog2()
}

impl<H: TreeHash> Tree<H> {
    /// The tree over `leaves` in order.
    ///
    /// # Errors
    /// [`MerkleError::Full`] beyond `u32::MAX` leaves.
    pub fn from_leaves<T: AsRef<[u8]>>(leaves: &[T]) -> Result<Tree<H>, MerkleError> {
        Tree::from_hashes(leaves.iter().map(|leaf| H::leaf(leaf.as_ref())).collect())
    }

    /// The tree over leaves that are hashed already, by [`TreeHash::leaf`].
    ///
    /// # Errors
    /// [`MerkleError::Full`] beyond `u32::MAX` leaves.
    pub fn from_hashes(leaves: Vec<Hash>) -> Result<Tree<H>, MerkleError> {
        u32::try_from(leaves.len()).map_err(|_| MerkleError::Full)?;
        let mut levels = vec![leaves];
        while let Some(level) = levels.last().filter(|level| level.len() > 1) {
            levels.push(level.chunks(2).map(Self::above).collect());
        }
        Ok(Tree { levels, hash: PhantomData })
    }

    /// The node above one or two; an odd node rises unchanged, which gives the RFC's split.
    fn above(pair: &[Hash]) -> Hash {
        match pair {
            [left, right] => H::node(left, right),
            rest => rest[0],
        }
    }

    /// Adds a leaf at the end and gives its number.
    ///
    /// # Errors
    /// [`MerkleError::Full`] at `u32::MAX` leaves.
    pub fn push(&mut self, leaf: &[u8]) -> Result<u32, MerkleError> {
        let index = self.len();
        if index == u32::MAX {
            return Err(MerkleError::Full);
        }
        let mut hash = H::leaf(leaf);
        let mut place = index as usize;
        for height in 0.. {
            let level = &mut self.levels[height];
            level.truncate(place);
            level.push(hash);
            if level.len() == 1 {
                break;
            }
            hash = Self::above(&level[place & !1..]);
            place >>= 1;
            if self.levels.len() == height + 1 {
                // The new root's left child is the level below's first node, so the loop reaches it at place 0.
                self.levels.push(Vec::new());
            }
        }
        Ok(index)
    }

    /// The number of leaves.
    pub fn len(&self) -> u32 {
        self.levels[0].len() as u32
    }

    /// Whether the tree has no leaves.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The root hash; `H("")` for a tree without leaves.
    pub fn root(&self) -> Hash {
        self.range(0, self.len())
    }

    /// The root that the tree had when it was `size` leaves long.
    ///
    /// # Errors
    /// [`MerkleError::NoSuchSize`] if it never was.
    pub fn root_at(&self, size: u32) -> Result<Hash, MerkleError> {
        self.check_size(size)?;
        Ok(self.range(0, size))
    }

    fn check_size(&self, size: u32) -> Result<(), MerkleError> {
        if size > self.len() {
            return Err(MerkleError::NoSuchSize { size: size.into(), count: self.len().into() });
        }
        Ok(())
    }

    /// The root of leaves `start..end`, a subtree of the tree of some size: it is kept, unless the tree has grown since.
    fn range(&self, start: u32, end: u32) -> Hash {
        let size = end - start;
        if size == 0 {
            return H::empty();
        }
        if size.is_power_of_two() || end == self.len() {
            let height = u64::from(size).next_power_of_two().ilog2();
            return self.levels[height as usize][start as usize >> height];
        }
        let middle = start + split(size);
        H::node(&self.range(start, middle), &self.range(middle, end))
    }

    /// The proof that leaf `index` stands in this tree (RFC 9162 section 2.1.3.1).
    ///
    /// # Errors
    /// [`MerkleError::NoSuchLeaf`].
    pub fn prove(&self, index: u32) -> Result<InclusionProof, MerkleError> {
        self.prove_at(index, self.len())
    }

    /// The proof that leaf `index` stood in this tree when it was `size` leaves long.
    ///
    /// # Errors
    /// [`MerkleError::NoSuchLeaf`], [`MerkleError::NoSuchSize`].
    pub fn prove_at(&self, index: u32, size: u32) -> Result<InclusionProof, MerkleError> {
        self.check_size(size)?;
        if index >= size {
            return Err(MerkleError::NoSuchLeaf { index: index.into(), count: size.into() });
        }
        let (mut start, mut end, mut path) = (0, size, Vec::new());
        while end - start > 1 {
            let middle = start + split(end - start);
            if index < middle {
                path.push(self.range(middle, end));
                end = middle;
            } else {
                path.push(self.range(start, middle));
                start = middle;
            }
        }
        path.reverse();
        Ok(InclusionProof { index, count: size, path })
    }

    /// The proof that the tree of `new` leaves begins with the tree of `old` leaves (RFC 9162 section 2.1.4.1).
    ///
    /// # Errors
    /// [`MerkleError::NoSuchSize`] if `old > new` or the tree was never `new` leaves long.
    pub fn prove_consistency(&self, old: u32, new: u32) -> Result<ConsistencyProof, MerkleError> {
        self.check_size(new)?;
        if old > new {
            return Err(MerkleError::NoSuchSize { size: old.into(), count: new.into() });
        }
        let (mut start, mut end, mut path) = (0, new, Vec::new());
        while old > 0 && old < end {
            let middle = start + split(end - start);
            if old <= middle {
                path.push(self.range(middle, end));
                end = middle;
            } else {
                path.push(self.range(start, middle));
                start = middle;
            }
        }
        // The verifier knows the old root, so it is left out where it stands whole in the new tree.
        if start > 0 {
            path.push(self.range(start, end));
        }
        path.reverse();
        Ok(ConsistencyProof { old, new, path })
    }

    /// One proof for many leaves, named in rising order: hashes that several paths share stand in it once, and hashes that
    /// follow from the leaves not at all.
    ///
    /// # Errors
    /// [`MerkleError::NotRising`], [`MerkleError::NoSuchLeaf`].
    pub fn prove_many(&self, indices: &[u32]) -> Result<MultiProof, MerkleError> {
        MultiProof::new(self.len(), indices, |height, place| self.levels[height][place as usize])
    }
}
