//! Quorums of signatures: over a block in a phase, and over a time-out.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::Hash;

/// Signing and checking, supplied by the caller (Ed25519 in the protocol).
pub trait Crypto {
    /// Signs as this member.
    fn sign(&self, bytes: &[u8]) -> [u8; 64];
    /// True if `member` signed `bytes`.
    fn verify(&self, member: u16, bytes: &[u8], sig: &[u8; 64]) -> bool;
    /// True if every one of these members signed `bytes`; worth overriding where a batch is cheaper.
    fn verify_all(&self, bytes: &[u8], signatures: &[(u16, [u8; 64])]) -> bool {
        signatures.iter().all(|(member, signature)| self.verify(*member, bytes, signature))
    }
}

/// What a vote says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum Phase {
    /// "This is the only block I voted for at this height in this view."
    Prepare,
    /// "I am locked on it."
    Commit,
}

/// A quorum of votes for one block in one phase.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Certificate {
    /// The phase voted in.
    pub phase: Phase,
    /// The view voted in, at or above the view of the block's header.
    pub view: u64,
    /// The block's height.
    pub height: u64,
    /// The block's hash.
    pub block: Hash,
    /// Members and their signatures, ascending by member.
    pub signatures: Vec<(u16, [u8; 64])>,
}

impl Certificate {
    /// The bytes a vote signs.
    pub fn signing_bytes(chain: u16, phase: Phase, view: u64, height: u64, block: &Hash) -> Vec<u8> {
        let mut bytes = b"globelet hotstuff 1: vote".to_vec();
        bytes.extend_from_slice(&chain.to_le_bytes());
        bytes.push(phase as u8);
        bytes.extend_from_slice(&view.to_le_bytes());
        bytes.extend_from_slice(&height.to_le_bytes());
        bytes.extend_from_slice(block);
        bytes
    }

    /// True if at least `quorum` distinct members signed.
    pub fn verify(&self, chain: u16, quorum: usize, verifier: &dyn Crypto) -> bool {
        let bytes = Self::signing_bytes(chain, self.phase, self.view, self.height, &self.block);
        ascending(self.signatures.iter().map(|(member, _)| *member))
            && self.signatures.len() >= quorum
            && verifier.verify_all(&bytes, &self.signatures)
    }

    /// Height first, then view: what a leader may not go below.
    pub(crate) fn rank(&self) -> (u64, u64) {
        (self.height, self.view)
    }
}

/// Distinct members, so that nobody counts twice.
fn ascending(mut members: impl Iterator<Item = u16>) -> bool {
    let mut last = None;
    members.all(|member| last.replace(member).is_none_or(|before| before < member))
}

/// One member's signed word that it gave up on a view, and the rank of the highest certificate it knew.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TimeoutVote {
    /// The member.
    pub member: u16,
    /// Height of its highest certificate, 0 if it has none.
    pub high_height: u64,
    /// View of its highest certificate.
    pub high_view: u64,
    /// Its signature over [`TimeoutCertificate::signing_bytes`].
    pub signature: [u8; 64],
}

/// A quorum gave up on `view`: its successor may begin, on top of `high`.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TimeoutCertificate {
    /// The view that ended.
    pub view: u64,
    /// The highest certificate any of the signers knew.
    pub high: Option<Certificate>,
    /// The signers, ascending by member.
    pub votes: Vec<TimeoutVote>,
}

impl TimeoutCertificate {
    /// The bytes a time-out signs.
    pub fn signing_bytes(chain: u16, view: u64, high_height: u64, high_view: u64) -> Vec<u8> {
        let mut bytes = b"globelet hotstuff 1: timeout".to_vec();
        bytes.extend_from_slice(&chain.to_le_bytes());
        for number in [view, high_height, high_view] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    /// True if `quorum` distinct members signed and `high` is the highest certificate among theirs.
    pub fn verify(&self, chain: u16, quorum: usize, verifier: &dyn Crypto) -> bool {
        let claimed = self.votes.iter().map(|vote| (vote.high_height, vote.high_view)).max();
        ascending(self.votes.iter().map(|vote| vote.member))
            && self.votes.len() >= quorum
            && claimed == Some(self.high.as_ref().map_or((0, 0), Certificate::rank))
            && self.high.as_ref().is_none_or(|high| high.verify(chain, quorum, verifier))
            && self.votes.iter().all(|vote| {
                let bytes = Self::signing_bytes(chain, self.view, vote.high_height, vote.high_view);
                verifier.verify(vote.member, &bytes, &vote.signature)
            })
    }
}
