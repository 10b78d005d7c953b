//! A member's own key, to which dealers seal its shares.

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::traits::IsIdentity;
use zeroize::Zeroizing;

use crate::group::{hash_to_scalar, secret_hash};
use crate::scheme::{Encryption, Secret};
use crate::ThresholdError;

/// A member's secret key for receiving shares; wiped when dropped, never printed.
#[derive(Debug)]
pub struct TransportKey {
    pub(crate) secret: Secret<Encryption>,
    pub(crate) public: RistrettoPoint,
}

impl TransportKey {
    /// The key that follows from a seed of 32 bytes.
    pub fn from_seed(seed: &[u8; 32]) -> TransportKey {
        let secret = Secret(hash_to_scalar("globelet threshold 1: transport key", &[seed]));
        let public = RistrettoPoint::mul_base(&secret.0);
        TransportKey { secret, public }
    }

    /// The public key, 32 bytes.
    pub fn public(&self) -> [u8; 32] {
        self.public.compress().to_bytes()
    }
}

/// Reads a member's public transport key.
pub(crate) fn transport_public(bytes: &[u8; 32]) -> Result<RistrettoPoint, ThresholdError> {
    let point = CompressedRistretto(*bytes).decompress().filter(|point| !point.is_identity());
    point.ok_or(ThresholdError::Encoding { what: "a transport key" })
}

/// What hides the share of one receiver in one dealing, from the point that dealer and receiver share.
pub(crate) fn pad(context: &[u8; 32], dealer: u16, receiver: u16, shared: &RistrettoPoint) -> Zeroizing<[u8; 32]> {
    let shared = Zeroizing::new(shared.compress().to_bytes());
    let parts = [&context[..], &dealer.to_le_bytes(), &receiver.to_le_bytes(), &shared[..]];
    let wide = secret_hash("globelet threshold 1: share pad", &parts);
    let mut pad = Zeroizing::new([0; 32]);
    pad.copy_from_slice(&wide[..32]);
    pad
}
