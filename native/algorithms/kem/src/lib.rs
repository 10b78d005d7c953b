//! Key encapsulation: agree on a secret of 32 bytes by one message, also against who has a quantum computer.
//!
//! A thin front on well-kept crates, with one shape for all: [`SecretKey`], [`PublicKey`], [`SharedSecret`], typed errors,
//! randomness as an argument. How X-Wing joins its two halves is written here.
//!
//! | scheme | follows | stands on | seed | randomness | public key | ciphertext |
//! |---|---|---|---|---|---|---|
//! | [`MlKem768`] | FIPS 203 | `libcrux-ml-kem` | 64 B (d, z) | 32 B (m) | 1,184 B | 1,088 B |
//! | [`XWing`] | draft-connolly-cfrg-xwing-kem-06 | `libcrux-ml-kem`, `x25519-dalek`, `libcrux-sha3` | 32 B | 64 B | 1,216 B | 1,120 B |
//! | [`Sntrup761`] | NTRU Prime, round 3 (2020) | `sntrup761` | 32 B | 32 B | 1,158 B | 1,039 B |
//!
//! X-Wing is ML-KEM-768 and X25519 together: it stands as long as one of them does. Prefer it.
//!
//! ```
//! use globelet_kem::{PublicKey, SecretKey, XWing};
//! # fn random<const N: usize>() -> [u8; N] { [7; N] }
//! let secret = SecretKey::<XWing>::from_seed(&random::<32>())?;
//! let public = PublicKey::<XWing>::from_bytes(&secret.public().to_bytes())?;
//! let (ciphertext, sent) = public.encapsulate(&random::<64>())?;
//! let received = secret.decapsulate(&ciphertext)?;
//! assert_eq!(sent.expose(), received.expose());
//! # Ok::<(), globelet_kem::KemError>(())
//! ```
//!
//! **Implicit rejection.** A ciphertext of the right length never fails: one that was not made for this key gives a secret
//! that nobody else knows, and the same each time. So a wrong secret shows only when what it protects does not open, and
//! an attacker who sends bent ciphertexts learns nothing from the answer (FIPS 203, algorithm 18, steps 7 to 10).
//!
//! **Randomness** decides the shared secret and, for ML-KEM and X-Wing, must come from the system's generator, be used once
//! and be forgotten. Who uses it twice with one key sends the same ciphertext twice.
//!
//! **Secrets** are wiped on drop: keys and shared secrets. Copies on the stack inside the crates behind this one are not
//! promised to be. Decapsulation takes the same time for good and bent ciphertexts as far as those crates promise it; the
//! authors of `libcrux-ml-kem` have verified its arithmetic and the code around it formally, none has had a published audit.
//!
//! **Encodings** are canonical: a public key that does not encode to the same bytes is refused. X25519's half of X-Wing takes
//! any 32 bytes, as RFC 7748 has it, and the shared secret binds those bytes.
//!
//! **Not promised.** A ciphertext says nothing of who sent it, and a shared secret is a key for others' ciphers, not one
//! here. Whoever gets the secret key later opens all that was sent to it: keys are to be changed, and forgotten.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod error;
mod keys;
mod mlkem768;
#[cfg(feature = "python")]
pub mod python;
mod radix;
mod scheme;
mod secret;
mod sntrup761;
mod xwing;

pub use error::KemError;
pub use keys::{PublicKey, SecretKey};
pub use scheme::Scheme;
pub use secret::SharedSecret;

/// ML-KEM-768 (FIPS 203), category 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MlKem768 {}

/// X-Wing: ML-KEM-768 and X25519 joined by SHA3-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XWing {}

/// Streamlined NTRU Prime 761, as in OpenSSH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sntrup761 {}
