//! Why an operation was refused.

use thiserror::Error;

/// A refusal, with what a person needs to act on it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ThresholdError {
    /// `deal` was asked for a committee that can't exist.
    #[error("{needed} of {n} members can't be a threshold: choose 1 <= needed <= n")]
    Threshold {
        /// Members.
        n: u16,
        /// Shares asked to be enough.
        needed: u16,
    },
    /// The ciphertext was made for another label.
    #[error("the ciphertext is bound to another label: it may have been copied from another context")]
    Label,
    /// The encryptor's proof does not hold.
    #[error("the proof of the ciphertext does not hold: discard the ciphertext")]
    Proof,
    /// Too few usable shares.
    #[error("{have} valid shares from distinct members, {needed} are needed: wait for more")]
    NotEnough {
        /// Distinct usable shares at hand.
        have: u16,
        /// Shares needed.
        needed: u16,
    },
    /// These members sent shares that do not verify; drop them and combine again.
    #[error("the shares of members {indices:?} do not verify: drop them and combine the others")]
    BadShares {
        /// Members, ascending.
        indices: Vec<u16>,
    },
    /// Every share verifies, yet the payload does not open: the encryptor cheated.
    #[error("all shares are right but the sealed payload does not open: its author is at fault, discard it")]
    Unopenable,
    /// The bytes are not the only encoding of what they should be.
    #[error("these bytes are not {what}: an honest member does not make them, refuse them")]
    Encoding {
        /// `a ciphertext`, `a dealing`, …
        what: &'static str,
    },
    /// Nobody has this number in the committee.
    #[error("there is no member {index} in a committee of {members}: members are numbered from 0")]
    NoSuchMember {
        /// The number.
        index: u16,
        /// Members.
        members: u16,
    },
    /// A ceremony for a new key deals fresh secrets, one that reshares deals old shares.
    #[error("this ceremony {0}")]
    WrongCeremony(&'static str),
    /// A dealer is out of the ceremony, by its own fault.
    #[error("dealer {dealer} is out of the ceremony: {fault}")]
    BadDealer {
        /// The dealer.
        dealer: u16,
        /// What it did.
        fault: DealerFault,
    },
    /// A complaint does not stand: the dealer stays in.
    #[error("the complaint of receiver {receiver} about dealer {dealer} does not stand: the dealer stays in")]
    BadComplaint {
        /// Who complained.
        receiver: u16,
        /// Of whom.
        dealer: u16,
    },
    /// Too few dealings stand.
    #[error("{have} dealings stand, {needed} are needed: wait for more, or begin again with other dealers")]
    NotEnoughDealings {
        /// Dealings that stand.
        have: u16,
        /// Dealings needed.
        needed: u16,
    },
    /// The dealings that stand add up to a key that is no key.
    #[error("the dealings add up to nothing: begin again with fresh randomness")]
    Degenerate,
}

/// What a dealer did that put it out of a ceremony.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Error)]
pub enum DealerFault {
    /// It sent two dealings.
    #[error("it sent two different dealings")]
    Equivocation,
    /// Its dealing is not for this ceremony, or its proofs do not hold.
    #[error("its dealing does not verify")]
    Dealing,
    /// It reshares something else than its own old share.
    #[error("it did not deal its own share of the old key")]
    OtherShare,
    /// A complaint shows that it dealt somebody a share that does not fit its commitments.
    #[error("it dealt a share that does not fit its commitments")]
    Share,
}

impl ThresholdError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            ThresholdError::Threshold { .. } => "threshold.threshold",
            ThresholdError::Label => "threshold.label",
            ThresholdError::Proof => "threshold.proof",
            ThresholdError::NotEnough { .. } => "threshold.not-enough",
            ThresholdError::BadShares { .. } => "threshold.bad-shares",
            ThresholdError::Unopenable => "threshold.unopenable",
            ThresholdError::Encoding { .. } => "threshold.encoding",
            ThresholdError::NoSuchMember { .. } => "threshold.no-such-member",
            ThresholdError::WrongCeremony(_) => "threshold.wrong-ceremony",
            ThresholdError::BadDealer { .. } => "threshold.bad-dealer",
            ThresholdError::BadComplaint { .. } => "threshold.bad-complaint",
            ThresholdError::NotEnoughDealings { .. } => "threshold.not-enough-dealings",
            ThresholdError::Degenerate => "threshold.degenerate",
        }
    }
}
