//! Ids, amounts, bounded codec and typed errors shared by every crate.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod bounds;
pub mod codec;
pub mod id;
pub mod order;
pub mod refusal;
pub mod stage;
pub mod world;

pub use codec::{decode, encode, DecodeError};
pub use id::{AccountId, ChainId, Hash, Micros, NodeId, OrderId, RegionId, Signature};
pub use order::{Choice, Move, Opening, Order, SignedOrder, Spending, Transfer, Vote};
pub use refusal::Refusal;
pub use stage::Stage;
