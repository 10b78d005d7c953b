//! A whole world in virtual time, exactly repeatable from a seed.
//!
//! The simulator drives the same [`globelet_protocol::State`] as the tokio shell, over the world's
//! latency matrix, with seeded faults, named adversaries and the invariants checked as it goes. It has
//! no sockets, files or clocks of its own, and one thread until all logs are replayed at the end: one
//! seed, one world and one script give one trace.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod account;
pub mod adversaries;
pub mod checks;
mod detour;
mod disk;
mod ladder;
mod link;
mod node;
mod queue;
mod random;
pub mod sample;
pub mod scenario;
mod simulation;
mod trace;
mod trouble;

pub use account::Account;
pub use adversaries::Adversary;
pub use checks::Violation;
pub use globelet_clock::Stamp;
pub use ladder::{Climb, Ladder};
pub use link::{Fault, Links};
pub use random::Random;
pub use simulation::{Delays, Listener, Selector, Simulation, START_US};
pub use trace::Trace;
pub use trouble::Trouble;
