//! What keys of any scheme refuse.

/// Why bytes are no seed, key or signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The bytes are longer or shorter than what they should be.
    #[error("{what} of {scheme} has {expected} bytes, not {found}")]
    Length {
        /// `a seed`, `a public key`, `a signature`.
        what: &'static str,
        /// The scheme's name.
        scheme: &'static str,
        /// Bytes it has to have.
        expected: usize,
        /// Bytes that were given.
        found: usize,
    },
    /// The bytes are no public key: not canonical, not on the curve, or of small order.
    #[error("this is no public key of {0}: it is not canonical or of small order; ask the signer for it again")]
    PublicKey(&'static str),
    /// A context is longer than one byte can say.
    #[error("a context has at most 255 bytes, not {0}; Ed25519 takes none")]
    Context(usize),
}

impl SignatureError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            SignatureError::Length { .. } => "signatures.length",
            SignatureError::PublicKey(_) => "signatures.public-key",
            SignatureError::Context(_) => "signatures.context",
        }
    }
}
