//! Clocks: hybrid logical time, NTP as a state machine, and a clock that is steered by it.
//!
//! | what | follows | cost |
//! |---|---|---|
//! | [`Clock`], [`Stamp`] | hybrid logical clock with bounded skew (Kulkarni, Demirbas, Madappa, Avva, Leone, "Logical Physical Clocks", 2014, section 3.2) | a few instructions |
//! | [`ntp::Packet`] | RFC 5905 section 7.3, the 48 bytes | |
//! | [`ntp::Exchange`] | sections 8 and 9.2: four stamps, offset and delay, bogus and repeated packets, kiss codes | |
//! | [`ntp::Filter`] | section 10, the clock filter with its spike suppressor | eight samples sorted |
//! | [`ntp::select`] | section 11.2: intersection, clustering, combining | O(n² log n) for n servers |
//! | [`ntp::Client`] | the above for several servers | |
//! | [`Steered`] | after section 11.3: slew, step forward, frequency | a few instructions |
//!
//! Nothing here reads a clock, a socket or chance: the caller passes times (microseconds or nanoseconds since the Unix
//! epoch), nonces and packets. All arithmetic is in whole numbers, so every result is the same on every machine.
//!
//! **Laws.** Stamps grow, whatever the physical clock does, and order cause before effect; none is further ahead of physical
//! time than the bound. While more than half of the servers are right, an offset that is found is off by no more than twice
//! the largest root distance of a right one, and whoever is off by more is dropped. A steered clock never runs backwards.
//!
//! **Not promised.** NTP without authentication believes whoever can answer in a server's place on the way; nonces only keep
//! out those who can't read the questions. An asymmetric way shifts an offset by half of the difference, unseen. Symmetric
//! and broadcast modes, extension fields and the kernel's own discipline are not here.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod error;
mod hybrid;
pub mod ntp;
#[cfg(feature = "python")]
pub mod python;
mod stamp;
mod steered;

pub use error::ClockError;
pub use hybrid::Clock;
pub use stamp::{Stamp, STAMP_BYTES};
pub use steered::{Adjustment, Steered, MOST_PPB, PANIC_NS, SLEW_PPB, STEP_NS};
