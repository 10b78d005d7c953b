//! The seam: what a driver tells a node, and what the node asks of its driver.
use crate::{Message, Publication, Weighted};
use borsh::{BorshDeserialize, BorshSerialize};
use globelet_types::world::Route;
use globelet_types::{ChainId, NodeId, OrderId, Refusal, SignedOrder};

/// A fact. A driver hands each one to [`crate::State::handle`] once, with the time it happened.
// Most events and effects carry a message: a box would cost each an allocation.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub enum Event {
    /// The node begins, or begins again after its log was replayed. Not replayed itself.
    Started,
    /// A message arrived; the driver has authenticated that `from` sent it.
    MessageReceived {
        /// The sender.
        from: NodeId,
        /// Which of the two routes it took, where its link has two: what receipts say of parcels, and nothing more.
        route: Option<Route>,
        /// What it said.
        message: Message,
    },
    /// A timer asked for by [`Effect::StartTimer`] ran out.
    TimerExpired(Timer),
    /// Orders arrived from clients at this ingress. Signatures are not yet checked.
    Submitted {
        /// Echoed in [`Effect::Reply`].
        request: u64,
        /// The orders.
        orders: Vec<SignedOrder>,
    },
    /// Presence says which holders may be drawn in S1, nearest first, and how much each counts.
    CandidatesChanged {
        /// Holders that are present.
        holders: Vec<Weighted>,
    },
    /// A selection policy says whom of a source municipality to ask in R2. Until it does, they take turns.
    SourcesChanged {
        /// The source.
        source: ChainId,
        /// Its replicas; those not named count 0.
        replicas: Vec<Weighted>,
    },
}

/// What a timer was started for. Timers that run out after their purpose is gone are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum Timer {
    /// Seal what waits at this ingress.
    Seal,
    /// Take in the parcels that wait.
    Round,
    /// Go on without the inputs of a round that have not come.
    Hurry,
    /// Ask again for what is missing, announce what is unsettled.
    Repair,
    /// The HotStuff pacemaker of this view.
    View(u64),
    /// Report this continent's new blocks to the globe.
    Report,
    /// Sign, post-quantum, what was signed since the last time.
    Interval,
}

/// An order to the driver, to be carried out in the sequence given.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug)]
pub enum Effect {
    /// The event being handled must be durable before any later effect of it leaves the node.
    Persist,
    /// Send one message to each of these nodes.
    Send {
        /// Receivers; never the node itself.
        to: Vec<NodeId>,
        /// What to say.
        message: Message,
    },
    /// Hand back [`Event::TimerExpired`] once, after this long.
    StartTimer {
        /// Delay in microseconds.
        after_us: u64,
        /// Which.
        timer: Timer,
    },
    /// Answer a [`Event::Submitted`], one outcome per order, in order.
    Reply {
        /// The request answered.
        request: u64,
        /// Admitted or refused.
        outcomes: Vec<Result<OrderId, Refusal>>,
    },
    /// Tell whoever listens: streams to clients, the outbox, metrics.
    Publish(Publication),
}
