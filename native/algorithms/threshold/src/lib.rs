//! Keys that a committee shares: threshold encryption (TDH2) and a threshold common coin on ristretto255, threshold BLS
//! signatures on BLS12-381, and the ceremonies that make such keys and hand them on.
//!
//! One secret is split among `n` members; any `needed` (t + 1) of them open a ciphertext, draw a coin or sign, fewer learn
//! nothing that they could check a guess against.
//!
//! | what | follows | cost |
//! |---|---|---|
//! | [`encrypt`], [`check`], [`combine`] | TDH2: Shoup, Gennaro, "Securing Threshold Cryptosystems against Chosen Ciphertext Attack", J. Cryptology 15, 2002 | 4, 4 and `needed` multiplications |
//! | [`combine_coin`] | Cachin, Kursawe, Shoup, "Random Oracles in Constantinople", J. Cryptology 18, 2005 | 4 for each share, and `needed` |
//! | [`signature`] | Boldyreva, PKC 2003; draft-irtf-cfrg-bls-signature-05 | 1 to sign, 2 pairings to verify |
//! | [`ceremony`] | Pedersen 1991, Desmedt and Jajodia 1997, EthDKG 2019 | O(n) a dealing, O(n · needed) the outcome |
//! | [`deal`], [`signature::deal_signing`] | Shamir 1979, by a dealer who must be trusted | n multiplications, O(n · needed) products |
//!
//! **Shares are verified lazily**: combining tries the shares first, and only if the outcome is wrong verifies them one by
//! one and names the members whose shares are bad ([`ThresholdError::BadShares`]). **Labels**: a ciphertext is bound to one,
//! and neither opens nor passes [`check`] under another.
//!
//! Two points differ from the papers:
//! - The payload is sealed with ChaCha20-Poly1305 under a key derived from the shared point, and the ciphertext carries a
//!   commitment to that point. [`combine`] is optimistic, and an AEAD tag alone does not commit to its key: without the
//!   commitment an encryptor in league with a member could make two replicas open one ciphertext to two plaintexts.
//! - Proof nonces are hashes of the secret and the statement (as in RFC 8032), so only ceremonies, dealing and sealing take
//!   randomness, all as an argument.
//!
//! **Stands on** curve25519-dalek and, by blstrs, on blst; the schemes are written here. Secrets are multiplied in constant
//! time as far as those libraries promise it, and wiped on drop. **Encodings** are canonical: what does not come back as the
//! same bytes is refused, and so are keys that are the identity. Vectors: signatures of drand's public network.
//!
//! **Not promised.** Robustness against more than `n − needed` silent members; forward secrecy (a share opens what was sealed
//! before it was made; resharing retires shares only if their holders wipe them); hiding who contributed.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod ceremony;
mod codec;
mod coin;
mod encryption;
mod error;
mod group;
mod interpolation;
mod key;
mod knowledge;
mod proof;
#[cfg(feature = "python")]
pub mod python;
mod scheme;
pub mod signature;
mod transport;

pub use coin::{combine_coin, verify_coin_share, CoinShare};
pub use encryption::{check, combine, encrypt, verify_share, Ciphertext, DecryptionShare};
pub use error::{DealerFault, ThresholdError};
pub use group::{Exponent, Point};
pub use key::{deal, KeyShare, PublicKey};
pub use proof::EqualityProof;
pub use scheme::{Encryption, Scheme, Signing};
pub use transport::TransportKey;
