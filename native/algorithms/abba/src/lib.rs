//! Asynchronous binary agreement with a threshold common coin.
//!
//! One [`Abba`] instance lets n = 3f + 1 members agree on one bit although f of them lie and messages take
//! any time. The skeleton is Mostéfaoui, Moumen and Raynal, "Signature-Free Asynchronous Binary Byzantine
//! Consensus with t < n/3, O(n²) Messages, and O(1) Expected Time" (J. ACM 62(4), 2015), with the CONF
//! step that keeps an adversary from choosing messages after it has seen the coin. Per round: BVAL until
//! 2f + 1 support a value (it enters *bin_values*), AUX, CONF, coin; a member decides `b` when `b` is the
//! only value it saw and the coin is `b`, and otherwise goes on with `b`, or with the coin if it saw both.
//!
//! # Fewer message delays
//! - **Fixed coins.** The coins of rounds 0 and 1 are 1 and 0; the threshold coin begins with round 2.
//!   Agreement holds for *any* coin all members share; randomness is needed only to terminate against an
//!   adversary. A fixed coin has nothing to hide, so rounds 0 and 1 have no CONF step.
//! - **Unanimity.** A member that has received the round-0 input of *all n* members, all equal to `v`,
//!   decides `v` at once, after one message delay.
//! - **Patience.** A member that may still decide on the inputs says nothing but its input: usually an agreement is one
//!   message from each member to each other. It goes on as soon as the inputs differ, somebody else says more, or its
//!   caller finds the wait too long ([`Abba::hurry`]). Saying a thing later is what an asynchronous network does
//!   anyway, so nothing below depends on it; only termination needs `hurry` to be called in the end.
//!
//! # Why unanimity is safe
//! Let an honest member see n inputs `v`. An honest member tells all others the same input, and tells it
//! once, so all n - f honest members (or more) had input `v`. Then in round 0:
//! 1. Only the at most f liars send BVAL(1 - v): honest members neither input it nor relay it, as a relay
//!    takes f + 1 senders. So 1 - v enters no honest bin_values, which takes 2f + 1.
//! 2. Honest members accept AUX only for values in bin_values, so whoever ends round 0 saw {v} only. It
//!    decides `v` if the coin is `v`, and otherwise goes on with `v`.
//! 3. By induction all honest members enter each later round with `v`, and 1. and 2. repeat: no honest member ever
//!    decides 1 - v, and each decides `v` by round 1 (the coins of rounds 0 and 1 are 1 and 0), or adopts it from
//!    f + 1 TERM messages, of which one is honest.
//!
//! # Ending
//! A member that decides sends TERM, unless it decided on the inputs and nobody has said more than those. It stays in its round and enters the next only when it hears of one from somebody
//! else, so an agreement that is over costs nothing more; f + 1 TERM(v) make a member decide `v`, and after
//! 2f + 1 it ignores everything: f + 1 of those senders are honest, so everyone will get f + 1.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod instance;
mod message;
mod round;

pub use instance::{Abba, VerifyCoin, WINDOW};
pub use message::{AbbaMessage, Output};
