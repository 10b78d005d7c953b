//! A Bloom filter that grows (Almeida, Baquero, Preguiça, Hutchison, "Scalable Bloom Filters", 2007).

use crate::bloom::{blocks_for, check_rate, Bloom, BLOCK};
use crate::codec::Reader;
use crate::hash::{hash, mix, Purpose};
use crate::{FilterError, MOST_BYTES};

const LETTERS: &[u8; 4] = b"gfg1";
const KIND: &str = "growing Bloom";

/// A Bloom filter for any number of items at one rate: layers, each for twice the items of the one before.
///
/// Layer `i` is made for `rate / ((i + 1)(i + 2))`; those sum to `rate` at most, however many layers there are.
#[derive(Clone, Debug, PartialEq)]
pub struct GrowingBloom {
    seed: u64,
    first: u64,
    rate: f64,
    layers: Vec<Bloom>,
}

/// The items of layer `number`, and the rate it is made for.
fn layer(first: u64, rate: f64, number: usize) -> Result<(u64, f64), FilterError> {
    let items = first.checked_shl(number as u32).filter(|items| items >> number == first);
    Ok((items.ok_or(FilterError::TooLarge)?, rate / ((number + 1) * (number + 2)) as f64))
}

/// The hash that an item has in layer `number`.
fn hash_in(hash: u64, number: usize) -> u64 {
    mix(hash.wrapping_add(number as u64))
}

impl GrowingBloom {
    /// A filter whose first layer is for `first` items, and in which strangers are always found with a probability of at
    /// most `rate`.
    ///
    /// # Errors
    /// [`FilterError::Rate`], [`FilterError::TooLarge`].
    pub fn new(first: u64, rate: f64, seed: u64) -> Result<GrowingBloom, FilterError> {
        let mut made = GrowingBloom { seed, first: first.max(1), rate: check_rate(rate)?, layers: Vec::new() };
        made.grow()?;
        Ok(made)
    }

    fn grow(&mut self) -> Result<(), FilterError> {
        let (items, rate) = layer(self.first, self.rate, self.layers.len())?;
        let blocks = blocks_for(items, rate)?;
        if self.size() + blocks * BLOCK > MOST_BYTES {
            return Err(FilterError::TooLarge);
        }
        self.layers.push(Bloom::of(blocks, self.seed));
        Ok(())
    }

    /// Adds an item if it is not found, and says whether it was perhaps there before.
    ///
    /// # Errors
    /// [`FilterError::TooLarge`] if there is no room for another layer; then nothing has changed.
    pub fn insert(&mut self, item: &[u8]) -> Result<bool, FilterError> {
        let hash = hash(self.seed, Purpose::Growing, item);
        if self.contains_hash(hash) {
            return Ok(true);
        }
        let last = self.layers.len() - 1;
        if self.layers[last].len() == layer(self.first, self.rate, last)?.0 {
            self.grow()?;
        }
        let last = self.layers.len() - 1;
        self.layers[last].insert_hash(hash_in(hash, last));
        Ok(false)
    }

    /// Whether `item` was perhaps added; `false` is certain.
    pub fn contains(&self, item: &[u8]) -> bool {
        self.contains_hash(hash(self.seed, Purpose::Growing, item))
    }

    /// The last layer has most items, so it is asked first.
    fn contains_hash(&self, hash: u64) -> bool {
        self.layers.iter().enumerate().rev().any(|(number, layer)| layer.contains_hash(hash_in(hash, number)))
    }

    /// Items added that were not found before.
    pub fn len(&self) -> u64 {
        self.layers.iter().map(Bloom::len).sum()
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many layers there are.
    pub fn layers(&self) -> usize {
        self.layers.len()
    }

    /// The probability that a stranger is found now: by none of the layers is the other case.
    pub fn rate(&self) -> f64 {
        1.0 - self.layers.iter().fold(1.0, |missed, layer| missed * (1.0 - layer.rate()))
    }

    /// Bytes of memory, and of the encoding without its heads.
    pub fn size(&self) -> usize {
        self.layers.iter().map(Bloom::size).sum()
    }

    /// What decides every choice.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The only encoding: "gfg1", seed and items of the first layer as `u64`, the rate as `f64`, the number of layers as
    /// `u8`; for each layer its items as `u64` and its words, all little-endian. Sizes follow from the first items and rate.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(29 + 8 * self.layers.len() + self.size());
        bytes.extend(LETTERS);
        bytes.extend(self.seed.to_le_bytes());
        bytes.extend(self.first.to_le_bytes());
        bytes.extend(self.rate.to_bits().to_le_bytes());
        bytes.push(self.layers.len() as u8);
        for layer in &self.layers {
            bytes.extend(layer.len().to_le_bytes());
            layer.write(&mut bytes);
        }
        bytes
    }

    /// Reads a filter; what it gives encodes to the same bytes.
    ///
    /// # Errors
    /// [`FilterError::Malformed`], [`FilterError::TooLarge`], [`FilterError::Rate`].
    pub fn from_bytes(bytes: &[u8]) -> Result<GrowingBloom, FilterError> {
        let mut reader = Reader::new(bytes, KIND, LETTERS)?;
        let (seed, first) = (reader.number()?, reader.number()?);
        let rate = check_rate(f64::from_bits(reader.number()?))?;
        let (count, mut layers) = (usize::from(reader.byte()?), Vec::new());
        reader.check(first > 0 && count > 0)?;
        for number in 0..count {
            let (items, rate) = layer(first, rate, number)?;
            let len = reader.number()?;
            let words = reader.take(blocks_for(items, rate)? * BLOCK)?;
            // A layer is begun when the one before is full and an item comes.
            let full = if number + 1 < count { len == items } else { len <= items && (len > 0 || number == 0) };
            let layer = Bloom::read(seed, len, words).filter(|_| full);
            reader.check(layer.is_some())?;
            layers.extend(layer);
        }
        reader.end(true)?;
        Ok(GrowingBloom { seed, first, rate, layers })
    }
}
