//! The finality ladder.
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// One step of the ladder that a transfer climbs.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Accepted at the ingress: signature, nonce and balance hold.
    Admitted,
    /// Its batch has the holding proofs it needs.
    Held,
    /// The source municipality certified its block: the sender can rely on it.
    Committed,
    /// Rebuilt and verified at the destination.
    Delivered,
    /// Spendable at the destination.
    Credited,
    /// The continent ordered the source block.
    Acknowledged,
    /// Its root is in the Ledger of Roots.
    Anchored,
    /// The stores have it.
    Archived,
    /// Not admitted, or not applied at the source; nothing moved.
    Refused,
    /// Could not be credited; the amount is back with the sender.
    Refunded,
}

impl Stage {
    /// The stage's name as receipts, metrics and people write it.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Admitted => "admitted",
            Stage::Held => "held",
            Stage::Committed => "committed",
            Stage::Delivered => "delivered",
            Stage::Credited => "credited",
            Stage::Acknowledged => "acknowledged",
            Stage::Anchored => "anchored",
            Stage::Archived => "archived",
            Stage::Refused => "refused",
            Stage::Refunded => "refunded",
        }
    }
}
