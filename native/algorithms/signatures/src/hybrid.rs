//! Hybrids: ML-DSA and Ed25519 both sign, both must stand. Safe as long as one of them is.
//!
//! The construction of draft-ietf-lamps-pq-composite-sigs, `id-MLDSA44-Ed25519-SHA512` and `id-MLDSA65-Ed25519-SHA512`:
//! both sign `"CompositeAlgorithmSignatures2025" || label || length of context || context || SHA-512(message)`, ML-DSA with
//! the label as its context, so that neither half stands alone as a signature of its own algorithm over the message.
//! Public keys and signatures are ML-DSA's and then Ed25519's. Ed25519 is verified by this crate's rule.

use sha2::{Digest, Sha512};

const PREFIX: &[u8; 32] = b"CompositeAlgorithmSignatures2025";

/// What both sign; `None` for a context of more than 255 bytes.
fn representative(label: &[u8], message: &[u8], context: &[u8]) -> Option<Vec<u8>> {
    let length = u8::try_from(context.len()).ok()?;
    let digest = Sha512::digest(message);
    Some([PREFIX, label, &[length], context, digest.as_slice()].concat())
}

/// Defines a pair of ML-DSA and Ed25519.
macro_rules! hybrid {
    ($(#[$doc:meta])* $name:ident, $mldsa:ident, $label:literal) => {
        $(#[$doc])*
        pub mod $name {
            use super::representative;
            use crate::$mldsa as mldsa;

            const LABEL: &[u8] = $label;
            /// Length of a seed in bytes: ML-DSA's and Ed25519's.
            pub const SEED_LEN: usize = 64;
            /// Length of a public key in bytes.
            pub const PUBLIC_LEN: usize = mldsa::PUBLIC_LEN + 32;
            /// Length of a signature in bytes.
            pub const SIGNATURE_LEN: usize = mldsa::SIGNATURE_LEN + 64;

            /// Both secret keys, wiped from memory when dropped.
            #[derive(Debug)]
            pub struct SigningKey {
                lattice: mldsa::SigningKey,
                curve: crate::SigningKey,
            }

            impl SigningKey {
                /// The keys that follow from two seeds of 32 bytes, ML-DSA's first.
                pub fn from_seed(seed: &[u8; SEED_LEN]) -> SigningKey {
                    let ([lattice, curve], _) = seed.as_chunks::<32>() else { unreachable!("64 bytes are two times 32") };
                    SigningKey {
                        lattice: mldsa::SigningKey::from_seed(lattice),
                        curve: crate::SigningKey::from_seed(curve),
                    }
                }

                /// The public key, [`PUBLIC_LEN`] bytes.
                pub fn public(&self) -> Vec<u8> {
                    [self.lattice.public(), self.curve.public().to_vec()].concat()
                }

                /// Signs `message` in an empty context, [`SIGNATURE_LEN`] bytes, always the same.
                pub fn sign(&self, message: &[u8]) -> Vec<u8> {
                    self.sign_in_context(message, &[]).expect("an empty context is short")
                }

                /// Signs `message` in a context of 255 bytes at most; `None` for a longer one.
                pub fn sign_in_context(&self, message: &[u8], context: &[u8]) -> Option<Vec<u8>> {
                    let both = representative(LABEL, message, context)?;
                    let lattice = self.lattice.sign_in_context(&both, LABEL)?;
                    Some([lattice, self.curve.sign(&both).to_vec()].concat())
                }
            }

            /// Whether both halves of `signature` stand on `message` in an empty context; bytes of the wrong length are
            /// refused.
            pub fn verify(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
                verify_in_context(public, message, &[], signature)
            }

            /// Whether both halves of `signature` stand on `message` in `context`; bytes of the wrong length and contexts
            /// of more than 255 bytes are refused.
            pub fn verify_in_context(public: &[u8], message: &[u8], context: &[u8], signature: &[u8]) -> bool {
                if public.len() != PUBLIC_LEN || signature.len() != SIGNATURE_LEN {
                    return false;
                }
                let Some(both) = representative(LABEL, message, context) else { return false };
                let (lattice_key, curve_key) = public.split_at(mldsa::PUBLIC_LEN);
                let (lattice, curve) = signature.split_at(mldsa::SIGNATURE_LEN);
                let (Ok(curve_key), Ok(curve)) = (curve_key.try_into(), curve.try_into()) else { return false };
                // The cheaper check first: there is no secret in how long this takes.
                crate::verify(curve_key, &both, curve) && mldsa::verify_in_context(lattice_key, &both, LABEL, lattice)
            }
        }
    };
}

hybrid!(
    /// ML-DSA-44 with Ed25519.
    mldsa44_ed25519, mldsa44, b"COMPSIG-MLDSA44-Ed25519-SHA512"
);
hybrid!(
    /// ML-DSA-65 with Ed25519.
    mldsa65_ed25519, mldsa, b"COMPSIG-MLDSA65-Ed25519-SHA512"
);
