//! Threshold encryption (TDH2) and a threshold common coin on ristretto255; threshold BLS signatures.
//!
//! A dealer splits one secret among `n` members; any `needed` of them open a ciphertext or draw a
//! coin, fewer learn nothing. Encryption follows TDH2 (Shoup and Gennaro, "Securing Threshold
//! Cryptosystems against Chosen Ciphertext Attack", J. Cryptology 15, 2002); the coin follows
//! Cachin, Kursawe and Shoup, "Random Oracles in Constantinople" (J. Cryptology 18, 2005).
//!
//! Two points differ from the papers:
//! - The payload is sealed with ChaCha20-Poly1305 under a key derived from the shared point, and the
//!   ciphertext carries a commitment to that point. [`combine`] is optimistic (it verifies no share
//!   unless opening fails), and an AEAD tag alone does not commit to its key: without the commitment an
//!   encryptor in league with a member could make two replicas open one ciphertext to two plaintexts.
//! - Proof nonces are hashes of the secret and the statement (as in RFC 8032), so nothing here needs
//!   a source of randomness.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod coin;
mod encryption;
mod error;
mod group;
mod key;
mod proof;
pub mod signature;

pub use coin::{combine_coin, verify_coin_share, CoinShare};
pub use encryption::{check, combine, encrypt, verify_share, Ciphertext, DecryptionShare};
pub use error::ThresholdError;
pub use group::{Exponent, Point};
pub use key::{deal, KeyShare, PublicKey};
pub use proof::EqualityProof;
