//! The secret key: proving.

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::{clamp_integer, Scalar};
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

use crate::error::exactly;
use crate::suite::short_scalar;
use crate::{Suite, VrfError, PROOF_LEN};

/// A VRF secret key, wiped from memory when dropped.
pub struct SecretKey {
    scalar: Zeroizing<Scalar>,
    /// What nonces are hashed with: the second half of the seed's hash.
    prefix: Zeroizing<[u8; 32]>,
    public: [u8; 32],
}

impl std::fmt::Debug for SecretKey {
    /// Shows nothing of the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

impl SecretKey {
    /// The key that follows from a 32-byte seed, as in Ed25519 (RFC 9381 section 5.5).
    pub fn from_seed(seed: &[u8; 32]) -> SecretKey {
        let digest = Zeroizing::new(<[u8; 64]>::from(Sha512::digest(seed)));
        let (mut half, mut prefix) = (Zeroizing::new([0; 32]), Zeroizing::new([0; 32]));
        half.copy_from_slice(&digest[..32]);
        prefix.copy_from_slice(&digest[32..]);
        let clamped = Zeroizing::new(clamp_integer(*half));
        let scalar = Zeroizing::new(Scalar::from_bytes_mod_order(*clamped));
        let public = EdwardsPoint::mul_base(&scalar).compress().to_bytes();
        SecretKey { scalar, prefix, public }
    }

    /// As [`SecretKey::from_seed`], for bytes of any length.
    ///
    /// # Errors
    /// [`VrfError::Length`] unless they are 32.
    pub fn from_slice(seed: &[u8]) -> Result<SecretKey, VrfError> {
        exactly("a seed", seed).map(SecretKey::from_seed)
    }

    /// The public key, 32 bytes: the same as Ed25519's for this seed.
    pub fn public(&self) -> [u8; 32] {
        self.public
    }

    /// Proves the output for `alpha` in the suite TAI (RFC 9381 section 5.1): gamma, c, s in 80 bytes.
    pub fn prove(&self, alpha: &[u8]) -> [u8; PROOF_LEN] {
        self.prove_in(Suite::Tai, alpha)
    }

    /// Proves the output for `alpha` in a suite (RFC 9381 section 5.1): gamma, c, s in 80 bytes, always the same.
    ///
    /// The time depends on the length of `alpha`, in [`Suite::Tai`] on `alpha` itself, never on the key.
    ///
    /// # Panics
    /// Never in practice: [`Suite::Tai`] finds no point for one input in 2^256.
    pub fn prove_in(&self, suite: Suite, alpha: &[u8]) -> [u8; PROOF_LEN] {
        let point = suite.point_of(&self.public, alpha);
        let encoded = point.compress();
        let nonce = self.nonce(encoded.as_bytes());
        let gamma = *self.scalar * point;
        let [gamma, u, v] = EdwardsPoint::compress_batch(&[gamma, EdwardsPoint::mul_base(&nonce), *nonce * point]);
        let points = [&self.public, encoded.as_bytes(), gamma.as_bytes(), u.as_bytes(), v.as_bytes()];
        let challenge = suite.challenge(points);
        // With the response, which all may see, the product would tell the nonce.
        let product = Zeroizing::new(short_scalar(challenge) * *self.scalar);
        let response = *nonce + *product;
        let mut proof = [0; PROOF_LEN];
        proof[..32].copy_from_slice(gamma.as_bytes());
        proof[32..48].copy_from_slice(&challenge);
        proof[48..].copy_from_slice(response.as_bytes());
        proof
    }

    /// The nonce of an input's point (section 5.4.2.2).
    fn nonce(&self, point: &[u8; 32]) -> Zeroizing<Scalar> {
        let hash =
            Zeroizing::new(<[u8; 64]>::from(Sha512::new().chain_update(*self.prefix).chain_update(point).finalize()));
        Zeroizing::new(Scalar::from_bytes_mod_order_wide(&hash))
    }
}
