//! What members say to each other, and what a step asks of the caller.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::{Certificate, Hash, Header, Phase, TimeoutCertificate};

/// A message of one chain; the caller authenticates the sender.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum HotstuffMessage {
    /// The leader proposes a block: one of its own, or again the block of the highest certificate.
    Propose {
        /// The block's header.
        header: Header,
        /// The block's payload.
        payload: Vec<u8>,
        /// Commit certificate of the parent, for members who missed it; none at height 1.
        justify: Option<Certificate>,
        /// What began the leader's view; none in view 0. The proposal's view is one above it.
        timeout: Option<TimeoutCertificate>,
    },
    /// A vote, to the leader of `view`.
    Vote {
        /// What it says.
        phase: Phase,
        /// The view voted in.
        view: u64,
        /// The block's height.
        height: u64,
        /// The block's hash.
        block: Hash,
        /// Over [`Certificate::signing_bytes`].
        signature: [u8; 64],
    },
    /// The leader shows a prepare certificate: lock on it and vote to commit.
    Prepared {
        /// The certificate.
        certificate: Certificate,
    },
    /// A block is committed.
    Committed {
        /// Its header.
        header: Header,
        /// Its commit certificate.
        certificate: Certificate,
    },
    /// The sender gave up on a view.
    Timeout {
        /// That view.
        view: u64,
        /// The highest certificate the sender knows.
        high: Option<Certificate>,
        /// The height the sender has committed.
        height: u64,
        /// Over [`TimeoutCertificate::signing_bytes`].
        signature: [u8; 64],
    },
    /// A view ended: all may enter the next.
    Advance {
        /// The proof.
        timeout: TimeoutCertificate,
    },
    /// Asks for blocks.
    Fetch {
        /// Committed blocks from this height on; or the height of `block`.
        height: u64,
        /// A block, committed or not, by its hash.
        block: Option<Hash>,
    },
    /// Answers a fetch.
    Block {
        /// The block's header.
        header: Header,
        /// Its payload.
        payload: Vec<u8>,
        /// Its commit certificate; none if the sender does not know it committed.
        certificate: Option<Certificate>,
    },
}

/// What one step asks of the caller, to be done in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send to one member.
    Send(u16, HotstuffMessage),
    /// Send to every other member.
    Broadcast(HotstuffMessage),
    /// Call `Hotstuff::timer` with `view` after this many microseconds.
    StartTimer {
        /// The view the timer guards.
        view: u64,
        /// Microseconds from now.
        after_us: u64,
    },
    /// The next block in order is final: apply it and keep it.
    Commit {
        /// Its header.
        header: Header,
        /// Its payload.
        payload: Vec<u8>,
        /// Its commit certificate.
        certificate: Certificate,
    },
    /// This member leads and may propose. Call `propose` now or whenever there is something; after a view change
    /// (`Hotstuff::expecting` is true) propose at once, an empty payload if need be.
    NeedPayload,
    /// A leader proposed two blocks in one view at one height to this member.
    Equivocation {
        /// The leader.
        member: u16,
        /// The view of the proposals.
        view: u64,
        /// The header seen first.
        a: Header,
        /// The header seen second.
        b: Header,
    },
}
