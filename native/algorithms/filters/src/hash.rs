//! From items to numbers: keyed SipHash-1-3 (Aumasson, Bernstein, 2012), then mixing without a key.

use siphasher::sip::SipHasher13;

/// What a hash is for, so that filters of one seed have nothing in common.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    Bloom = 1,
    Growing = 2,
    Cuckoo = 3,
    Fuse = 4,
}

/// The hash of an item. Who does not know the seed can't tell which items collide.
pub(crate) fn hash(seed: u64, purpose: Purpose, item: &[u8]) -> u64 {
    SipHasher13::new_with_keys(seed, purpose as u64).hash(item)
}

/// A permutation of the numbers of 64 bits that leaves no trace of its input: the finaliser of SplitMix64 (Steele, Lea,
/// Flood, 2014).
pub(crate) fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A hash as a number below `count`.
pub(crate) fn below(hash: u64, count: usize) -> usize {
    ((u128::from(hash) * count as u128) >> 64) as usize
}
