//! What a cuckoo filter keeps of an item.

use std::fmt::Debug;

mod sealed {
    pub trait Sealed {}
    impl Sealed for u16 {}
    impl Sealed for u32 {}
}

/// A part of an item's hash, never zero: zero is an empty slot. `u16` or `u32`.
pub trait Mark: sealed::Sealed + Copy + Debug + Default + Eq {
    /// Bits of a mark.
    const BITS: u32;
    /// How often a filter may double: each time one bit of every mark goes into its place.
    const MOST_GROWN: u32;
    /// The mark of an item, from the upper bits of its hash.
    fn of(hash: u64) -> Self;
    /// The mark as a number.
    fn value(self) -> u32;
    /// The mark of this number, which is below `1 << BITS`.
    fn from_value(value: u32) -> Self;
}

impl Mark for u16 {
    const BITS: u32 = 16;
    const MOST_GROWN: u32 = 8;

    fn of(hash: u64) -> u16 {
        ((hash >> 48) as u16).max(1)
    }

    fn value(self) -> u32 {
        self.into()
    }

    fn from_value(value: u32) -> u16 {
        value as u16
    }
}

impl Mark for u32 {
    const BITS: u32 = 32;
    const MOST_GROWN: u32 = 24;

    fn of(hash: u64) -> u32 {
        ((hash >> 32) as u32).max(1)
    }

    fn value(self) -> u32 {
        self
    }

    fn from_value(value: u32) -> u32 {
        value
    }
}
