//! Sharding coordination: accounts divided over municipalities, with money and accounts moving between them exactly once.
//!
//! Each municipality keeps the [`Books`] of its own accounts and has a numbered lane to every other one. What one block
//! sends down a lane is a [`Parcel`]; a seen-set and a contiguous cursor take each parcel in once, in whatever order
//! they come, and show what is missing; a [`Settlement`] on the lane back says what became of it, and what could not be
//! credited is refunded. An account moves in a parcel too, with its balance and its nonces ([`Relocation`]); what comes
//! for it to its old home is forwarded. The [`Map`] says, epoch by epoch, where accounts live.
//!
//! The books are a function of the [`Event`]s handled: a restart is to handle the log again ([`Books::replay`]). A ledger
//! that numbers, certifies and repairs what it sends by its own means takes [`Books::repaired_elsewhere`], and nothing is
//! kept twice.
//! [`audit`] checks conservation over any moment's books.
//!
//! | law | how |
//! |---|---|
//! | a parcel counts once | seen-set and cursor per lane ([`Lane`]'s view) |
//! | nothing is lost on a lane | a parcel is kept until the other side's cursor passes it, and sent again on its [`Head`] |
//! | credited or refunded, never both | a settlement decides each parcel once |
//! | an account is at one place | it leaves the books with the parcel that carries it; its version grows with each move |
//! | money for an account on its way waits | a forwarded remittance names the version it looks for, and is parked |
//!
//! The lanes follow globelet's design (sections 2 and 3); moving state between shards behind a forwarding pointer with
//! versions is Fowler's ("The complexity of using forwarding addresses for decentralized object finding", PODC 1986);
//! settlement instead of two-phase commit is Gray's escrow and the saga of Garcia-Molina and Salem (SIGMOD 1987).
//!
//! **Not promised.** Parcels are believed: whoever takes them in has checked the source's certificate first. Signatures,
//! worlds and expiry of orders are the ledger's business. A municipality that is corrupt through and through can send
//! money it does not have; credit limits and the continent's totals stand against that, elsewhere. A transfer that is
//! sent to an account's new home before the account is there is refunded, as for any unknown recipient.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod account;
mod arrival;
mod audit;
mod books;
mod event;
mod lane;
mod map;
mod order;
mod parcel;
#[cfg(feature = "python")]
pub mod python;
mod reason;

pub use account::Account;
pub use audit::{audit, Audit};
pub use books::{Books, Pointer};
pub use event::{Effect, Event};
pub use lane::{Lane, AHEAD_MOST};
pub use map::{Changes, Home, Map};
pub use order::{Move, Transfer};
pub use parcel::{Head, Kind, Parcel, Relocation, Remittance, Settlement, MAX_ITEMS, MAX_PARCEL};
pub use reason::{Reason, ShardingError};
