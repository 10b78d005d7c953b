//! A committee of one epoch.

use borsh::{BorshDeserialize, BorshSerialize};
use globelet_types::{encode, ChainId, Hash};

use crate::codec::canonical;
use crate::{ElectionError, Key, MAX_SEATS};

/// One member and its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Member {
    /// Its identity, and the key of its Ed25519 signatures.
    pub key: Key,
    /// Where it is.
    pub place: u32,
    /// BLAKE3 of its other public keys (post-quantum, VRF, threshold), as the protocol encodes them.
    pub others: Hash,
}

/// The members of one chain in one epoch.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Committee {
    /// Which chain.
    pub chain: ChainId,
    /// Which epoch, from 0 at genesis.
    pub epoch: u64,
    /// The members, ascending by key; a member's index is its place in this list.
    pub members: Vec<Member>,
}

impl Committee {
    /// A committee of these members, in whatever order they are given.
    ///
    /// # Errors
    /// `Malformed` for no members, more than [`MAX_SEATS`], or a key that stands twice.
    pub fn new(chain: ChainId, epoch: u64, mut members: Vec<Member>) -> Result<Committee, ElectionError> {
        members.sort_unstable_by_key(|m| m.key);
        let committee = Committee { chain, epoch, members };
        committee.check()?;
        Ok(committee)
    }

    fn check(&self) -> Result<(), ElectionError> {
        let count = self.members.len();
        if count == 0 || count > usize::from(MAX_SEATS) {
            let reason = format!("a committee of {count} members, of 1 to {MAX_SEATS}");
            return Err(ElectionError::Malformed { reason });
        }
        if !self.members.windows(2).all(|pair| pair[0].key < pair[1].key) {
            return Err(ElectionError::Malformed { reason: "members are not ascending by key".into() });
        }
        Ok(())
    }

    /// Members that may be faulty: the largest f with 3f < n.
    pub fn faults(&self) -> usize {
        self.members.len().saturating_sub(1) / 3
    }

    /// Signatures that bind the committee: n − f.
    pub fn quorum(&self) -> usize {
        self.members.len() - self.faults()
    }

    /// The member's index. O(log n).
    pub fn index(&self, key: &Key) -> Option<u16> {
        self.members.binary_search_by_key(key, |m| m.key).ok().map(|i| i as u16)
    }

    /// BLAKE3 of the domain `globelet committee 1` and the encoding.
    pub fn hash(&self) -> Hash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"globelet committee 1").update(&encode(self));
        *hasher.finalize().as_bytes()
    }

    /// The canonical encoding.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads a committee from its canonical encoding.
    ///
    /// # Errors
    /// `Malformed` for anything but exactly one canonical committee with its members in order.
    pub fn from_bytes(bytes: &[u8]) -> Result<Committee, ElectionError> {
        let committee: Committee = canonical(bytes, 14 + 68 * usize::from(MAX_SEATS))?;
        committee.check()?;
        Ok(committee)
    }

    pub(crate) fn is_sound(&self) -> bool {
        self.check().is_ok()
    }
}
