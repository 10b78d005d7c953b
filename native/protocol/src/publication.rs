//! What a node tells the world outside the protocol.
use crate::Receipt;
use globelet_clock::Stamp;
pub use globelet_holding::Outcome;
use globelet_types::{ChainId, Hash, NodeId, OrderId, Refusal, Stage};

/// A fact for clients, the outbox and metrics. Losing one loses no money.
#[derive(Clone, Debug)]
pub enum Publication {
    /// A transfer climbed a step, as its ingress knows it.
    StageReached {
        /// Which transfer.
        order: OrderId,
        /// The step.
        stage: Stage,
        /// When it was reached, where it was reached.
        at: Stamp,
        /// Why, for `refused` and `refunded`.
        refusal: Option<Refusal>,
    },
    /// A receipt is complete: the outbox carries it to the stores.
    ReceiptCompleted(Box<Receipt>),
    /// A chain's block was certified at this node.
    BlockCertified {
        /// Chain.
        chain: ChainId,
        /// Height.
        height: u64,
        /// Header hash.
        hash: Hash,
        /// Orders and parcels it carries, or payload items above municipal level.
        items: u32,
    },
    /// A parcel was brought home by R2 to R4.
    ParcelRepaired {
        /// Source municipality.
        source: ChainId,
        /// Number in its lane.
        number: u64,
    },
    /// A challenge of this replica's ended.
    Challenged {
        /// Who was asked.
        holder: NodeId,
        /// Passed, missed or wrong.
        outcome: Outcome,
    },
    /// A municipality's next committee sits, as this replica applied it.
    EpochBegan {
        /// Municipality.
        chain: ChainId,
        /// Epoch.
        epoch: u64,
        /// Its members.
        members: Vec<NodeId>,
    },
    /// A member broke the protocol, with a sentence that says how.
    Misbehaviour {
        /// Member index in its chain.
        member: u16,
        /// What it did.
        what: String,
    },
}
