//! A shard in pieces, under a Merkle root.

use borsh::{BorshDeserialize, BorshSerialize};
use globelet_merkle::{Blake3, Tree};
use globelet_types::{encode, Hash};

use crate::codec::canonical;
use crate::HoldingError;

/// Largest piece, in bytes.
pub const MAX_PIECE: u32 = 65_536;
/// Largest shard, in bytes.
pub const MAX_SHARD: u64 = 1 << 32;

/// What a shard is, for those who do not have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Commitment {
    /// Root of the tree over the pieces (RFC 9162 section 2.1 with BLAKE3).
    pub root: Hash,
    /// Bytes of the shard, at most [`MAX_SHARD`].
    pub length: u64,
    /// Bytes of a piece, 1 to [`MAX_PIECE`]; the last one may be shorter.
    pub piece: u32,
}

impl Commitment {
    /// The number of pieces; an empty shard has one, which is empty.
    ///
    /// # Errors
    /// `Malformed` if a length is out of its bounds, or there would be more pieces than 32 bits count.
    pub fn pieces(&self) -> Result<u32, HoldingError> {
        let malformed = |reason: String| HoldingError::Malformed { reason };
        if self.piece == 0 || self.piece > MAX_PIECE {
            return Err(malformed(format!("a piece has 1 to {MAX_PIECE} bytes, not {}", self.piece)));
        }
        if self.length > MAX_SHARD {
            return Err(malformed(format!("a shard has at most {MAX_SHARD} bytes, not {}", self.length)));
        }
        let count = self.length.div_ceil(u64::from(self.piece)).max(1);
        u32::try_from(count).map_err(|_| malformed(format!("{count} pieces, more than 32 bits count")))
    }

    /// Bytes of one piece.
    pub(crate) fn piece_len(&self, index: u32) -> usize {
        let start = u64::from(index) * u64::from(self.piece);
        self.length.saturating_sub(start).min(u64::from(self.piece)) as usize
    }

    /// The canonical encoding, 44 bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads a commitment from its canonical encoding.
    ///
    /// # Errors
    /// `Malformed` for anything but exactly one commitment with lengths within their bounds.
    pub fn from_bytes(bytes: &[u8]) -> Result<Commitment, HoldingError> {
        let commitment: Commitment = canonical(bytes, 44)?;
        commitment.pieces()?;
        Ok(commitment)
    }
}

/// A shard and the tree over its pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shard {
    bytes: Vec<u8>,
    piece: u32,
    tree: Tree<Blake3>,
}

impl Shard {
    /// Cuts `bytes` into pieces of `piece` bytes. O(length) hashing; keeps 64 bytes a piece beside the shard.
    ///
    /// # Errors
    /// `Malformed` if a length is out of its bounds.
    pub fn cut(bytes: Vec<u8>, piece: u32) -> Result<Shard, HoldingError> {
        Commitment { root: [0; 32], length: bytes.len() as u64, piece }.pieces()?;
        let mut pieces: Vec<&[u8]> = bytes.chunks(piece as usize).collect();
        if pieces.is_empty() {
            pieces.push(&[]);
        }
        let tree = Tree::from_leaves(&pieces).map_err(|e| HoldingError::Malformed { reason: e.to_string() })?;
        Ok(Shard { bytes, piece, tree })
    }

    /// What others need to know of it.
    pub fn commitment(&self) -> Commitment {
        Commitment { root: self.tree.root(), length: self.bytes.len() as u64, piece: self.piece }
    }

    /// The whole shard.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// One piece; empty beyond the end.
    pub fn piece(&self, index: u32) -> &[u8] {
        let start = (index as usize).saturating_mul(self.piece as usize).min(self.bytes.len());
        let end = start.saturating_add(self.piece as usize).min(self.bytes.len());
        &self.bytes[start..end]
    }

    pub(crate) fn tree(&self) -> &Tree<Blake3> {
        &self.tree
    }
}
