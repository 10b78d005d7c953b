//! Who is there: each process is one member of a gossip overlay that tells of present holders.
//!
//! A process signs, for each holder it hosts, a [`record::Record`] and renews it while its core answers. The overlay
//! (`globelet_gossip`) carries the records to every process over the same mutual TLS and the same links as the
//! protocol's messages. The [`register::Register`] keeps those that still count; when the set of a municipality's
//! present holders changes, its replicas get new candidates. So placing shards (S1) asks nobody anything.
pub mod peers;
pub mod record;
pub mod register;
pub mod selection;
pub mod task;
pub mod witness;

use globelet_gossip::Packet;
use std::time::Duration;

/// What a process said, its certificate being the witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The process, as an index of the world's table.
    pub from: u16,
    /// What it said, in order.
    pub packets: Vec<Packet>,
}

/// Packets of other processes that may wait to be read; more are lost, and gossip mends itself.
pub const WAITING: usize = 1_024;

/// Between two renewals, unless asked otherwise.
pub const RENEWAL: Duration = Duration::from_secs(10);

/// How long a record counts: one renewal may get lost, and the next be late.
pub fn time_to_live(renewal: Duration) -> Duration {
    renewal * 5 / 2
}
