//! Delegated proof of stake: who belongs to a committee, and how the next one follows from it.
//!
//! | step | type |
//! |---|---|
//! | stakeholders vote for a candidate, or lend their vote | [`Vote`], [`Votes`] |
//! | stake behind each candidate | [`Votes::tally`] |
//! | chance of each candidate, with a cap on each and on each place | [`chances`] |
//! | the draw of an epoch | [`elect`] |
//! | a member that contradicted itself never serves again | [`Evidence`], [`Removals`] |
//! | the old committee signs the new one | [`Handover`], [`follow`] |
//!
//! Delegated proof of stake is Larimer's ("Delegated Proof-of-Stake", 2014). There the candidates with most stake
//! serve; here they are drawn, by systematic sampling with unequal probabilities (Madow, "On the theory of systematic
//! sampling, II", Annals of Mathematical Statistics 20, 1949), so that a candidate serves in proportion to its weight
//! and a place has, in every single epoch, at most its share of the seats. All arithmetic is in integers: every node
//! that has the same votes, stakes and seed finds the same committee, in whatever order they came to it.
//!
//! **Not promised.** The seed must be agreed on, and unknown to everybody while votes and candidates can still change:
//! a beacon of the committee gives it, this crate does not. Stake, place and holding record are believed as given.
//! Who holds more than a third of all weight in enough places will be a third of the committee.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod chances;
mod codec;
mod committee;
mod draw;
mod error;
mod evidence;
mod handover;
#[cfg(feature = "python")]
pub mod python;
mod vote;

pub use chances::{chances, Chance, Rules, MAX_BONUS_PPM, MAX_CANDIDATES, MAX_SEATS, UNIT};
pub use committee::{Committee, Member};
pub use draw::{elect, Candidate, WHOLE_PPM};
pub use error::ElectionError;
pub use evidence::{vote_bytes, Evidence, Removals};
pub use handover::{follow, handover_bytes, Handover};
pub use vote::{Choice, Tally, Vote, Votes};

/// An Ed25519 public key, 32 bytes: the identity of a candidate and of a member.
pub type Key = [u8; 32];
