//! How large a fuse filter is, and where an item's three places are.

use crate::hash::{below, mix};
use crate::{FilterError, MOST_BYTES};

/// Segments of `length` places, a power of two; an item has one place in each of three that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    length: usize,
    /// First places that an item can have: all but those of the last two segments.
    starts: usize,
}

impl Layout {
    /// For `items` distinct items, at the given attempt: sizes found by experiment (Graf, Lemire, 2022, section 4). Only
    /// the four operations are used, so that every platform finds the same.
    pub(super) fn new(items: u64, attempt: u8) -> Result<Layout, FilterError> {
        if items > MOST_BYTES as u64 {
            return Err(FilterError::TooLarge);
        }
        let length = 1 << segment_log(items);
        let places = (items * factor(items)).div_ceil(1000) as usize;
        let segments = places.div_ceil(length).max(3);
        // Just above a power of two long segments peel badly: now and then as many places in shorter ones.
        let length = if attempt % 4 == 1 { length / 2 } else { length };
        let segments = if attempt % 4 == 1 { segments * 2 } else { segments };
        Ok(Layout { length, starts: (segments - 2) * length })
    }

    /// How many places there are.
    pub(super) fn places(&self) -> usize {
        self.starts + 2 * self.length
    }

    /// The three places of an item.
    pub(super) fn of(&self, hash: u64) -> [usize; 3] {
        let (first, mask) = (below(hash, self.starts), self.length - 1);
        let (second, third) = (first + self.length, first + 2 * self.length);
        [first, second ^ ((hash >> 18) as usize & mask), third ^ (hash as usize & mask)]
    }
}

/// The hash of an item at an attempt: at the first its own, so that what is sorted once stays in order.
pub(super) fn at(hash: u64, attempt: u8) -> u64 {
    if attempt == 0 {
        hash
    } else {
        mix(hash ^ (u64::from(attempt) << 32))
    }
}

/// `floor(log(items) / log(3.33) + 2.25)`, from 2 to 18.
fn segment_log(items: u64) -> u32 {
    // 3.33^0.75: where three bits become enough.
    let (mut log, mut next) = (2, 2.465_f64);
    while log < 18 && items as f64 >= next {
        log += 1;
        next *= 3.33;
    }
    log
}

/// Places for each thousand items: `875 + 250 * log(10^6) / log(items)`, and 1125 at least.
fn factor(items: u64) -> u64 {
    let whole = items.max(2).ilog2();
    // Between two powers of two the line between their logarithms lies below the logarithm: a little more room.
    let thousandths = u64::from(whole) * 1000 + (((items.max(2) - (1 << whole)) * 1000) >> whole);
    (875 + 250 * 19_932 / thousandths).max(1125)
}
