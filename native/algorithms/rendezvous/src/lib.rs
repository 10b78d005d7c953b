//! Weighted rendezvous hashing on keyed BLAKE3.
//!
//! Every candidate draws a number from the key and its own id; the draw is turned into
//! `-ln(u) / weight`, and the smallest wins (Schindelhauer and Schomaker, "Weighted Distributed
//! Hash Tables", 2005). A candidate wins in proportion to its weight, and when one comes or goes
//! only what it wins or held moves. Integers only: every machine finds the same order.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod logarithm;
mod rank;

pub use rank::{rank, top_k, top_k_spread, Candidate};
