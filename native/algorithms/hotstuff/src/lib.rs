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
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod block;
mod certificate;
mod committing;
mod following;
mod leading;
mod message;
mod pacemaker;
mod state;

pub use block::{Hash, Header, GENESIS};
pub use certificate::{Certificate, Crypto, Phase, TimeoutCertificate, TimeoutVote};
pub use message::{Action, HotstuffMessage};
pub use state::{Hotstuff, HISTORY};
