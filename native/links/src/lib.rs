//! The link emulator: a Toxiproxy-compatible proxy with exact, seeded delays.
//!
//! Bytes read from one side become [`segment::Segment`]s stamped with their arrival time. A
//! [`chain::Chain`] of toxics turns each arrival time into a due time; the pipe writes the segment
//! when an [`exact_clock::ExactClock`] says it is due. A due time, once given, is never moved, so
//! changing or removing a toxic can neither release queued bytes early nor reorder them.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod address;
pub mod api;
pub mod chain;
pub mod collection;
pub mod connection;
pub mod error;
pub mod exact_clock;
pub mod metrics;
pub mod millis;
pub mod pipe;
pub mod proxy;
pub mod random;
pub mod segment;
pub mod toxics;

pub use exact_clock::ExactClock;
