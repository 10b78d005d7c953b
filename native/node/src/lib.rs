//! The tokio shell: transport, log, outbox and HTTP around the protocol core.
//!
//! One process hosts some nodes of a world. A core thread owns their states and hands them events one at
//! a time; log threads make what they handled durable before anything that rests on it leaves; one tokio
//! thread carries messages to other processes and answers clients.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod clock;
pub mod consul;
pub mod core;
pub mod deal;
pub mod directory;
pub mod entry;
pub mod error;
pub mod feed;
pub mod fetch;
pub mod gate;
pub mod gossip;
pub mod http;
pub mod jwks;
pub mod log;
pub mod metrics;
pub mod outbox;
pub mod presence;
pub mod receipt_json;
pub mod recent;
pub mod run;
pub mod schedule;
pub mod secrets;
pub mod transport;
pub mod vault;
pub mod work;
pub mod writer;

pub use error::NodeError;
