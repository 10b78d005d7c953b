//! What is refused.

/// Why bytes are no key, seed or ciphertext.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KemError {
    /// The bytes are longer or shorter than what they should be.
    #[error("{what} of {scheme} has {expected} bytes, not {found}")]
    Length {
        /// `a seed`, `randomness`, `a public key`, `a secret key`, `a ciphertext`.
        what: &'static str,
        /// The scheme's name.
        scheme: &'static str,
        /// Bytes it has to have.
        expected: usize,
        /// Bytes that were given.
        found: usize,
    },
    /// The bytes are not what a public key encodes to.
    #[error("this is no public key of {0}: its numbers are out of range; ask the owner for it again")]
    PublicKey(&'static str),
    /// The parts of a secret key do not belong together.
    #[error("this is no secret key of {0}: its parts do not belong together")]
    SecretKey(&'static str),
}

impl KemError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            KemError::Length { .. } => "kem.length",
            KemError::PublicKey(_) => "kem.public-key",
            KemError::SecretKey(_) => "kem.secret-key",
        }
    }
}
