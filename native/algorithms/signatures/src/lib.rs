//! Ed25519 strict and batch, ML-DSA-44 and -65 (FIPS 204), and hybrids of both.
//!
//! | what | follows | stands on | public key | signature |
//! |---|---|---|---|---|
//! | [`SigningKey`], [`PreparedKey`], [`verify_batch`] | RFC 8032 and the rule below | ed25519-dalek; the batch is ours | 32 B | 64 B |
//! | [`mldsa44`], [`mldsa`] | FIPS 204, deterministic | libcrux-ml-dsa | 1,312 B, 1,952 B | 2,420 B, 3,309 B |
//! | [`hybrid`] | draft-ietf-lamps-pq-composite-sigs | both | the sum | the sum |
//! | [`AnySigningKey`], [`AnyVerifyingKey`] | a [`Scheme`] chosen at run time | all | | |
//!
//! Signing takes the same time for every secret as far as the libraries promise it, needs no randomness, and gives the same
//! bytes each time; secret keys are wiped on drop. Verification is not in constant time: nothing in it is secret.
//!
//! One rule decides every Ed25519 signature here, alone or in a batch: key, nonce point and scalar
//! are canonical, neither point is of small order, and `8(sB - R - hA) = 0`. That is the equation
//! of RFC 8032 section 5.1.7, with the multiplication by 8 that it allows to leave out. Left out,
//! a batch could pass what a single check refuses: a signer who adds small-order parts to its
//! nonce points can make them cancel in the sum, and replicas would disagree (Chalkias, Garillot,
//! Nikolaenko, "Taming the many EdDSAs", 2020). All that `verify_strict` of ed25519-dalek accepts
//! for a canonical key passes; beyond it pass only such signatures, which take the secret key to make.
//!
//! **Cost.** A batch of n is one sum of 2n + 1 multiples; one that does not hold is checked one by one as well, and names
//! each. What does not stand is `false`; a [`SignatureError`] is for lengths, contexts and keys alone.
//!
//! **Not promised.** Who has a key can make several signatures of one message. Ed25519 alone falls to a quantum computer.
//! Copies of secrets on the stack inside the libraries are theirs to wipe.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod batch;
mod error;
pub mod hybrid;
mod key;
pub mod mldsa;
pub mod mldsa44;
mod parameter_set;
mod prepared;
#[cfg(feature = "python")]
pub mod python;
mod scheme;

pub use batch::{verify_batch, verify_batch_prepared};
pub use error::SignatureError;
pub use key::SigningKey;
pub use prepared::PreparedKey;
pub use scheme::{AnySigningKey, AnyVerifyingKey, Scheme};

/// Whether `signature` by the key `public` stands on `message`; `false` also for an unusable key.
///
/// Use a [`PreparedKey`] for a key that is met more than once: it saves the decompression.
pub fn verify(public: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    PreparedKey::from_bytes(public).is_some_and(|key| key.verify(message, signature))
}
