//! Bytes of filters: four letters, numbers little-endian, then what the filter holds. Each filter has one encoding.

use crate::FilterError;

/// Reads numbers from the front of bytes.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    malformed: FilterError,
}

impl<'a> Reader<'a> {
    /// Starts behind the letters of a kind.
    pub(crate) fn new(bytes: &'a [u8], kind: &'static str, letters: &[u8; 4]) -> Result<Reader<'a>, FilterError> {
        let malformed = FilterError::Malformed { kind, length: bytes.len() as u64 };
        let bytes = bytes.strip_prefix(letters).ok_or(malformed)?;
        Ok(Reader { bytes, malformed })
    }

    pub(crate) fn byte(&mut self) -> Result<u8, FilterError> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn number(&mut self) -> Result<u64, FilterError> {
        self.array().map(u64::from_le_bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], FilterError> {
        let (first, rest) = self.bytes.split_first_chunk().ok_or(self.malformed)?;
        self.bytes = rest;
        Ok(*first)
    }

    /// The next `length` bytes.
    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], FilterError> {
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or(self.malformed)?;
        self.bytes = rest;
        Ok(taken)
    }

    /// All that is left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.bytes)
    }

    /// Refuses unless `holds` and nothing is left.
    pub(crate) fn end(&self, holds: bool) -> Result<(), FilterError> {
        self.check(holds && self.bytes.is_empty())
    }

    /// Refuses unless `holds`.
    pub(crate) fn check(&self, holds: bool) -> Result<(), FilterError> {
        holds.then_some(()).ok_or(self.malformed)
    }
}
