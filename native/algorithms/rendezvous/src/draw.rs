//! What candidates draw for a key: the first eight bytes of the keyed BLAKE3 of an id, eight ids at a time.
//!
//! An id fills an eighth of one block, so a draw is one compression ("BLAKE3: one function, fast everywhere", 2020, section
//! 2.2). Libraries are fast where a message is long; here many are short, so one compression runs over a lane for each id, in
//! a quarter of the time. A test holds it against the crate `blake3`.

use wide::u32x8;

/// Ids of one compression.
const LANES: usize = 8;

/// The initialisation vector, that of SHA-256.
const IV: [u32; 4] = [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a];

/// One chunk that is the whole message, of one block, with a key: CHUNK_START, CHUNK_END, ROOT, KEYED_HASH.
const FLAGS: u32 = 1 | 2 | 8 | 16;

/// The words of the message in the order in which each round takes them.
const SCHEDULE: [[usize; 16]; 7] = schedule();

const fn schedule() -> [[usize; 16]; 7] {
    const PERMUTATION: [usize; 16] = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
    let mut rounds = [[0; 16]; 7];
    let mut place = 0;
    while place < 16 {
        rounds[0][place] = place;
        place += 1;
    }
    let mut round = 1;
    while round < 7 {
        let mut place = 0;
        while place < 16 {
            rounds[round][place] = rounds[round - 1][PERMUTATION[place]];
            place += 1;
        }
        round += 1;
    }
    rounds
}

#[inline(always)]
fn turn<const BITS: u32>(a: u32x8, b: u32x8) -> u32x8 {
    let both = a ^ b;
    both >> BITS | both << (32 - BITS)
}

/// The two words of an id; the other fourteen are zero, and adding them is left out.
#[inline(always)]
fn mixed(a: u32x8, message: &[u32x8; 2], word: usize) -> u32x8 {
    if word < 2 {
        a + message[word]
    } else {
        a
    }
}

#[inline(always)]
fn quarter(v: &mut [u32x8; 16], [a, b, c, d]: [usize; 4], message: &[u32x8; 2], words: [usize; 2]) {
    v[a] = mixed(v[a] + v[b], message, words[0]);
    v[d] = turn::<16>(v[d], v[a]);
    v[c] += v[d];
    v[b] = turn::<12>(v[b], v[c]);
    v[a] = mixed(v[a] + v[b], message, words[1]);
    v[d] = turn::<8>(v[d], v[a]);
    v[c] += v[d];
    v[b] = turn::<7>(v[b], v[c]);
}

#[inline(always)]
fn round(v: &mut [u32x8; 16], message: &[u32x8; 2], s: &[usize; 16]) {
    quarter(v, [0, 4, 8, 12], message, [s[0], s[1]]);
    quarter(v, [1, 5, 9, 13], message, [s[2], s[3]]);
    quarter(v, [2, 6, 10, 14], message, [s[4], s[5]]);
    quarter(v, [3, 7, 11, 15], message, [s[6], s[7]]);
    quarter(v, [0, 5, 10, 15], message, [s[8], s[9]]);
    quarter(v, [1, 6, 11, 12], message, [s[10], s[11]]);
    quarter(v, [2, 7, 8, 13], message, [s[12], s[13]]);
    quarter(v, [3, 4, 9, 14], message, [s[14], s[15]]);
}

#[inline(always)]
fn compress(key: &[u32; 8], ids: &[u64; LANES]) -> [u64; LANES] {
    let message = [u32x8::new(ids.map(|id| id as u32)), u32x8::new(ids.map(|id| (id >> 32) as u32))];
    // The chaining value, the vector, a counter of zero, eight bytes, the flags.
    let start = |word: usize| match word {
        0..8 => key[word],
        8..12 => IV[word - 8],
        14 => 8,
        15 => FLAGS,
        _ => 0,
    };
    let mut v: [u32x8; 16] = std::array::from_fn(|word| u32x8::splat(start(word)));
    round(&mut v, &message, &SCHEDULE[0]);
    round(&mut v, &message, &SCHEDULE[1]);
    round(&mut v, &message, &SCHEDULE[2]);
    round(&mut v, &message, &SCHEDULE[3]);
    round(&mut v, &message, &SCHEDULE[4]);
    round(&mut v, &message, &SCHEDULE[5]);
    round(&mut v, &message, &SCHEDULE[6]);
    let (low, high) = ((v[0] ^ v[8]).to_array(), (v[1] ^ v[9]).to_array());
    std::array::from_fn(|lane| u64::from(high[lane]) << 32 | u64::from(low[lane]))
}

/// The key that candidates draw by.
pub(crate) fn drawing_key(key: &[u8]) -> [u8; 32] {
    blake3::derive_key("globelet weighted rendezvous v1", key)
}

/// What each of these ids draws for a key.
pub(crate) fn draws(key: &[u8; 32], ids: impl ExactSizeIterator<Item = u64>) -> Vec<u64> {
    let word = |i: usize| u32::from_le_bytes([key[4 * i], key[4 * i + 1], key[4 * i + 2], key[4 * i + 3]]);
    let key: [u32; 8] = std::array::from_fn(word);
    let (count, mut ids) = (ids.len(), ids.fuse());
    let mut drawn = Vec::with_capacity(count.next_multiple_of(LANES));
    while drawn.len() < count {
        let lanes = std::array::from_fn(|_| ids.next().unwrap_or(0));
        drawn.extend_from_slice(&compress(&key, &lanes));
    }
    drawn.truncate(count);
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hashed(key: &[u8; 32], id: u64) -> u64 {
        let hash = blake3::keyed_hash(key, &id.to_le_bytes());
        u64::from_le_bytes(*hash.as_bytes().first_chunk().unwrap())
    }

    proptest! {
        #[test]
        fn draws_are_keyed_blake3(key: [u8; 32], ids in proptest::collection::vec(any::<u64>(), 0..40)) {
            let expected: Vec<u64> = ids.iter().map(|id| hashed(&key, *id)).collect();
            prop_assert_eq!(draws(&key, ids.into_iter()), expected);
        }
    }

    #[test]
    fn every_lane_and_edge() {
        let key = drawing_key(b"a key");
        for count in 0..=2 * LANES + 1 {
            let ids: Vec<u64> = (0..count as u64).map(|i| if i % 2 == 0 { i } else { u64::MAX - i }).collect();
            let expected: Vec<u64> = ids.iter().map(|id| hashed(&key, *id)).collect();
            assert_eq!(draws(&key, ids.into_iter()), expected);
        }
    }
}
