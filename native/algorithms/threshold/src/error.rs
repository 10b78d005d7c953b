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
}
