//! Asynchronous binary agreement with a threshold common coin.
//!
//! One [`Abba`] instance lets n = 3f + 1 members agree on one bit although f of them lie and messages take
//! any time. The skeleton is Mostéfaoui, Moumen and Raynal, "Signature-Free Asynchronous Binary Byzantine
//! Consensus with t < n/3, O(n²) Messages, and O(1) Expected Time" (PODC 2014; J. ACM 62(4), 2015), with the CONF
//! step of MacBrough ("Cobalt", 2018) that keeps an adversary from choosing messages after it has seen the coin. Per round: BVAL until
//! 2f + 1 support a value (it enters *bin_values*), AUX, CONF, coin; a member decides `b` when `b` is the
//! only value it saw and the coin is `b`, and otherwise goes on with `b`, or with the coin if it saw both.
//!
//! A [`Subset`] runs one instance for each of many candidates and gives all members the same ones: of n proposals n - f
//! or more, or whatever they have of things that any of them may come to have.
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
//!
//! # Why it terminates
//! Until f + 1 shares are out nobody knows a drawn coin, so an honest member has ended its CONF step by then. Honest CONF
//! messages name {b} or {0, 1} for one b only, as two sets of n - f AUX messages share an honest sender. If that member
//! saw {b} from n - f others, everybody's n - f CONF messages contain b, and the coin is b with probability 1/2: then all
//! go on with b. If it saw both values and f + 1 honest members confirmed both, everybody sees both and goes on with the
//! coin. The 2014 version draws the coin after AUX, when one member may still be made to see either value: a scheduler
//! that has seen the coin keeps the members apart for ever (`src/attack.rs` does it to this code without its CONF step).
//! Two rounds with known coins give that scheduler two rounds, no more.
//!
//! # Rounds and message delays
//! Local work takes no time; a wait for [`Abba::hurry`] is not counted. `tests/delays.rs` asserts what stands here.
//!
//! | inputs | here | the 2014 paper |
//! |---|---|---|
//! | n equal | 1 delay, no coin | 2 rounds expected, 6 delays (each BVAL 1, AUX 1, coin 1) |
//! | equal, f members silent | true 2, false 4, no coin | the same 6 |
//! | equal but for up to f members | true 2, false 4, no coin | the same 6 |
//! | divided | rounds 1 and 2 at most 3 each, later ones at most 5 (BVAL 2, AUX 1, CONF 1, coin 1) | 4 rounds expected, at most 4 delays each; 5 with CONF |
//!
//! Expected rounds of the paper: a round makes all estimates equal with probability 1/2 at least, a round with equal
//! estimates decides with probability 1/2. The fixed coins buy the usual case, and members who are truly divided pay for
//! it: an adversary who knows those coins can waste the first two rounds, so the expectation against it is 6. In lock step
//! with inputs half against half, 200 seeds each at n = 4, 7, 10 take 3.5 to 4.3 rounds and 11 to 13 delays on average.
//!
//! # Costs
//! A round is at most four messages of up to 7 bytes from each member to each other, and one coin share of 103 bytes. A
//! step costs O(n) for each round this member has been in, and the coin 2(f + 1) point multiplications. State: at most 64
//! rounds ahead with one entry for each member and kind.
//!
//! # Not promised
//! The caller authenticates senders, names coins apart ([`VerifyCoin`] is told the round only), and delivers in the end
//! what honest members send. Nothing is promised with more than f liars.
#![cfg_attr(test, allow(clippy::unwrap_used))]

#[cfg(test)]
mod attack;
mod error;
mod instance;
mod message;
#[cfg(feature = "python")]
pub mod python;
mod round;
mod rules;
mod subset;

pub use error::AbbaError;
pub use instance::{Abba, VerifyCoin, WINDOW};
pub use message::{AbbaMessage, Output, MAX_MESSAGE};
pub use subset::{Subset, SubsetOutput, VerifyCoins};
