//! ML-DSA-65 (FIPS 204), deterministic, with an empty context.

use libcrux_ml_dsa::ml_dsa_65::{self, MLDSA65Signature, MLDSA65SigningKey, MLDSA65VerificationKey};
use zeroize::Zeroize;

/// Length of a public key in bytes (FIPS 204, table 2).
pub const PUBLIC_LEN: usize = 1952;
/// Length of a signature in bytes (FIPS 204, table 2).
pub const SIGNATURE_LEN: usize = 3309;

/// An ML-DSA-65 secret key, wiped from memory when dropped.
pub struct SigningKey {
    secret: Box<MLDSA65SigningKey>,
    public: Vec<u8>,
}

impl SigningKey {
    /// The key that follows from the seed xi (FIPS 204, algorithm 6).
    pub fn from_seed(seed: &[u8; 32]) -> SigningKey {
        let pair = ml_dsa_65::generate_key_pair(*seed);
        SigningKey { public: pair.verification_key.as_slice().to_vec(), secret: Box::new(pair.signing_key) }
    }

    /// The public key, [`PUBLIC_LEN`] bytes.
    pub fn public(&self) -> Vec<u8> {
        self.public.clone()
    }

    /// Signs `message` by the deterministic variant (FIPS 204, algorithm 2), [`SIGNATURE_LEN`] bytes.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        // The deterministic variant is the one with 32 zero bytes for randomness.
        let signed = ml_dsa_65::sign(&self.secret, message, &[], [0; 32]);
        signed.expect("814 rejections in a row do not happen, and an empty context is short").as_slice().to_vec()
    }
}

impl Drop for SigningKey {
    fn drop(&mut self) {
        self.secret.as_ref_mut().zeroize();
    }
}

impl std::fmt::Debug for SigningKey {
    /// Shows nothing of the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("mldsa::SigningKey(..)")
    }
}

/// Whether `signature` by `public` stands on `message`; bytes of the wrong length are refused.
pub fn verify(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let (Ok(public), Ok(signature)) = (public.try_into(), signature.try_into()) else { return false };
    let (key, signature) = (MLDSA65VerificationKey::new(public), MLDSA65Signature::new(signature));
    ml_dsa_65::verify(&key, message, &[], &signature).is_ok()
}
