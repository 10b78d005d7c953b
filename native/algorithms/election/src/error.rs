//! What this crate refuses, and why.

use thiserror::Error;

/// A typed refusal; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ElectionError {
    /// The bytes are no canonical encoding, or a field is out of its bounds.
    #[error("the bytes cannot be read: {reason}; encode the value with this crate")]
    Malformed {
        /// What was met.
        reason: String,
    },
    /// A signature does not stand.
    #[error("the signature of {signer} does not stand on these bytes; sign them with its key")]
    BadSignature {
        /// Who should have signed: the first bytes of the key, in hexadecimal.
        signer: String,
    },
    /// A vote is older than, or the same as, the one that counts.
    #[error("a vote with sequence {sequence} came after one with {newest}; vote with a higher sequence")]
    StaleVote {
        /// The vote's sequence.
        sequence: u64,
        /// The one that counts.
        newest: u64,
    },
    /// The rules ask for no seat, too many, or leave no seat to a place.
    #[error("{reason}; change the rules of the election")]
    BadRules {
        /// What is wrong with them.
        reason: String,
    },
    /// A candidate's field is out of its bounds, or its key stands twice.
    #[error("candidate {key}: {reason}; correct its entry")]
    BadCandidate {
        /// The first bytes of the key, in hexadecimal.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There are not enough candidates in enough places.
    #[error(
        "the candidates can fill {fillable} of {seats} seats; admit more candidates or places, or raise the share"
    )]
    Unfillable {
        /// Seats that could be filled.
        fillable: u32,
        /// Seats wanted.
        seats: u32,
    },
    /// All stake together does not fit 64 bits.
    #[error("the stakes add up to more than 64 bits hold; count them in a larger unit")]
    StakeOverflow,
    /// The evidence shows no contradiction, or accuses nobody of the committee.
    #[error("the evidence proves nothing: {reason}")]
    NoEvidence {
        /// Why not.
        reason: String,
    },
    /// A handover does not follow from the committee before it.
    #[error("handover to epoch {epoch}: {reason}; ask for the chain of handovers again")]
    BrokenHandover {
        /// The epoch it leads to.
        epoch: u64,
        /// What does not fit.
        reason: String,
    },
}

impl ElectionError {
    /// The stable code of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            ElectionError::Malformed { .. } => "election.malformed",
            ElectionError::BadSignature { .. } => "election.bad-signature",
            ElectionError::StaleVote { .. } => "election.stale-vote",
            ElectionError::BadRules { .. } => "election.bad-rules",
            ElectionError::BadCandidate { .. } => "election.bad-candidate",
            ElectionError::Unfillable { .. } => "election.unfillable",
            ElectionError::StakeOverflow => "election.stake-overflow",
            ElectionError::NoEvidence { .. } => "election.no-evidence",
            ElectionError::BrokenHandover { .. } => "election.broken-handover",
        }
    }
}

/// The first bytes of a key, for people.
pub(crate) fn short(key: &[u8; 32]) -> String {
    key.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}
