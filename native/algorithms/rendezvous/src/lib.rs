//! Weighted rendezvous hashing on keyed BLAKE3, with rules of placement.
//!
//! Every candidate draws a number from the key and its own id; the draw is turned into
//! `-ln(u) / weight`, and the smallest wins (Schindelhauer and Schomaker, "Weighted Distributed
//! Hash Tables", SPAA 2005, section 3, over the rendezvous of Thaler and Ravishankar, "Using Name-Based
//! Mappings to Increase Hit Rates", 1998). Integers only: every machine finds the same order.
//!
//! - [`rank`], [`top_k`], [`top_k_spread`]: the order of [`Candidate`]s for a key, and its beginning.
//! - [`Sites`]: candidates that stand in buildings of cities, and [`Rules`] of how many of each may be chosen: by default
//!   one of a building, and over the cities as evenly as they allow.
//!
//! # Laws
//! - **Balance**: a candidate is the first choice of a share of the keys that is its share of the weights; the error of
//!   the integers is below 2^-40 of that share. A candidate of weight 0 is chosen only when all others are.
//! - **Minimal disruption**: one that leaves moves nobody else, more weight never moves one back, and the order that
//!   candidates are given in does not matter. Under [`Rules`] with fixed limits it is the same: buildings lie within
//!   cities, so the sets that keep the rules are the independent sets of a laminar matroid, in which the greedy choice
//!   changes by one member when one comes or goes (Edmonds, "Matroids and the greedy algorithm", 1971).
//! - **Bounds**: rules that can be kept are kept, since a greedy choice in a matroid is as large as any.
//!
//! # What it does not promise
//! The second and later choices follow the weights of those that are left, so a site's share of *all* choices of a key
//! is a little evener than its weight. The numbers of keys a site gets are binomial, not equal. Whoever can choose keys
//! can find one that a given site wins: keys should be drawn, as by a verifiable random function.
//!
//! # Cost
//! A key costs one compression of BLAKE3 for every candidate, eight of them at a time, and an exact logarithm only for those
//! that bounds leave in doubt: O(n + k log n) for the first k of n, some 0.03 µs for a candidate. Libraries that hash a
//! candidate once for all keys and mix the two hashes are faster where there are few, and can be steered by whoever chooses
//! ids or keys.
#![cfg_attr(not(test), deny(clippy::float_arithmetic))]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod draw;
mod error;
mod logarithm;
mod order;
mod rank;
mod sites;

#[cfg(feature = "python")]
pub mod python;

pub use error::RendezvousError;
pub use order::Order;
pub use rank::{rank, top_k, top_k_spread, Candidate};
pub use sites::{settle, Rules, Site, Sites, MOST_SITES};
