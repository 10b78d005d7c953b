//! What keys and proofs refuse.

/// Why a key or a proof was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VrfError {
    /// The public key is no canonical point of large order.
    #[error("the public key is not a usable Edwards25519 point: ask its owner for a valid one")]
    PublicKey,
    /// The proof's bytes are not the canonical encoding of a proof.
    #[error("the proof is not canonically encoded: refuse it, an honest prover does not make such bytes")]
    Encoding,
    /// The proof does not hold for this key and input.
    #[error("the proof does not hold for this key and input: refuse the draw")]
    Proof,
    /// The bytes are longer or shorter than what they should be.
    #[error("{what} has {expected} bytes, not {found}: pass exactly the bytes that were made")]
    Length {
        /// `a seed`, `a public key`, `a proof`.
        what: &'static str,
        /// Bytes it has to have.
        expected: usize,
        /// Bytes that were given.
        found: usize,
    },
}

impl VrfError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            VrfError::PublicKey => "vrf.public-key",
            VrfError::Encoding => "vrf.encoding",
            VrfError::Proof => "vrf.proof",
            VrfError::Length { .. } => "vrf.length",
        }
    }
}

/// Exactly `N` bytes of what the error calls `what`.
pub(crate) fn exactly<'a, const N: usize>(what: &'static str, bytes: &'a [u8]) -> Result<&'a [u8; N], VrfError> {
    bytes.try_into().map_err(|_| VrfError::Length { what, expected: N, found: bytes.len() })
}
