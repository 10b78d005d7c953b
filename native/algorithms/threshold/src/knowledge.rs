//! Non-interactive proofs of knowing a logarithm (Schnorr 1991, Fiat–Shamir).

use crate::scheme::{Scheme, Secret};

/// Length of an encoded proof in bytes.
pub(crate) const KNOWLEDGE_LEN: usize = 64;

/// Proof of knowing the logarithm of an element, bound to a context.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KnowledgeProof<S: Scheme> {
    challenge: S::Scalar,
    response: S::Scalar,
}

fn challenge<S: Scheme>(public: &S::Element, commitment: &S::Element, context: &[u8]) -> S::Scalar {
    let parts = [&S::write(public)[..], &S::write(commitment), context];
    S::hash("globelet threshold 1: knowledge challenge", &parts)
}

impl<S: Scheme> KnowledgeProof<S> {
    /// A placeholder that proves nothing, for a statement that is still being put together.
    pub(crate) fn unproved() -> Self {
        Self { challenge: S::number(0), response: S::number(0) }
    }

    /// Proves knowing `secret`, the logarithm of `public`. The nonce is a hash of the secret and what is proved.
    pub(crate) fn new(secret: &Secret<S>, public: &S::Element, context: &[u8]) -> Self {
        let written = zeroize::Zeroizing::new(S::write_scalar(&secret.0));
        let parts = [&written[..], &S::write(public), context];
        let nonce = Secret::<S>(S::hash("globelet threshold 1: knowledge nonce", &parts));
        let challenge = challenge::<S>(public, &S::times_base(&nonce.0), context);
        Self { challenge, response: S::plus(&nonce.0, &S::product(&challenge, &secret.0)) }
    }

    /// True if the proof holds.
    pub(crate) fn holds(&self, public: &S::Element, context: &[u8]) -> bool {
        let negated = S::minus(&S::number(0), &self.challenge);
        let commitment = S::add(&S::times_base(&self.response), &S::times(&negated, public));
        challenge::<S>(public, &commitment, context) == self.challenge
    }

    pub(crate) fn to_bytes(&self) -> [u8; KNOWLEDGE_LEN] {
        let mut bytes = [0; KNOWLEDGE_LEN];
        bytes[..32].copy_from_slice(&S::write_scalar(&self.challenge));
        bytes[32..].copy_from_slice(&S::write_scalar(&self.response));
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8; KNOWLEDGE_LEN]) -> Option<Self> {
        let (challenge, response) = (bytes.first_chunk()?, bytes.last_chunk()?);
        Some(Self { challenge: S::read_scalar(challenge)?, response: S::read_scalar(response)? })
    }
}
