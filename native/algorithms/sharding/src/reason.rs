//! What is refused, and why.

use borsh::{BorshDeserialize, BorshSerialize};
use globelet_types::{ChainId, Refusal};
use thiserror::Error;

/// Why an order, a remittance or a relocation was refused; nothing moved.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Error, BorshSerialize, BorshDeserialize)]
pub enum Reason {
    /// The paying or moving account is not open here.
    #[error("the account is not open in this municipality; open it first, or look it up in the map")]
    UnknownAccount,
    /// The receiving account is not open there.
    #[error("the receiving account is not open in the destination; look it up in the map")]
    UnknownRecipient,
    /// The account moved away.
    #[error("the account moved to municipality {to}; send the order there")]
    Moved {
        /// Where to.
        to: ChainId,
    },
    /// The account is open already.
    #[error("the account is open already; nothing to do")]
    AlreadyOpen,
    /// Amount zero.
    #[error("the amount must be at least 1")]
    ZeroAmount,
    /// The balance does not cover the amount.
    #[error("the balance is {available}, the amount {amount}; send less or wait for a credit")]
    Overdrawn {
        /// Spendable now.
        available: u64,
        /// Wanted.
        amount: u64,
    },
    /// The nonce was used, or is too old to tell.
    #[error("nonce {nonce} was already used or is below the window; use one above {highest}")]
    Replayed {
        /// The order's nonce.
        nonce: u64,
        /// Highest nonce used.
        highest: u64,
    },
    /// The municipality's balances would pass 64 bits.
    #[error("the balances would pass the largest amount; send less")]
    Overflow,
    /// An account can't move to where it is.
    #[error("the account is in this municipality already; nothing to do")]
    NothingToMove,
    /// So many parcels to that municipality wait for their settlement that it would take in no more.
    #[error("{waiting} parcels to the destination wait for their settlement, the limit; try again when it answers")]
    LaneFull {
        /// Parcels that wait.
        waiting: u64,
    },
}

impl Reason {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Reason::UnknownAccount => "sharding.unknown-account",
            Reason::UnknownRecipient => "sharding.unknown-recipient",
            Reason::Moved { .. } => "sharding.moved",
            Reason::AlreadyOpen => "sharding.already-open",
            Reason::ZeroAmount => "sharding.zero-amount",
            Reason::Overdrawn { .. } => "sharding.overdrawn",
            Reason::Replayed { .. } => "sharding.replayed",
            Reason::Overflow => "sharding.overflow",
            Reason::LaneFull { .. } => "sharding.lane-full",
            Reason::NothingToMove => "sharding.nothing-to-move",
        }
    }
}

/// How a world tells its account holders.
impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Refusal {
        match reason {
            Reason::UnknownAccount => Refusal::UnknownAccount,
            Reason::UnknownRecipient => Refusal::UnknownRecipient,
            Reason::Moved { to } => Refusal::Moved { to: to.0 },
            Reason::AlreadyOpen => Refusal::AlreadyOpen,
            Reason::NothingToMove => Refusal::NothingToMove,
            Reason::ZeroAmount => Refusal::ZeroAmount,
            Reason::Overdrawn { available, amount } => Refusal::Overdrawn { available, amount },
            Reason::Replayed { nonce, highest } => Refusal::Replayed { nonce, highest },
            Reason::Overflow => Refusal::Overflow,
            Reason::LaneFull { waiting } => Refusal::Busy { waiting },
        }
    }
}

/// A typed error of this crate; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ShardingError {
    /// An order was refused.
    #[error(transparent)]
    Refused(#[from] Reason),
    /// The bytes are no canonical encoding, or a field is out of its bounds.
    #[error("the bytes cannot be read: {reason}; encode the value with this crate")]
    Malformed {
        /// What was met.
        reason: String,
    },
    /// A parcel or head is for another municipality, or comes from this one.
    #[error("it goes from {source_chain} to {destination}, and this is {here}; send it down the right lane")]
    WrongLane {
        /// Its source.
        source_chain: ChainId,
        /// Its destination.
        destination: ChainId,
        /// This municipality.
        here: ChainId,
    },
    /// A parcel's number is too far above the cursor to keep track of, or zero.
    #[error(
        "parcel {number} while the cursor is {cursor}: parcels 1 to {} above it are taken; send the earlier ones first",
        crate::AHEAD_MOST
    )]
    OutOfWindow {
        /// Its number.
        number: u64,
        /// Every parcel up to here is in.
        cursor: u64,
    },
    /// More was taken in from a lane than was put on it.
    #[error("the lane from {source_chain} to {destination} gave more than it got; one of the two books is wrong")]
    Doubled {
        /// The lane's source.
        source_chain: ChainId,
        /// The lane's destination.
        destination: ChainId,
    },
    /// Changes of a map do not follow, or two places claim one account.
    #[error("the map cannot follow: {reason}; fetch the epochs again")]
    BrokenMap {
        /// What does not fit.
        reason: String,
    },
}

impl ShardingError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            ShardingError::Refused(reason) => reason.code(),
            ShardingError::Malformed { .. } => "sharding.malformed",
            ShardingError::WrongLane { .. } => "sharding.wrong-lane",
            ShardingError::OutOfWindow { .. } => "sharding.out-of-window",
            ShardingError::Doubled { .. } => "sharding.doubled",
            ShardingError::BrokenMap { .. } => "sharding.broken-map",
        }
    }
}
