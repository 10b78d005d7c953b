//! Which municipality an account lives in, epoch by epoch.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use globelet_types::{encode, AccountId, ChainId, Hash};

use crate::parcel::{canonical, MAX_PARCEL};
use crate::ShardingError;

/// Where an account lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Home {
    /// The municipality.
    pub municipality: ChainId,
    /// How often the account had moved when it came there.
    pub version: u64,
}

/// What one epoch changed. Epochs are linked: each names the digest of the one before.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Changes {
    /// Which epoch, from 1.
    pub epoch: u64,
    /// Digest of the epoch before.
    pub before: Hash,
    /// New homes, ascending by account.
    pub homes: Vec<(AccountId, Home)>,
}

impl Changes {
    /// BLAKE3 of the domain `globelet map 1` and the encoding.
    pub fn digest(&self) -> Hash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"globelet map 1").update(&encode(self));
        *hasher.finalize().as_bytes()
    }

    /// The canonical encoding.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads changes from their canonical encoding.
    ///
    /// # Errors
    /// `Malformed` for anything but exactly one canonical set of changes, ascending by account.
    pub fn from_bytes(bytes: &[u8]) -> Result<Changes, ShardingError> {
        let changes: Changes = canonical(bytes, MAX_PARCEL)?;
        if !changes.homes.windows(2).all(|pair| pair[0].0 < pair[1].0) {
            return Err(ShardingError::Malformed { reason: "accounts are not ascending, one each".into() });
        }
        Ok(changes)
    }
}

/// The map of accounts to municipalities.
///
/// Within an epoch it does not change for those who read it; what is learnt becomes visible when the epoch is closed.
/// Who follows the changes of every epoch has the same map, and its digest shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map {
    epoch: u64,
    digest: Hash,
    homes: BTreeMap<AccountId, Home>,
    learnt: BTreeMap<AccountId, Home>,
}

impl Map {
    /// The empty map of epoch 0.
    pub fn new() -> Map {
        Map::default()
    }

    /// The epoch.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Digest of the newest epoch's changes; zero in epoch 0.
    pub fn digest(&self) -> Hash {
        self.digest
    }

    /// Where an account lives in this epoch. O(log n).
    pub fn home(&self, account: &AccountId) -> Option<Home> {
        self.homes.get(account).copied()
    }

    /// Where every account of the map lives in this epoch, by account.
    pub fn homes(&self) -> impl Iterator<Item = (&AccountId, &Home)> {
        self.homes.iter()
    }

    /// Whether there is something for the next epoch.
    pub fn has_learnt(&self) -> bool {
        !self.learnt.is_empty()
    }

    /// Accounts in the map.
    pub fn len(&self) -> usize {
        self.homes.len()
    }

    /// Whether nobody is in the map.
    pub fn is_empty(&self) -> bool {
        self.homes.is_empty()
    }

    /// Learns where an account lives, for the next epoch; the highest version counts, in whatever order it is learnt.
    /// Of two municipalities that claim one version the one with the smaller number counts: one of them lies, and all
    /// who hear both must still agree. False if nothing new was learnt.
    pub fn learn(&mut self, account: AccountId, home: Home) -> bool {
        let known = self.learnt.get(&account).or_else(|| self.homes.get(&account));
        let newer = known.is_none_or(|k| {
            home.version > k.version || (home.version == k.version && home.municipality < k.municipality)
        });
        if newer {
            self.learnt.insert(account, home);
        }
        newer
    }

    /// Closes the epoch: what was learnt is in the map from now on. Gives what others need to follow.
    pub fn close(&mut self) -> Changes {
        let homes: Vec<(AccountId, Home)> = std::mem::take(&mut self.learnt).into_iter().collect();
        let changes = Changes { epoch: self.epoch + 1, before: self.digest, homes };
        self.enter(&changes);
        changes
    }

    /// Follows one epoch that somebody closed; what was learnt here and is newer stays learnt. O(changes · log n).
    ///
    /// # Errors
    /// `BrokenMap` if it is not the next epoch, does not follow from this one's digest, or takes an account back to an
    /// earlier version.
    pub fn follow(&mut self, changes: &Changes) -> Result<(), ShardingError> {
        let broken = |reason: String| Err(ShardingError::BrokenMap { reason });
        if changes.epoch != self.epoch + 1 || changes.before != self.digest {
            return broken(format!("epoch {} does not follow epoch {} here", changes.epoch, self.epoch));
        }
        if !changes.homes.windows(2).all(|pair| pair[0].0 < pair[1].0) {
            return broken("accounts are not ascending, one each".into());
        }
        let back = |(id, home): &&(AccountId, Home)| self.homes.get(id).is_some_and(|k| k.version > home.version);
        if let Some((id, home)) = changes.homes.iter().find(back) {
            return broken(format!("account {id:?} goes back to version {}", home.version));
        }
        self.enter(changes);
        let homes = &self.homes;
        let newer = |id: &AccountId, home: &mut Home| homes.get(id).is_none_or(|k| home.version > k.version);
        self.learnt.retain(newer);
        Ok(())
    }

    fn enter(&mut self, changes: &Changes) {
        self.homes.extend(changes.homes.iter().copied());
        self.digest = changes.digest();
        self.epoch = changes.epoch;
    }
}
