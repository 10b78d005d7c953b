//! Filters: small sets that answer "perhaps" or "certainly not".
//!
//! | | adds | deletes | grows | merges | bits an item at 1 % (0.4 % for the fuse filter) | wrong answers |
//! |---|---|---|---|---|---|---|
//! | [`Bloom`] | yes | no | no | yes | 10.4 | what it was made for |
//! | [`GrowingBloom`] | yes | no | yes | no | 15 to 30 | the same, whatever it holds |
//! | [`Cuckoo`] | yes | yes | yes | yes | 17 to 34 | at most 8 / 2^(16 - doublings), or of 32 |
//! | [`Fuse`] | no | no | sealed | no | 9 | 1 / 256, or 1 / 65,536 with 18 bits |
//!
//! Each operation is one hash of the item (SipHash-1-3 under the seed) and one to three cache lines; an insertion into a
//! cuckoo filter may move up to 500 others, and doubling is linear. Building a fuse filter sorts the hashes.
//!
//! The seed decides every choice, so that replicas with the same seed and the same operations hold the same bytes on every
//! platform, and an outsider who does not know it cannot aim at collisions. Each filter has one encoding; decoders take
//! nothing else and allocate no more than what they are given. A filter takes at most [`MOST_BYTES`].
//!
//! **Not promised.** Who sees a filter and its seed can test every item against it: it hides nothing. A rate is that of
//! items chosen without knowing the seed. Deleting from a cuckoo filter what was never added may delete another item.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod bloom;
mod codec;
mod cuckoo;
mod error;
mod fuse;
mod growing;
mod hash;
#[cfg(feature = "python")]
pub mod python;
mod theory;

pub use bloom::Bloom;
pub use cuckoo::{Cuckoo, Mark};
pub use error::FilterError;
pub use fuse::{Fingerprint, Fuse};
pub use growing::GrowingBloom;

/// Most bytes of a filter.
pub const MOST_BYTES: usize = 1 << 30;
