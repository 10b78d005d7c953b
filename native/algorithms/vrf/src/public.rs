//! The public key: validation and verification.

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::traits::VartimeMultiscalarMul;

use crate::error::exactly;
use crate::suite::{canonical_point, short_scalar};
use crate::{Proof, Suite, VrfError, OUTPUT_LEN};

/// A public key that passed validation (RFC 9381 section 5.4.5); it is the Ed25519 key of the same seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    bytes: [u8; 32],
    /// The key negated, as verification subtracts its multiple.
    negated: EdwardsPoint,
}

impl PublicKey {
    /// Reads and validates a key of 32 bytes.
    ///
    /// # Errors
    /// [`VrfError::Length`]; [`VrfError::PublicKey`] if it is not the only encoding of a point, or the point is of small order:
    /// then its owner could prove many outputs for one input.
    pub fn from_bytes(bytes: &[u8]) -> Result<PublicKey, VrfError> {
        let bytes: &[u8; 32] = exactly("a public key", bytes)?;
        let point = canonical_point(bytes).filter(|point| !point.is_small_order()).ok_or(VrfError::PublicKey)?;
        Ok(PublicKey { bytes: *bytes, negated: -point })
    }

    /// The key's only encoding.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.bytes
    }

    /// Checks the bytes of a proof for `alpha` and returns the output (section 5.3). Not in constant time: nothing here is
    /// secret, except that the time of [`Suite::Tai`] depends on `alpha`.
    ///
    /// # Errors
    /// [`VrfError::Length`], [`VrfError::Encoding`]; [`VrfError::Proof`] if it does not hold.
    pub fn verify(&self, suite: Suite, alpha: &[u8], proof: &[u8]) -> Result<[u8; OUTPUT_LEN], VrfError> {
        self.verify_proof(suite, alpha, &Proof::from_bytes(proof)?)
    }

    /// As [`PublicKey::verify`], for a proof that was read already.
    ///
    /// # Errors
    /// [`VrfError::Proof`] if it does not hold.
    pub fn verify_proof(&self, suite: Suite, alpha: &[u8], proof: &Proof) -> Result<[u8; OUTPUT_LEN], VrfError> {
        let point = suite.point_of(&self.bytes, alpha);
        // c has 128 bits: subtracting by negated points, not negated scalars, keeps it short.
        let c = short_scalar(proof.challenge);
        let u = EdwardsPoint::vartime_double_scalar_mul_basepoint(&c, &self.negated, &proof.response);
        let v = EdwardsPoint::vartime_multiscalar_mul([proof.response, c], [point, -proof.gamma]);
        let [point, u, v] = EdwardsPoint::compress_batch(&[point, u, v]);
        let points = [&self.bytes, point.as_bytes(), proof.gamma_bytes(), u.as_bytes(), v.as_bytes()];
        if suite.challenge(points) != proof.challenge {
            return Err(VrfError::Proof);
        }
        Ok(proof.output(suite))
    }
}
