//! What a scheme is, and what it does behind the keys' types.

use crate::KemError;

/// A key encapsulation mechanism of this crate.
pub trait Scheme: Engine {
    /// The name people know, such as `ML-KEM-768`.
    const NAME: &'static str;
    /// Bytes of the seed from which a secret key follows.
    const SEED_LEN: usize;
    /// Bytes of randomness that an encapsulation takes.
    const RANDOMNESS_LEN: usize;
    /// Bytes of a public key.
    const PUBLIC_LEN: usize;
    /// Bytes of a ciphertext.
    const CIPHERTEXT_LEN: usize;
}

/// The crate behind a scheme. Lengths have been checked when these are called; no other crate can add one.
pub trait Engine {
    /// The secret key, which wipes itself.
    type Secret;
    /// The public key.
    type Public: Clone;

    /// The secret key of a seed.
    fn secret(seed: &[u8]) -> Self::Secret;
    /// The public key of a secret key.
    fn public(secret: &Self::Secret) -> Self::Public;
    /// Reads a public key.
    fn read(bytes: &[u8]) -> Option<Self::Public>;
    /// Writes a public key.
    fn write(public: &Self::Public) -> Vec<u8>;
    /// The ciphertext and the shared secret.
    fn encapsulate(public: &Self::Public, randomness: &[u8]) -> (Vec<u8>, [u8; 32]);
    /// The shared secret.
    fn decapsulate(secret: &Self::Secret, ciphertext: &[u8]) -> [u8; 32];
}

/// Refuses bytes of another length than `expected`.
pub(crate) fn check<S: Scheme>(what: &'static str, expected: usize, bytes: &[u8]) -> Result<(), KemError> {
    if bytes.len() == expected {
        return Ok(());
    }
    Err(KemError::Length { what, scheme: S::NAME, expected, found: bytes.len() })
}
