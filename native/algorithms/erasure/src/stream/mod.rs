//! Payloads that do not fit into memory: cut into stripes, each encoded and committed to by itself.
//!
//! Shard `i` of the stream is, stripe after stripe, a *piece*: the Merkle path of shard `i` of the stripe, then its bytes.
//! All lengths follow from the [`Manifest`], so a piece can be read at its place and checked alone.

mod decoder;
mod encoder;
mod manifest;

pub use decoder::Decoder;
pub use encoder::{Encoder, Stripe};
pub use manifest::Manifest;

/// Most bytes of a stripe.
pub const MAX_STRIPE: u32 = 1 << 30;
