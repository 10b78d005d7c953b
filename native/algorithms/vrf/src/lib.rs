//! ECVRF-EDWARDS25519-SHA512-TAI (RFC 9381): a verifiable draw.
//!
//! The owner of a secret key computes, for any input `alpha`, one output that nobody can foresee
//! and that everybody can check; nobody, the owner included, can prove a second output.
#![cfg_attr(test, allow(clippy::unwrap_used))]

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::{clamp_integer, Scalar};
use sha2::{Digest, Sha512};
use vrf_rfc9381::ec::edwards25519::tai::{
    EdVrfEdwards25519TaiPublicKey as Public, EdVrfEdwards25519TaiSecretKey as Secret,
};
use vrf_rfc9381::ec::edwards25519::EdVrfProof;
use vrf_rfc9381::{Proof, Prover, Verifier};
use zeroize::Zeroizing;

/// Why a proof was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VrfError {
    /// The public key is no canonical point of large order.
    #[error("the public key is not a usable Edwards25519 point: ask its owner for a valid one")]
    PublicKey,
    /// The proof's bytes are not the canonical encoding of a proof.
    #[error("the proof is not canonically encoded: refuse it, an honest prover does not make such bytes")]
    Encoding,
    /// The proof does not hold for this key and input.
    #[error("the proof does not hold for this key and input: refuse the draw")]
    Proof,
}

/// A VRF secret key, wiped from memory when dropped.
pub struct SecretKey {
    seed: Zeroizing<[u8; 32]>,
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
        let public = EdwardsPoint::mul_base(&secret_scalar(seed));
        SecretKey { seed: Zeroizing::new(*seed), public: public.compress().to_bytes() }
    }

    /// The public key, 32 bytes: the same as Ed25519's for this seed.
    pub fn public(&self) -> [u8; 32] {
        self.public
    }

    /// Proves the output for `alpha` (RFC 9381 section 5.1): gamma, c, s in 80 bytes.
    pub fn prove(&self, alpha: &[u8]) -> [u8; 80] {
        let secret = Secret::from_slice(self.seed.as_slice()).expect("a seed has 32 bytes");
        let proof = secret.prove(alpha).expect("256 tries fail once in 2^256 inputs");
        proof.encode_to_pi().try_into().expect("a proof encodes to 80 bytes")
    }
}

/// The secret scalar of a seed, clamped (RFC 8032 section 5.1.5).
fn secret_scalar(seed: &[u8; 32]) -> Zeroizing<Scalar> {
    let digest = Zeroizing::new(<[u8; 64]>::from(Sha512::digest(seed)));
    let half = Zeroizing::new(digest.first_chunk::<32>().copied().unwrap_or_default());
    let clamped = Zeroizing::new(clamp_integer(*half));
    Zeroizing::new(Scalar::from_bytes_mod_order(*clamped))
}

/// Checks `proof` for `alpha` under `public` and returns the output (RFC 9381 section 5.3).
///
/// The public key is validated (section 5.4.5), so that the output is unique even for keys chosen
/// in malice.
///
/// # Errors
/// [`VrfError`]: an unusable key, bytes that are not canonical, or a proof that does not hold.
pub fn verify(public: &[u8; 32], alpha: &[u8], proof: &[u8; 80]) -> Result<[u8; 64], VrfError> {
    let canonical = CompressedEdwardsY(*public)
        .decompress()
        .is_some_and(|point| point.compress().to_bytes() == *public && !point.is_small_order());
    if !canonical {
        return Err(VrfError::PublicKey);
    }
    let key = Public::from_slice(public).map_err(|_| VrfError::PublicKey)?;
    let decoded = EdVrfProof::decode_pi(proof).map_err(|_| VrfError::Encoding)?;
    // The decoder reduces scalars and points silently: only bytes that come back are taken.
    if decoded.encode_to_pi() != proof {
        return Err(VrfError::Encoding);
    }
    let output = key.verify(alpha, decoded).map_err(|_| VrfError::Proof)?;
    Ok(output.into())
}
