//! Orders that account holders sign: a transfer, or the opening of an account.
use crate::{AccountId, ChainId, Micros, OrderId, Signature};
use borsh::{BorshDeserialize, BorshSerialize};

/// Moves `amount` from an account of the source municipality to an account of the destination.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Transfer {
    /// First eight bytes of the genesis hash, little-endian: a signature counts in one world only.
    pub world: u64,
    /// Municipality that holds the paying account.
    pub source: ChainId,
    /// Municipality that holds the receiving account.
    pub destination: ChainId,
    /// Paying account.
    pub from: AccountId,
    /// Receiving account.
    pub to: AccountId,
    /// Amount in the world's smallest unit; at least 1.
    pub amount: u64,
    /// Unique per paying account: within 128 below the highest one used, or above it.
    pub nonce: u64,
    /// Not admitted after this time.
    pub expires_us: Micros,
}

/// Opens an account in its municipality with balance zero.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Opening {
    /// First eight bytes of the genesis hash, little-endian.
    pub world: u64,
    /// Municipality that will hold the account.
    pub municipality: ChainId,
    /// The account.
    pub account: AccountId,
    /// Not admitted after this time.
    pub expires_us: Micros,
}

/// What an account holder can sign.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Order {
    /// A transfer.
    Transfer(Transfer),
    /// The opening of an account.
    Opening(Opening),
}

/// An order and its Ed25519 signature over [`Order::signing_bytes`].
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SignedOrder {
    /// The order.
    pub order: Order,
    /// Signature by [`Order::signer`].
    pub signature: Signature,
}

impl Order {
    /// The bytes an account signs: the domain `globelet order 1`, then the Borsh encoding.
    pub fn signing_bytes(&self) -> Vec<u8> {
        let mut bytes = b"globelet order 1".to_vec();
        self.serialize(&mut bytes).expect("writing to memory cannot fail");
        bytes
    }

    /// BLAKE3 of the signing bytes.
    pub fn id(&self) -> OrderId {
        OrderId(*blake3::hash(&self.signing_bytes()).as_bytes())
    }

    /// The account that must have signed.
    pub fn signer(&self) -> AccountId {
        match self {
            Order::Transfer(t) => t.from,
            Order::Opening(o) => o.account,
        }
    }

    /// The world tag the order was signed for.
    pub fn world(&self) -> u64 {
        match self {
            Order::Transfer(t) => t.world,
            Order::Opening(o) => o.world,
        }
    }

    /// The municipality that applies the order first.
    pub fn municipality(&self) -> ChainId {
        match self {
            Order::Transfer(t) => t.source,
            Order::Opening(o) => o.municipality,
        }
    }

    /// After this time the order is not admitted.
    pub fn expires_us(&self) -> Micros {
        match self {
            Order::Transfer(t) => t.expires_us,
            Order::Opening(o) => o.expires_us,
        }
    }
}
