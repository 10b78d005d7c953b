//! What a holder is asked to keep, whoever vouches for the request.

use globelet_types::Hash;

use crate::{Commitment, Key, Request};

/// What a holder is asked to keep under `place`, which has room for one shard.
///
/// A [`Request`] says this under a signature of its own, and its place is vertex and shard. Where the asker has signed
/// already what the shard is of, such as a batch's header, nothing needs to be signed again: the caller reads this from
/// there, chooses the place, and tells [`crate::Holder::keep`] whether it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted<P> {
    /// What it is kept under: another shard asked for under the same place is a conflict.
    pub place: P,
    /// Hash of the vertex that the shard is of.
    pub vertex: Hash,
    /// Which shard.
    pub shard: u16,
    /// Who asks, and who alone may extend it.
    pub asker: Key,
    /// How the bytes are known to be the right ones.
    pub content: Content,
    /// For how long, in microseconds from when it is held.
    pub ttl_us: u64,
}

/// How the bytes of a shard are known to be the right ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// The holder checks them against this, and keeps the tree over their pieces.
    Committed(Commitment),
    /// The caller has checked them, against what the vertex commits to. The tree over pieces of so many bytes is made
    /// when a challenge asks for some: O(length) each time, and no hash is kept or made for a shard nobody asks about.
    Checked {
        /// Bytes of a piece.
        piece: u32,
    },
}

impl Request {
    /// What it asks for: its place is vertex and shard.
    pub fn wanted(&self) -> Wanted<(Hash, u16)> {
        let Request { vertex, shard, commitment, ttl_us, asker, .. } = *self;
        Wanted { place: (vertex, shard), vertex, shard, asker, content: Content::Committed(commitment), ttl_us }
    }
}
