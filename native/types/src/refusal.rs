//! Why an order is refused: a stable code and a sentence that names the mend.
use crate::ChainId;
use borsh::{BorshDeserialize, BorshSerialize};
use thiserror::Error;

/// A typed refusal. The ledger is as it was before the order.
#[derive(Clone, Debug, PartialEq, Eq, Error, BorshSerialize, BorshDeserialize)]
pub enum Refusal {
    /// The bytes or fields are not an order.
    #[error("the order cannot be read: {reason}; send it as the OpenAPI document says")]
    Malformed {
        /// What was met.
        reason: String,
    },
    /// Signed for another world.
    #[error("the order was signed for world {found:016x}, this is world {expected:016x}; sign it again with this world's tag")]
    WrongWorld {
        /// Tag in the order.
        found: u64,
        /// This world's tag.
        expected: u64,
    },
    /// Sent to a municipality that does not hold the account.
    #[error("the account belongs to municipality {owner}, not to this one; send the order there")]
    WrongMunicipality {
        /// The municipality named in the order.
        owner: u16,
    },
    /// The destination is not a municipality of this world.
    #[error("there is no municipality {found} in this world; `globelet world show` lists them")]
    UnknownMunicipality {
        /// The number in the order.
        found: u16,
    },
    /// The signature does not verify.
    #[error("the signature is not the account's over these fields; sign the order with the account's own key")]
    BadSignature,
    /// The time to live is over.
    #[error("the order expired at {expired_us} us; sign it again with a later expires_us")]
    Expired {
        /// When it expired.
        expired_us: u64,
    },
    /// The nonce was used, or is too old to tell.
    #[error("nonce {nonce} was already used or is below the window; use one above {highest}")]
    Replayed {
        /// The order's nonce.
        nonce: u64,
        /// Highest nonce used.
        highest: u64,
    },
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
    /// Crediting would pass the largest amount.
    #[error("the amount would take the recipient above the largest balance; send less")]
    Overflow,
    /// The paying account is not open here.
    #[error("the paying account is not open in this municipality; open it first")]
    UnknownAccount,
    /// The receiving account is not open there.
    #[error("the receiving account is not open in the destination; its owner must open it first")]
    UnknownRecipient,
    /// The account is open already.
    #[error("the account is open already; nothing to do")]
    AlreadyOpen,
    /// The ingress has as much as it can carry.
    #[error("{waiting} orders or parcels are under way here, the limit; try again shortly")]
    Busy {
        /// Orders waiting.
        waiting: u64,
    },
    /// The ordering account moved away.
    #[error("the account moved to municipality {to}; sign the order for that one and send it there")]
    Moved {
        /// Where to.
        to: u16,
    },
    /// The receiving account moved away.
    #[error("the receiving account moved to municipality {to}; sign the transfer with that destination")]
    RecipientMoved {
        /// Where to.
        to: u16,
    },
    /// The account's move waits here to be applied.
    #[error("the account is moving to municipality {to}; wait until it is there, and send the order there")]
    Moving {
        /// Where to.
        to: u16,
    },
    /// An account can't move to where it is.
    #[error("the account is in that municipality already; nothing to do")]
    NothingToMove,
    /// The municipality elects nobody.
    #[error("this municipality's committee is the world file's; vote in a world with parameters.epoch_us")]
    NoElections,
    /// The vote is for somebody who is no candidate.
    #[error("node {found} is no replica of this municipality; `globelet world show` lists them")]
    UnknownCandidate {
        /// Its number.
        found: u16,
    },
}

impl Refusal {
    /// The stable code of this refusal, as problem documents and receipts carry it.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::Malformed { .. } => "malformed",
            Refusal::WrongWorld { .. } => "wrong_world",
            Refusal::WrongMunicipality { .. } => "wrong_municipality",
            Refusal::UnknownMunicipality { .. } => "unknown_municipality",
            Refusal::BadSignature => "bad_signature",
            Refusal::Expired { .. } => "expired",
            Refusal::Replayed { .. } => "replayed",
            Refusal::ZeroAmount => "zero_amount",
            Refusal::Overdrawn { .. } => "overdrawn",
            Refusal::Overflow => "overflow",
            Refusal::UnknownAccount => "unknown_account",
            Refusal::UnknownRecipient => "unknown_recipient",
            Refusal::AlreadyOpen => "already_open",
            Refusal::Busy { .. } => "busy",
            Refusal::Moved { .. } => "moved",
            Refusal::RecipientMoved { .. } => "recipient_moved",
            Refusal::Moving { .. } => "moving",
            Refusal::NothingToMove => "nothing_to_move",
            Refusal::NoElections => "no_elections",
            Refusal::UnknownCandidate { .. } => "unknown_candidate",
        }
    }

    /// The municipality where the account lives now, or soon, if that is the reason.
    pub fn moved_to(&self) -> Option<ChainId> {
        match self {
            Refusal::Moved { to } | Refusal::RecipientMoved { to } | Refusal::Moving { to } => Some(ChainId(*to)),
            _ => None,
        }
    }
}
