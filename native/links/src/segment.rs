//! What travels on a link.

use std::time::Instant;

use bytes::Bytes;

/// Something on its way, and the earliest moment it may leave the stage it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Arrival time before the toxics, due time behind them.
    pub at: Instant,
    /// What it carries.
    pub load: Load,
}

/// What a segment carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Load {
    /// Bytes of the stream.
    Data(Bytes),
    /// The sender is done; the other direction goes on (TCP FIN).
    Fin,
    /// The receiver's connection is to be closed in both directions.
    Close,
    /// Both connections are to be reset (TCP RST).
    Reset,
}

impl Segment {
    /// The same load at `at`, or where it is if that is later.
    #[must_use]
    pub fn not_before(mut self, at: Instant) -> Self {
        self.at = self.at.max(at);
        self
    }
}
