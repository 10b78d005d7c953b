//! Evidence that a member lied, which convinces whoever knows its key.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::{Certificate, Crypto, Hash, Phase, TimeoutCertificate};

/// A signed vote.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SignedVote {
    /// What it says.
    pub phase: Phase,
    /// The view voted in.
    pub view: u64,
    /// The block's height.
    pub height: u64,
    /// The block's hash.
    pub block: Hash,
    /// Over [`Certificate::signing_bytes`].
    pub signature: [u8; 64],
}

/// A signed time-out.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SignedTimeout {
    /// The view given up.
    pub view: u64,
    /// Height of the highest certificate the member claimed to know, 0 if none.
    pub high_height: u64,
    /// Its view.
    pub high_view: u64,
    /// Over [`TimeoutCertificate::signing_bytes`].
    pub signature: [u8; 64],
}

/// Two signed words of one member, of which an honest one gives at most one.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Evidence {
    /// Votes for two blocks in one phase, view and height.
    TwoVotes {
        /// The member.
        member: u16,
        /// The one.
        a: SignedVote,
        /// The other.
        b: SignedVote,
    },
    /// A vote to commit, which says "I am locked on it", and a time-out of that view or a later one that claims to know
    /// nothing so high. After a time-out a member votes in no view up to it, so the order does not matter.
    LockDenied {
        /// The member.
        member: u16,
        /// The vote to commit.
        vote: SignedVote,
        /// The time-out.
        timeout: SignedTimeout,
    },
}

impl SignedVote {
    pub(crate) fn holds(&self, chain: u16, member: u16, crypto: &dyn Crypto) -> bool {
        let bytes = Certificate::signing_bytes(chain, self.phase, self.view, self.height, &self.block);
        crypto.verify(member, &bytes, &self.signature)
    }

    pub(crate) fn contradicts(&self, other: &SignedVote) -> bool {
        (self.phase, self.view, self.height) == (other.phase, other.view, other.height) && self.block != other.block
    }
}

impl SignedTimeout {
    pub(crate) fn holds(&self, chain: u16, member: u16, crypto: &dyn Crypto) -> bool {
        let bytes = TimeoutCertificate::signing_bytes(chain, self.view, self.high_height, self.high_view);
        crypto.verify(member, &bytes, &self.signature)
    }

    pub(crate) fn denies(&self, vote: &SignedVote) -> bool {
        let lower = (self.high_height, self.high_view) < (vote.height, vote.view);
        vote.phase == Phase::Commit && self.view >= vote.view && lower
    }
}

impl Evidence {
    /// Whom it is against.
    pub fn member(&self) -> u16 {
        match self {
            Evidence::TwoVotes { member, .. } | Evidence::LockDenied { member, .. } => *member,
        }
    }

    /// True if the two contradict each other and the member signed both.
    pub fn verify(&self, chain: u16, crypto: &dyn Crypto) -> bool {
        match self {
            Evidence::TwoVotes { member, a, b } => {
                a.contradicts(b) && a.holds(chain, *member, crypto) && b.holds(chain, *member, crypto)
            }
            Evidence::LockDenied { member, vote, timeout } => {
                timeout.denies(vote) && vote.holds(chain, *member, crypto) && timeout.holds(chain, *member, crypto)
            }
        }
    }
}
