//! Merkle trees as RFC 9162 (Certificate Transparency 2.0, section 2.1) has them, over BLAKE3 or SHA-256.
//!
//! A leaf hashes as `H(0x00 || leaf)`, a node as `H(0x01 || left || right)`, so that no node can be passed off as a leaf;
//! the left subtree is the largest full one, so that no leaf is counted twice; the root of no leaves is `H("")`. With
//! [`Sha256`] roots and proofs are those of RFC 9162 and RFC 6962 byte for byte.
//!
//! | what | RFC 9162 | cost with n leaves |
//! |---|---|---|
//! | [`Tree::from_leaves`], [`Tree::push`] | 2.1.1 | 2n hashes; log n hashes |
//! | [`Tree::prove`], [`InclusionProof`] | 2.1.3 | no hash at the present size; log n to make for an earlier one, log n to check |
//! | [`Tree::prove_consistency`], [`ConsistencyProof`] | 2.1.4 | log n |
//! | [`Tree::prove_many`], [`MultiProof`] | not in the RFC | m log n for m leaves, each shared hash once |
//!
//! A tree keeps 64 bytes for each leaf and numbers leaves in 32 bits. Proofs have one encoding each; decoders take nothing
//! else and allocate no more than what they are given.
//!
//! **Not promised.** A root binds the leaves and their order, not their number: two trees of different size can't share a
//! root unless the hash is broken, but a proof's `count` is the prover's word until the verifier compares it with the size
//! it expects. Nothing here is secret and nothing runs in constant time.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod codec;
mod consistency;
mod error;
mod hash;
mod inclusion;
mod multi;
#[cfg(feature = "python")]
pub mod python;
mod tree;

pub use consistency::ConsistencyProof;
pub use error::MerkleError;
pub use hash::{Blake3, Hash, Sha256, TreeHash};
pub use inclusion::InclusionProof;
pub use multi::MultiProof;
pub use tree::Tree;
