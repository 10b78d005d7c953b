//! The proof and its one encoding.

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;

use crate::error::exactly;
use crate::suite::canonical_point;
use crate::{Suite, VrfError};

/// Length of a proof in bytes: gamma (32), c (16), s (32).
pub const PROOF_LEN: usize = 80;
/// Length of an output in bytes.
pub const OUTPUT_LEN: usize = 64;

/// A proof (RFC 9381 section 5.4.4) that was read, not one that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    pub(crate) gamma: EdwardsPoint,
    pub(crate) challenge: [u8; 16],
    pub(crate) response: Scalar,
    bytes: [u8; PROOF_LEN],
}

impl Proof {
    /// Reads a proof.
    ///
    /// # Errors
    /// [`VrfError::Length`]; [`VrfError::Encoding`] if gamma is not the only encoding of a point, or of small order, or s is not
    /// below the group's order.
    pub fn from_bytes(bytes: &[u8]) -> Result<Proof, VrfError> {
        let bytes: &[u8; PROOF_LEN] = exactly("a proof", bytes)?;
        let gamma: [u8; 32] = *bytes.first_chunk().ok_or(VrfError::Encoding)?;
        let response: [u8; 32] = *bytes.last_chunk().ok_or(VrfError::Encoding)?;
        let mut challenge = [0; 16];
        challenge.copy_from_slice(&bytes[32..48]);
        let gamma = canonical_point(&gamma).filter(|point| !point.is_small_order()).ok_or(VrfError::Encoding)?;
        let response = Option::from(Scalar::from_canonical_bytes(response)).ok_or(VrfError::Encoding)?;
        Ok(Proof { gamma, challenge, response, bytes: *bytes })
    }

    /// The proof's bytes: gamma, c, s.
    pub fn to_bytes(&self) -> [u8; PROOF_LEN] {
        self.bytes
    }

    /// The output that this proof is for (section 5.2), **only if it holds**: anybody can write a proof of any output, so
    /// call this for proofs of one's own or checked before, and [`PublicKey::verify`](crate::PublicKey::verify) for others.
    pub fn output(&self, suite: Suite) -> [u8; OUTPUT_LEN] {
        suite.output(&self.gamma)
    }

    /// The encoded gamma.
    pub(crate) fn gamma_bytes(&self) -> &[u8; 32] {
        self.bytes.first_chunk().expect("80 bytes are more than 32")
    }
}
