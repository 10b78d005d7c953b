//! A blocked Bloom filter (Putze, Sanders, Singler, "Cache-, Hash- and Space-Efficient Bloom Filters", 2007), whose blocks
//! are split into words with one bit for each item (Apple, "Split block Bloom filters", arXiv 2101.01719).

use crate::codec::Reader;
use crate::hash::{below, hash, mix, Purpose};
use crate::{theory, FilterError, MOST_BYTES};

const LETTERS: &[u8; 4] = b"gfb1";
const KIND: &str = "Bloom";
/// Words in a block.
const WORDS: usize = 8;
/// Bytes of a block.
pub(crate) const BLOCK: usize = 8 * WORDS;

/// One cache line.
#[repr(align(64))]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Block([u64; WORDS]);

/// A set of items that can be added to and asked; wrong answers are "yes", never "no".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bloom {
    seed: u64,
    len: u64,
    blocks: Vec<Block>,
}

/// The bit of each word.
fn bits(hash: u64) -> [u64; WORDS] {
    let places = mix(hash);
    std::array::from_fn(|word| 1 << ((places >> (6 * word)) & 63))
}

/// Whether a rate is one that can be asked for.
pub(crate) fn check_rate(rate: f64) -> Result<f64, FilterError> {
    (0.000_001..=0.5).contains(&rate).then_some(rate).ok_or(FilterError::Rate)
}

/// The blocks of a filter for so many items at this rate.
pub(crate) fn blocks_for(items: u64, rate: f64) -> Result<usize, FilterError> {
    let most = (MOST_BYTES / BLOCK) as u64;
    let blocks = theory::blocks(items, rate, most);
    if theory::rate(items, blocks) > rate {
        return Err(FilterError::TooLarge);
    }
    Ok(blocks as usize)
}

impl Bloom {
    /// A filter in which, once it holds `items` items, strangers are found with a probability of at most `rate`.
    ///
    /// # Errors
    /// [`FilterError::Rate`], [`FilterError::TooLarge`].
    pub fn with_rate(items: u64, rate: f64, seed: u64) -> Result<Bloom, FilterError> {
        Ok(Bloom::of(blocks_for(items, check_rate(rate)?)?, seed))
    }

    /// A filter of `bits` bits, rounded up to blocks of 512.
    ///
    /// # Errors
    /// [`FilterError::TooLarge`].
    pub fn with_bits(bits: u64, seed: u64) -> Result<Bloom, FilterError> {
        let blocks = bits.div_ceil(8 * BLOCK as u64).max(1);
        if blocks > (MOST_BYTES / BLOCK) as u64 {
            return Err(FilterError::TooLarge);
        }
        Ok(Bloom::of(blocks as usize, seed))
    }

    pub(crate) fn of(blocks: usize, seed: u64) -> Bloom {
        Bloom { seed, len: 0, blocks: vec![Block::default(); blocks] }
    }

    /// Adds an item, and says whether it was perhaps there before.
    pub fn insert(&mut self, item: &[u8]) -> bool {
        self.insert_hash(hash(self.seed, Purpose::Bloom, item))
    }

    /// Whether `item` was perhaps added; `false` is certain.
    pub fn contains(&self, item: &[u8]) -> bool {
        self.contains_hash(hash(self.seed, Purpose::Bloom, item))
    }

    pub(crate) fn insert_hash(&mut self, hash: u64) -> bool {
        let at = below(hash, self.blocks.len());
        let mut missing = 0;
        for (word, bit) in self.blocks[at].0.iter_mut().zip(bits(hash)) {
            missing |= bit & !*word;
            *word |= bit;
        }
        // What was read from bytes may claim to hold as many items as can be counted.
        self.len = self.len.saturating_add(u64::from(missing != 0));
        missing == 0
    }

    pub(crate) fn contains_hash(&self, hash: u64) -> bool {
        let block = &self.blocks[below(hash, self.blocks.len())].0;
        block.iter().zip(bits(hash)).fold(0, |missing, (word, bit)| missing | (bit & !word)) == 0
    }

    /// Items added that were not found before; after a merge, those of both.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The probability that a stranger is found now.
    pub fn rate(&self) -> f64 {
        theory::rate(self.len, self.blocks.len() as u64)
    }

    /// Bytes of memory, and of the encoding without its head.
    pub fn size(&self) -> usize {
        self.blocks.len() * BLOCK
    }

    /// What decides every choice.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Adds all that the other filter holds. The result is the filter that would have had both filters' items added.
    ///
    /// # Errors
    /// [`FilterError::Different`] unless both have the same seed and size.
    pub fn merge(&mut self, other: &Bloom) -> Result<(), FilterError> {
        if (self.seed, self.blocks.len()) != (other.seed, other.blocks.len()) {
            return Err(FilterError::Different);
        }
        let words = self.blocks.iter_mut().flat_map(|block| &mut block.0);
        words.zip(other.blocks.iter().flat_map(|block| block.0)).for_each(|(word, more)| *word |= more);
        self.len = self.len.saturating_add(other.len);
        Ok(())
    }

    /// The only encoding: "gfb1", seed and number of items as `u64` little-endian, then the words alike.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = [&LETTERS[..], &self.seed.to_le_bytes(), &self.len.to_le_bytes()].concat();
        self.write(&mut bytes);
        bytes
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.reserve(self.size());
        self.blocks.iter().for_each(|block| bytes.extend(block.0.map(u64::to_le_bytes).as_flattened()));
    }

    /// Reads a filter; what it gives encodes to the same bytes.
    ///
    /// # Errors
    /// [`FilterError::Malformed`], [`FilterError::TooLarge`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Bloom, FilterError> {
        let mut reader = Reader::new(bytes, KIND, LETTERS)?;
        let (seed, len) = (reader.number()?, reader.number()?);
        let words = reader.rest();
        reader.check(!words.is_empty() && words.len() % BLOCK == 0)?;
        if words.len() > MOST_BYTES {
            return Err(FilterError::TooLarge);
        }
        let filter = Bloom::read(seed, len, words);
        filter.map_or_else(|| reader.check(false).map(|()| Bloom::of(1, seed)), Ok)
    }

    /// The filter of these words, if it can have come about by adding `len` items.
    pub(crate) fn read(seed: u64, len: u64, words: &[u8]) -> Option<Bloom> {
        let words: Vec<u64> = words.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word)).collect();
        let blocks: Vec<Block> = words.as_chunks::<WORDS>().0.iter().map(|words| Block(*words)).collect();
        let ones: u64 = words.iter().map(|word| u64::from(word.count_ones())).sum();
        let possible = (len == 0) == (ones == 0) && ones <= len.saturating_mul(WORDS as u64);
        possible.then_some(Bloom { seed, len, blocks })
    }
}
