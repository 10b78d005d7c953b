//! Proof of holding: a node keeps a shard, says so under its signature, and is found out when it does not.
//!
//! | step | type |
//! |---|---|
//! | a shard is cut into pieces under a Merkle root | [`Shard`], [`Commitment`] |
//! | please hold it: PoH_REQUEST | [`Request`]; [`Wanted`] where something else vouches for it |
//! | it is on my disk, until then: PoH_ACK | [`HoldingProof`], from [`Holder::hold`], [`Holder::keep`] |
//! | hold it longer | [`Extension`], [`Holder::extend`] |
//! | it is no longer needed | [`Holder::expire`] |
//! | show me pieces that I name now | [`Challenge`], [`Answer`], [`Holder::answer`] |
//! | chance of catching who lost some | [`caught`], [`ranges_needed`] |
//! | what elections ask | [`Record`], [`Records`] |
//!
//! Spot checks of random pieces against a Merkle root are those of Juels and Kaliski ("PORs: Proofs of retrievability
//! for large files", CCS 2007, section 1) and Ateniese and others ("Provable data possession at untrusted stores", CCS
//! 2007, section 5.1 for the probability), without their hidden sentinels: who asks knows the root, not the shard.
//! The ledger's holders are [`Holder`]s too: there the header of a batch, which its proposer signs once, vouches for all
//! its shards by a Merkle root, so no request is signed on its own ([`Content::Checked`]).
//!
//! The crate does no input or output: a driver has the shard and the holder's state on its disk before it lets an
//! acknowledgement leave. Time comes in as an argument.
//!
//! **Not promised.** That the holder keeps the shard itself: it may fetch pieces from another holder within the time
//! that the challenge gives it. That it will give the shard to whoever asks. A challenge's seed must be unknown to the
//! holder before (a VRF's output, or drawn at random); a seed that it can foresee tells it which pieces to keep.
//! Where a shard is lost in part, erasure coding over shards mends it, not this crate.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod challenge;
mod chance;
mod codec;
mod error;
mod holder;
mod proof;
#[cfg(feature = "python")]
pub mod python;
mod record;
mod shard;
mod wanted;

pub use challenge::{Answer, Challenge, MAX_DRAWN, MAX_SHOWN};
pub use chance::{caught, ranges_needed};
pub use error::HoldingError;
pub use globelet_clock::Stamp;
pub use holder::{Holder, Limits};
pub use proof::{Extension, HoldingProof, Request};
pub use record::{Outcome, Record, Records, MAX_RECORDS, WHOLE_PPM};
pub use shard::{Commitment, Shard, MAX_PIECE, MAX_SHARD};
pub use wanted::{Content, Wanted};

/// An Ed25519 public key, 32 bytes.
pub type Key = [u8; 32];
