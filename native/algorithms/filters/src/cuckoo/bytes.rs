//! The encoding of cuckoo filters.

use super::{Cuckoo, Mark, LEAST, MOST, SLOTS};
use crate::codec::Reader;
use crate::{FilterError, MOST_BYTES};

const LETTERS: &[u8; 4] = b"gfc1";
const KIND: &str = "cuckoo";

impl<M: Mark> Cuckoo<M> {
    /// The only encoding: "gfc1", seed and number of items as `u64` little-endian; bits of a mark, buckets of a segment as
    /// a power of two, and number of doublings as `u8`; then the slots, little-endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(23 + self.size());
        bytes.extend(LETTERS);
        bytes.extend(self.seed.to_le_bytes());
        bytes.extend(self.len.to_le_bytes());
        bytes.extend([M::BITS as u8, self.low as u8, self.grown as u8]);
        for mark in self.buckets.as_flattened() {
            bytes.extend(&mark.value().to_le_bytes()[..M::BITS as usize / 8]);
        }
        bytes
    }

    /// Reads a filter; what it gives encodes to the same bytes.
    ///
    /// # Errors
    /// [`FilterError::Malformed`], also for marks of the other width; [`FilterError::TooLarge`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Cuckoo<M>, FilterError> {
        let mut reader = Reader::new(bytes, KIND, LETTERS)?;
        let (seed, len) = (reader.number()?, reader.number()?);
        let [width, low, grown] = [reader.byte()?, reader.byte()?, reader.byte()?].map(u32::from);
        reader.check(width == M::BITS && (LEAST..=MOST).contains(&low) && grown <= M::MOST_GROWN)?;
        let size = Self::size_of(low, grown);
        if size > MOST_BYTES {
            return Err(FilterError::TooLarge);
        }
        let marks = reader.take(size)?.chunks_exact(M::BITS as usize / 8).map(read::<M>);
        let marks: Vec<M> = marks.collect();
        let buckets = marks.as_chunks::<SLOTS>().0.to_vec();
        // A mark stands in the segment that its lowest bits name.
        let at_home = marks.iter().enumerate().all(|(slot, mark)| {
            *mark == M::default() || mark.value() as usize & ((1 << grown) - 1) == (slot / SLOTS) >> low
        });
        let held = marks.iter().filter(|mark| **mark != M::default()).count() as u64;
        reader.end(at_home && held == len)?;
        Ok(Cuckoo { seed, len, low, grown, buckets })
    }
}

fn read<M: Mark>(bytes: &[u8]) -> M {
    M::from_value(bytes.iter().rev().fold(0, |value, byte| (value << 8) | u32::from(*byte)))
}
