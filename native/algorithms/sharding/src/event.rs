//! What the books handle, and what follows.

use std::collections::BTreeMap;
use std::sync::Arc;

use borsh::{BorshDeserialize, BorshSerialize};
use globelet_types::{encode, AccountId, OrderId};

use crate::parcel::{canonical, MAX_PARCEL};
use crate::{Head, Move, Parcel, Reason, ShardingError, Transfer};

/// Something that happened at a municipality.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Event {
    /// An account is opened with balance zero.
    Opened {
        /// Which.
        account: AccountId,
    },
    /// A holder ordered a transfer; its signature holds.
    Transferred(Transfer),
    /// A holder ordered that its account move; its signature holds.
    Moved(Move),
    /// The block is closed.
    Closed,
    /// A parcel came; its source's certificate holds.
    Arrived(Parcel),
    /// Another municipality told how far it is.
    Told(Head),
    /// A holder ordered what moves nothing, such as a vote; its signature holds.
    Ordered {
        /// Which account.
        account: AccountId,
        /// As a transfer's.
        nonce: u64,
    },
}

impl Event {
    /// The canonical encoding, as a log keeps it.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads an event from its canonical encoding.
    ///
    /// # Errors
    /// `Malformed` for anything but exactly one canonical event.
    pub fn from_bytes(bytes: &[u8]) -> Result<Event, ShardingError> {
        canonical(bytes, MAX_PARCEL + 1)
    }
}

/// What follows from an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send this parcel down its lane. It may be lost, doubled or late.
    Send(Arc<Parcel>),
    /// A transfer within this municipality is done; if its recipient has moved, the money follows it.
    Done {
        /// Which.
        id: OrderId,
    },
    /// A parcel of ours is settled: its transfers are decided, once and for all.
    Settled {
        /// Which.
        parcel: Arc<Parcel>,
        /// Its transfers that were refunded, and why; the destination took in all others.
        refused: BTreeMap<OrderId, Reason>,
    },
    /// An account came to live here.
    Settler {
        /// Which.
        account: AccountId,
        /// How often it has moved.
        version: u64,
    },
    /// An account that should have moved could not, and lives here again.
    Returned {
        /// Which.
        account: AccountId,
        /// Why.
        reason: Reason,
    },
}
