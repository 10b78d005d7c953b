//! Non-interactive proofs that two logarithms are equal (Chaum and Pedersen 1992, Fiat–Shamir).

use borsh::{BorshDeserialize, BorshSerialize};
use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::VartimeMultiscalarMul;
use zeroize::Zeroizing;

use crate::group::{hash_to_scalar, Exponent};

/// Proof that log_base(public) = log_other(image), bound to a context; 64 bytes encoded.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct EqualityProof {
    challenge: Exponent,
    response: Exponent,
}

impl EqualityProof {
    /// A placeholder that proves nothing, for a statement that is still being put together.
    pub(crate) fn unproved() -> Self {
        Self { challenge: Exponent(Scalar::ZERO), response: Exponent(Scalar::ZERO) }
    }

    /// Challenge and response.
    pub(crate) fn to_bytes(&self) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(self.challenge.0.as_bytes());
        bytes[32..].copy_from_slice(self.response.0.as_bytes());
        bytes
    }

    /// Reads a proof whose exponents are below the order.
    pub(crate) fn from_bytes(bytes: &[u8; 64]) -> Option<Self> {
        let exponent = |half: Option<&[u8; 32]>| Option::from(Scalar::from_canonical_bytes(*half?)).map(Exponent);
        Some(Self { challenge: exponent(bytes.first_chunk())?, response: exponent(bytes.last_chunk())? })
    }
}

/// What is proved: `public` = x·base and `image` = x·`other`, for a `context` of the caller's.
pub(crate) struct Statement<'a> {
    pub(crate) public: RistrettoPoint,
    pub(crate) other: RistrettoPoint,
    pub(crate) image: RistrettoPoint,
    pub(crate) context: &'a [u8],
}

impl Statement<'_> {
    /// The three points in one batch, which shares the inversions; each is encoded doubled, which binds as well.
    fn encode(&self) -> [[u8; 32]; 3] {
        let points = RistrettoPoint::double_and_compress_batch(&[self.public, self.other, self.image]);
        [points[0].to_bytes(), points[1].to_bytes(), points[2].to_bytes()]
    }

    fn challenge(&self, encoded: &[[u8; 32]; 3], commitments: [RistrettoPoint; 2]) -> Scalar {
        let commitments = RistrettoPoint::double_and_compress_batch(&commitments);
        let parts = [
            &encoded[0][..],
            &encoded[1],
            &encoded[2],
            commitments[0].as_bytes(),
            commitments[1].as_bytes(),
            self.context,
        ];
        hash_to_scalar("globelet threshold 1: equality challenge", &parts)
    }

    /// Proves the statement with the secret `x`; `seed` only adds to the hash the nonce is made of.
    pub(crate) fn prove(&self, secret: &Scalar, seed: &[u8]) -> EqualityProof {
        let encoded = self.encode();
        let written = Zeroizing::new(secret.to_bytes());
        let parts = [&written[..], &encoded[0], &encoded[1], &encoded[2], self.context, seed];
        let nonce = Zeroizing::new(hash_to_scalar("globelet threshold 1: equality nonce", &parts));
        let challenge = self.challenge(&encoded, [RistrettoPoint::mul_base(&nonce), *nonce * self.other]);
        EqualityProof { challenge: Exponent(challenge), response: Exponent(*nonce + challenge * secret) }
    }

    /// True if the proof holds.
    pub(crate) fn holds(&self, proof: &EqualityProof) -> bool {
        let (challenge, response) = (-proof.challenge.0, proof.response.0);
        let first = RistrettoPoint::vartime_double_scalar_mul_basepoint(&challenge, &self.public, &response);
        let second = RistrettoPoint::vartime_multiscalar_mul([challenge, response], [self.image, self.other]);
        self.challenge(&self.encode(), [first, second]) == proof.challenge.0
    }
}
