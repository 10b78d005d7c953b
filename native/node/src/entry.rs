//! The records of the outbox.
use borsh::{BorshDeserialize, BorshSerialize};
use globelet_protocol::{Brief, Receipt};
use globelet_types::{ChainId, Hash, OrderId};

/// One record.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub enum Entry {
    /// A receipt is complete.
    Receipt {
        /// Its order.
        id: OrderId,
        /// How many of the proofs are there that may come later.
        late_proofs: u8,
        /// The receipt, without what it shares.
        brief: Brief,
        /// Offset of the record of each interval signature that was cut out; all lie before this one.
        intervals: Vec<u64>,
    },
    /// A chain's block was certified; a root if the chain is the global one.
    Block {
        /// Chain.
        chain: ChainId,
        /// Height.
        height: u64,
        /// Header hash.
        hash: Hash,
        /// What it carries.
        items: u32,
        /// When this process learnt it, microseconds of the epoch.
        at_us: u64,
    },
    /// An interval signature that receipts name.
    Interval {
        /// Its name.
        name: Hash,
        /// Its encoding.
        encoded: Vec<u8>,
    },
}

/// What an entry is about: two entries with one key say the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A receipt, with so many of the proofs that may come late.
    Receipt(OrderId, u8),
    /// A block.
    Block(ChainId, u64),
    /// An interval signature.
    Interval(Hash),
}

impl Key {
    /// The key of a receipt's record.
    pub fn of(receipt: &Receipt) -> Key {
        let late = u8::from(receipt.post_quantum.is_some()) + u8::from(receipt.checkpoint.is_some());
        Key::Receipt(receipt.id, late)
    }
}

impl Entry {
    /// Its key.
    pub fn key(&self) -> Key {
        match self {
            Entry::Receipt { id, late_proofs, .. } => Key::Receipt(*id, *late_proofs),
            Entry::Block { chain, height, .. } => Key::Block(*chain, *height),
            Entry::Interval { name, .. } => Key::Interval(*name),
        }
    }
}
