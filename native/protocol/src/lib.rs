//! The protocol core: [`State::handle`] turns one event into effects.
//!
//! It does no input or output. Facts come in as [`Event`]s, orders go out as [`Effect`]s, and time is an
//! argument, so the tokio shell and the simulator drive the very same code. A node's whole state is a
//! function of its genesis, its secrets and the events it handled: to recover it, handle them again.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod block;
pub mod brief;
pub mod checkpoint;
pub mod epoch;
pub mod event;
pub mod genesis;
pub mod holding;
pub mod interval;
pub mod lane;
pub mod ledger_json;
pub mod message;
pub mod publication;
pub mod receipt;
pub mod receipt_json;
pub mod refusal_json;
pub mod selection;
pub mod standing;
mod state;
pub mod verify;

pub use brief::Brief;
pub use event::{Effect, Event, Timer};
pub use genesis::{Deal, Genesis, NodeSecrets};
pub use globelet_sharding::Home;
pub use message::Message;
pub use publication::Publication;
pub use receipt::Receipt;
pub use selection::Weighted;
pub use standing::Standing;
pub use state::{LedgerView, State};
