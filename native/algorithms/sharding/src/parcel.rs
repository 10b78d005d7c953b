//! What crosses from one municipality to another.

use borsh::{BorshDeserialize, BorshSerialize};
use globelet_types::{decode, encode, AccountId, ChainId, Hash, OrderId};

use crate::{Account, Reason, ShardingError};

/// Most remittances, relocations or settlements of one parcel, each.
pub const MAX_ITEMS: usize = 65_536;
/// Largest encoding of a parcel, in bytes.
pub const MAX_PARCEL: usize = 16 << 20;

/// What a remittance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Kind {
    /// A transfer; it is refused, and refunded, where its recipient is unknown.
    Transfer,
    /// It follows an account that moved, and is never refused: where the account is not yet, it waits.
    Forward {
        /// The account had moved at least so often when it came there.
        version: u64,
    },
}

/// An amount on its way to an account of another municipality.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Remittance {
    /// The transfer.
    pub id: OrderId,
    /// Who paid.
    pub from: AccountId,
    /// Who receives.
    pub to: AccountId,
    /// How much.
    pub amount: u64,
    /// A transfer, or what follows an account.
    pub kind: Kind,
}

/// An account on its way to its new home, with all that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Relocation {
    /// The move.
    pub order: OrderId,
    /// Whose.
    pub id: AccountId,
    /// Balance, nonces, and the version that it has there.
    pub account: Account,
}

/// What became of a parcel at its destination, sent back on the reverse lane. What it does not name was taken in.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Settlement {
    /// Number of the parcel in the forward lane.
    pub number: u64,
    /// Transfers that could not be credited.
    pub refused: Vec<(OrderId, Reason)>,
    /// Accounts that could not be taken in.
    pub returned: Vec<(AccountId, Reason)>,
}

/// What one block of a municipality sends to another.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Parcel {
    /// From.
    pub source: ChainId,
    /// To.
    pub destination: ChainId,
    /// Number in the lane, from 1, without gaps.
    pub number: u64,
    /// Of the lane back, the source has every parcel up to this one.
    pub cursor: u64,
    /// Accounts that move there; they come first.
    pub relocations: Vec<Relocation>,
    /// Amounts to credit.
    pub remittances: Vec<Remittance>,
    /// What became of parcels that came the other way.
    pub settlements: Vec<Settlement>,
}

impl Parcel {
    /// All money in it: remittances, and balances of accounts that move.
    pub fn amount(&self) -> u128 {
        let remitted: u128 = self.remittances.iter().map(|r| u128::from(r.amount)).sum();
        let moved: u128 = self.relocations.iter().map(|r| u128::from(r.account.balance)).sum();
        remitted + moved
    }

    /// The transfers in it, without what follows accounts that moved.
    pub fn transfers(&self) -> impl Iterator<Item = &Remittance> {
        self.remittances.iter().filter(|r| r.kind == Kind::Transfer)
    }

    /// Whether the other side owes a settlement for it.
    pub fn wants_settlement(&self) -> bool {
        !self.remittances.is_empty() || !self.relocations.is_empty()
    }

    /// BLAKE3 of the domain `globelet sharding parcel 1` and the encoding.
    pub fn digest(&self) -> Hash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"globelet sharding parcel 1").update(&encode(self));
        *hasher.finalize().as_bytes()
    }

    /// The canonical encoding.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads a parcel from its canonical encoding.
    ///
    /// # Errors
    /// `Malformed` for anything but exactly one canonical parcel of at most [`MAX_PARCEL`] bytes with at most
    /// [`MAX_ITEMS`] of each kind.
    pub fn from_bytes(bytes: &[u8]) -> Result<Parcel, ShardingError> {
        let parcel: Parcel = canonical(bytes, MAX_PARCEL)?;
        let longest = parcel.remittances.len().max(parcel.relocations.len()).max(parcel.settlements.len());
        if longest > MAX_ITEMS {
            let reason = format!("{longest} items, at most {MAX_ITEMS} are taken");
            return Err(ShardingError::Malformed { reason });
        }
        Ok(parcel)
    }
}

/// How far a lane and the lane back are: what a municipality tells another when nothing else goes there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Head {
    /// Who tells.
    pub source: ChainId,
    /// Whom.
    pub destination: ChainId,
    /// Newest parcel on the lane from source to destination.
    pub newest: u64,
    /// Of the lane back, the source has every parcel up to this one.
    pub cursor: u64,
}

impl Head {
    /// The canonical encoding, 20 bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads a head from its canonical encoding.
    ///
    /// # Errors
    /// `Malformed` for anything but exactly 20 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Head, ShardingError> {
        canonical(bytes, 20)
    }
}

/// Decodes one value from all of `bytes`, which must be exactly what encoding it gives.
pub(crate) fn canonical<T: BorshSerialize + BorshDeserialize>(bytes: &[u8], most: usize) -> Result<T, ShardingError> {
    if bytes.len() > most {
        let reason = format!("{} bytes where at most {most} are taken", bytes.len());
        return Err(ShardingError::Malformed { reason });
    }
    let value = decode::<T>(bytes).map_err(|e| ShardingError::Malformed { reason: e.to_string() })?;
    if encode(&value) != bytes {
        return Err(ShardingError::Malformed { reason: "not the one encoding of the value".into() });
    }
    Ok(value)
}
