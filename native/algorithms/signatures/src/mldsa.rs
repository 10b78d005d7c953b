//! ML-DSA-65 (FIPS 204), deterministic, with an empty context.

use ml_dsa::signature::Keypair;
use ml_dsa::{EncodedSignature, EncodedVerifyingKey, MlDsa65, Signature, VerifyingKey};

/// Length of a public key in bytes (FIPS 204, table 2).
pub const PUBLIC_LEN: usize = 1952;
/// Length of a signature in bytes (FIPS 204, table 2).
pub const SIGNATURE_LEN: usize = 3309;

/// An ML-DSA-65 secret key, wiped from memory when dropped.
pub struct SigningKey(ml_dsa::SigningKey<MlDsa65>);

impl SigningKey {
    /// The key that follows from the seed xi (FIPS 204, algorithm 6).
    pub fn from_seed(seed: &[u8; 32]) -> SigningKey {
        SigningKey(ml_dsa::SigningKey::from_seed(&(*seed).into()))
    }

    /// The public key, [`PUBLIC_LEN`] bytes.
    pub fn public(&self) -> Vec<u8> {
        self.0.verifying_key().encode().to_vec()
    }

    /// Signs `message` by the deterministic variant (FIPS 204, algorithm 2), [`SIGNATURE_LEN`] bytes.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signed = self.0.expanded_key().sign_deterministic(message, &[]);
        signed.expect("an empty context is never too long").encode().to_vec()
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
    let Ok(key) = EncodedVerifyingKey::<MlDsa65>::try_from(public) else {
        return false;
    };
    let Ok(encoded) = EncodedSignature::<MlDsa65>::try_from(signature) else {
        return false;
    };
    let key = VerifyingKey::<MlDsa65>::decode(&key);
    Signature::<MlDsa65>::decode(&encoded).is_some_and(|s| key.verify_with_context(message, &[], &s))
}
