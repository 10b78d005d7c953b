//! Evidence that a member signed two things of which it may sign one.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use globelet_signatures::verify;
use globelet_types::{encode, ChainId, Hash, Signature};

use crate::codec::canonical;
use crate::error::short;
use crate::{handover_bytes, Committee, ElectionError, Key};

/// What a municipal replica signs as its vote on a block: the domain `globelet vote 1`, then chain, height and hash.
pub fn vote_bytes(chain: ChainId, height: u64, block: &Hash) -> Vec<u8> {
    encode(&(b"globelet vote 1", chain, height, block))
}

/// Two signatures of one member that contradict each other. The two hashes stand in ascending order.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Evidence {
    /// It voted for two blocks of one chain at one height.
    Votes {
        /// Who.
        member: Key,
        /// Chain.
        chain: ChainId,
        /// Height.
        height: u64,
        /// The two blocks.
        blocks: [Hash; 2],
        /// The signatures over [`vote_bytes`].
        signatures: [Signature; 2],
    },
    /// It signed two committees to follow one committee.
    Handovers {
        /// Who.
        member: Key,
        /// Chain.
        chain: ChainId,
        /// The epoch that both lead to.
        epoch: u64,
        /// Hash of the committee it was of.
        old: Hash,
        /// Hashes of the two new committees.
        new: [Hash; 2],
        /// The signatures over [`handover_bytes`].
        signatures: [Signature; 2],
    },
}

impl Evidence {
    /// Who is accused.
    pub fn member(&self) -> &Key {
        match self {
            Evidence::Votes { member, .. } | Evidence::Handovers { member, .. } => member,
        }
    }

    /// Of which chain.
    pub fn chain(&self) -> ChainId {
        match self {
            Evidence::Votes { chain, .. } | Evidence::Handovers { chain, .. } => *chain,
        }
    }

    /// Checks that the accused signed both. Two signature checks.
    ///
    /// # Errors
    /// `NoEvidence` if the two are one, or not in order; `BadSignature` if the accused did not sign one of them.
    pub fn verify(&self) -> Result<(), ElectionError> {
        let (pair, signatures) = match self {
            Evidence::Votes { blocks, signatures, .. } => (blocks, signatures),
            Evidence::Handovers { new, signatures, .. } => (new, signatures),
        };
        if pair[0] >= pair[1] {
            let reason = "the two things signed are the same, or not in ascending order".into();
            return Err(ElectionError::NoEvidence { reason });
        }
        let bytes = pair.map(|hash| match self {
            Evidence::Votes { chain, height, .. } => vote_bytes(*chain, *height, &hash),
            Evidence::Handovers { chain, epoch, old, .. } => handover_bytes(*chain, *epoch, old, &hash),
        });
        let signed = bytes.iter().zip(signatures).all(|(bytes, s)| verify(self.member(), bytes, s));
        if !signed {
            return Err(ElectionError::BadSignature { signer: short(self.member()) });
        }
        Ok(())
    }

    /// The canonical encoding.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads evidence from its canonical encoding; nothing is verified.
    ///
    /// # Errors
    /// `Malformed` for anything but exactly one canonical piece of evidence.
    pub fn from_bytes(bytes: &[u8]) -> Result<Evidence, ElectionError> {
        canonical(bytes, 512)
    }
}

/// Who was removed, with what proves it, for anyone who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removals {
    proved: BTreeMap<Key, Evidence>,
}

impl Removals {
    /// Nobody is removed.
    pub fn new() -> Removals {
        Removals::default()
    }

    /// Removes a member of `committee` for good; false if it was removed before.
    ///
    /// # Errors
    /// `NoEvidence` if the accused is not of the committee; as [`Evidence::verify`].
    pub fn remove(&mut self, committee: &Committee, evidence: &Evidence) -> Result<bool, ElectionError> {
        if evidence.chain() != committee.chain || committee.index(evidence.member()).is_none() {
            return Err(ElectionError::NoEvidence { reason: "the accused is not of this committee".into() });
        }
        evidence.verify()?;
        // Of two proofs the smaller stays, whichever came first: the register is the same on every node.
        let known = self.proved.get(evidence.member());
        if known.is_none_or(|kept| evidence.to_bytes() < kept.to_bytes()) {
            let first = known.is_none();
            self.proved.insert(*evidence.member(), evidence.clone());
            return Ok(first);
        }
        Ok(false)
    }

    /// Whether this key was removed.
    pub fn bars(&self, key: &Key) -> bool {
        self.proved.contains_key(key)
    }

    /// What proves a removal.
    pub fn evidence(&self, key: &Key) -> Option<&Evidence> {
        self.proved.get(key)
    }
}
