//! ECVRF-EDWARDS25519-SHA512-TAI and -ELL2 (RFC 9381): a verifiable draw.
//!
//! The owner of a secret key computes, for any input `alpha`, one output of 64 bytes that nobody can foresee and that
//! everybody can check; nobody, the owner included, can prove a second output.
//!
//! | step | RFC 9381 | here | about |
//! |---|---|---|---|
//! | key from seed | 5.5 | [`SecretKey::from_seed`] | one multiplication of the base point |
//! | prove | 5.1 | [`SecretKey::prove_in`], [`prove`](SecretKey::prove) | three multiplications |
//! | validate a key | 5.4.5 | [`PublicKey::from_bytes`] | one square root |
//! | verify | 5.3 | [`PublicKey::verify`], [`verify`] | two double multiplications, in variable time |
//! | proof to hash | 5.2 | [`Proof::output`] | for proofs already known to hold |
//!
//! [`Suite::Tai`] tries hashes until one is a point: the number of tries tells something of `alpha`. [`Suite::Ell2`] hashes to
//! the curve by Elligator 2 (RFC 9380) in the same time for every `alpha`: take it where `alpha` is secret.
//!
//! **Stands on** curve25519-dalek; the suite itself is written here. vrf-rfc9381 0.0.7, which this crate began on and is still
//! measured and compared against in its tests, reads proofs that are not canonical, multiplies public values in constant time
//! and leaves copies of the seed's hash in memory.
//!
//! **Secrets.** Key and nonce are multiplied in constant time and wiped on drop. Nothing needs randomness: the nonce is a hash
//! of key and input (section 5.4.2.2).
//!
//! **Encodings.** Keys and proofs have one encoding each: what does not come back as the same bytes is refused, and so are
//! points of small order.
//!
//! **Not promised.** An output is unique, a proof is not: the owner of a key can make many proofs of one output. The holder of
//! the key foresees its own outputs. `alpha` is not hidden by a proof.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod error;
mod proof;
mod public;
#[cfg(feature = "python")]
pub mod python;
mod secret;
mod suite;

pub use error::VrfError;
pub use proof::{Proof, OUTPUT_LEN, PROOF_LEN};
pub use public::PublicKey;
pub use secret::SecretKey;
pub use suite::Suite;

/// Checks `proof` for `alpha` under `public` in the suite TAI and returns the output (RFC 9381 section 5.3).
///
/// The public key is validated (section 5.4.5), so that the output is unique even for keys chosen in malice. Use a
/// [`PublicKey`] for a key that is met more than once.
///
/// # Errors
/// [`VrfError`]: an unusable key, bytes that are not canonical, or a proof that does not hold.
pub fn verify(public: &[u8; 32], alpha: &[u8], proof: &[u8; PROOF_LEN]) -> Result<[u8; OUTPUT_LEN], VrfError> {
    PublicKey::from_bytes(public)?.verify(Suite::Tai, alpha, proof)
}
