//! Two-phase HotStuff with a stable leader and a quadratic view change.
//!
//! Per height: the leader's Propose, Vote(Prepare) back, Prepared (a quorum's certificate) out, Vote(Commit) back,
//! Committed out. A payload is a batch, so one block in flight at a time is enough and nothing is pipelined. The protocol is
//! HotStuff (Yin et al., PODC 2019) cut to two phases as in Jolteon (Gelashvili et al., FC 2022): the lost phase is paid
//! for by time-outs that carry certificates, all to all, when a leader fails.
//!
//! # Views
//! The leader of view v is member v mod n. It stays leader, height after height, until a quorum times out. 2f + 1 signed
//! time-outs form a [`TimeoutCertificate`]: it shows the highest certificate any of them knew (by height, then view), and
//! begins the next view. Every proposal carries the certificate that began its view, so whoever comes late can judge it alone.
//!
//! # Safety
//! Each member votes once per height, view and phase, and not at all in a view it timed out of.
//! - *Within a view*: two prepare certificates at one height share an honest voter, so they are for one block.
//! - *Across views*: suppose block B got a commit certificate at height h in view w. At least f + 1 honest members were then
//!   locked on B's prepare certificate before they timed out of w, so every time-out certificate of a view >= w contains one
//!   of them, and shows a certificate at height h or above. A member votes at the height of the certificate shown only for
//!   its block, below it not at all, and above it freely: by induction over the views, nothing but B gets a prepare
//!   certificate at height h after w, and heights above h extend B.
//!
//! # A block proposed again
//! keeps its header, and so its hash: its header says in which view it was made, its certificates in which view it was voted.
//!
//! # Message delays
//! `tests/delays.rs` asserts the first column.
//!
//! | | here | HotStuff (basic) | Jolteon | PBFT |
//! |---|---|---|---|---|
//! | proposal to commit, at the leader | 4 | 6 | 4 | 3 |
//! | proposal to commit, at all | 5 | 7 | 5 | 3 |
//! | time-out to the next leader's proposal | 1 | 1 | 1 | 1 |
//! | messages of a view change | O(n²) | O(n) | O(n²) | O(n²) |
//! | messages of a block | O(n) | O(n) | O(n) | O(n²) |
//!
//! The papers' figures are counted the same way from their message flows, without the client: HotStuff's are prepare,
//! pre-commit, commit, decide with a vote after each but the last; Jolteon's those of a block whose successors follow at
//! once. A block that was locked when its leader fell silent costs the same again in the next view: it is proposed again.
//! The time-out doubles with each view that fails, up to 64 times, and a commit resets it.
//!
//! # Liveness
//! Once messages arrive within some bound, time-outs outgrow it; f + 1 time-outs make every honest member join, and the
//! first view with an honest leader commits. `tests/liveness.rs` drives chains through loss and delay and holds that
//! every honest member commits within three of the longest time-outs after it ends.
//!
//! # What was explored
//! `src/model` is exhaustive for four members of which one lies: whatever the liar says to whom, and every order of
//! messages and time-outs, for one height and the bounds it states; no state has two blocks that can be proved committed.
//! With two liars it finds how logs part. `tests/model.rs` visits every order of the messages themselves where one member
//! is silent or a leader proposes two blocks. `tests/twins.rs` runs Byzantine members as twins through thousands of split
//! networks, for more views and heights.
//!
//! # Evidence
//! [`Action::Equivocation`] tells that a leader proposed two blocks to this member; proposals are not signed, so that is a
//! member's own knowledge. What is signed convicts: a [`Watch`] finds votes for two blocks, and time-outs that deny a lock,
//! in any messages it is shown, and gives [`Evidence`] that holds for whoever knows the keys. Honest members, restarts
//! included, sign nothing that a watch reports.
//!
//! # Costs
//! A block costs each replica two signatures and two certificates to verify (2n - 2f signatures), its leader 2(n - f)
//! votes. State: the blocks of the next height that were proposed, the last [`HISTORY`] committed ones, one time-out for
//! each member.
//!
//! # Not promised
//! The caller authenticates senders, keeps the state durable before a step's actions are carried out, and judges payloads.
//! With more than f liars logs may part.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod block;
mod certificate;
mod codec;
mod committing;
mod error;
mod evidence;
mod following;
mod leading;
mod message;
#[cfg(test)]
mod model;
mod pacemaker;
#[cfg(feature = "python")]
pub mod python;
mod state;
mod watch;

pub use block::{Hash, Header, GENESIS};
pub use certificate::{Certificate, Crypto, Phase, TimeoutCertificate, TimeoutVote};
pub use codec::MAX_MESSAGE;
pub use error::HotstuffError;
pub use evidence::{Evidence, SignedTimeout, SignedVote};
pub use message::{Action, HotstuffMessage};
pub use state::{Hotstuff, HISTORY};
pub use watch::Watch;
