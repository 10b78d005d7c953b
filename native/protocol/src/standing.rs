//! How an order stands, as the certified blocks of one replica tell it.
use globelet_clock::Stamp;
use globelet_types::{ChainId, Hash, OrderId, Refusal, Stage};

/// What a replica knows of an order from blocks alone: less than the receipt of the ingress, and from any replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The order.
    pub id: OrderId,
    /// Municipality whose committee applied it.
    pub source: ChainId,
    /// Municipality where it is credited.
    pub destination: ChainId,
    /// The replica's own chain, which has the block.
    pub chain: ChainId,
    /// The block's height.
    pub height: u64,
    /// Hash of its header.
    pub block: Hash,
    /// Signatures of its certificate.
    pub signatures: usize,
    /// Number of its parcel in the lane, for a transfer between two municipalities.
    pub lane: Option<u64>,
    /// A stamp per step that the blocks tell, in the order of the ladder, by the clock of this replica.
    pub stages: Vec<(Stage, Stamp)>,
    /// Why it was refused or not credited.
    pub refusal: Option<Refusal>,
}
