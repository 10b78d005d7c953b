//! Bloom and cuckoo filters: seeded and serialisable.
//!
//! Both answer "perhaps" or "certainly not". The seed decides every choice, so that replicas with
//! the same seed and the same operations hold the same bytes, and an outsider who does not know
//! it cannot aim at collisions.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod bloom;
mod cuckoo;

pub use bloom::Bloom;
pub use cuckoo::{Cuckoo, Full};

/// The hash of an item under a seed, 256 bits.
fn keyed(seed: u64, purpose: u8, item: &[u8]) -> [u8; 32] {
    let mut key = [purpose; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    *blake3::keyed_hash(&key, item).as_bytes()
}

/// Byte strings of 8 as numbers.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).rev().fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}

/// A refusal of bytes that are no filter.
fn malformed(reason: &str) -> borsh::io::Error {
    borsh::io::Error::new(borsh::io::ErrorKind::InvalidData, reason)
}
