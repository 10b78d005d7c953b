//! Bytes of proofs: numbers of 32 bits, little-endian, and hashes. Each proof has one encoding.

use crate::{Hash, MerkleError};

/// Reads numbers and hashes from the front of bytes.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    all: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, all: bytes.len() }
    }

    pub(crate) fn number(&mut self) -> Result<u32, MerkleError> {
        let (first, rest) = self.bytes.split_first_chunk::<4>().ok_or_else(|| self.short(4))?;
        self.bytes = rest;
        Ok(u32::from_le_bytes(*first))
    }

    /// `count` numbers; room is made only for what is there.
    pub(crate) fn numbers(&mut self, count: u32) -> Result<Vec<u32>, MerkleError> {
        let needed = u64::from(count) * 4;
        if needed > self.bytes.len() as u64 {
            return Err(self.short(needed));
        }
        (0..count).map(|_| self.number()).collect()
    }

    /// The rest, which must be exactly `count` hashes after their count.
    pub(crate) fn path(&mut self, count: u64) -> Result<Vec<Hash>, MerkleError> {
        let expected = 4 + count * 32;
        if expected != self.bytes.len() as u64 || u64::from(self.number()?) != count {
            return Err(self.short(expected));
        }
        Ok(self.bytes.as_chunks::<32>().0.to_vec())
    }

    /// The error of bytes that should go on for `needed` more.
    fn short(&self, needed: u64) -> MerkleError {
        let read = (self.all - self.bytes.len()) as u64;
        MerkleError::Length { expected: read + needed, found: self.all as u64 }
    }
}

/// Appends the count of the hashes and the hashes.
pub(crate) fn write_path(bytes: &mut Vec<u8>, path: &[Hash]) {
    bytes.extend((path.len() as u32).to_le_bytes());
    bytes.extend(path.as_flattened());
}
