//! A public key decompressed once, and the equation's parts of one signature.

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha512};

/// An Ed25519 public key, checked and decompressed.
#[derive(Clone, Debug)]
pub struct PreparedKey {
    pub(crate) point: EdwardsPoint,
    verifying: VerifyingKey,
}

/// One signature taken apart: its claim is `sB - R - hA = 0`, up to small-order parts.
pub(crate) struct Claim {
    pub(crate) r: EdwardsPoint,
    pub(crate) s: Scalar,
    pub(crate) h: Scalar,
}

/// A point from its canonical encoding; `None` if it is another encoding or of small order.
fn sound_point(bytes: &[u8; 32]) -> Option<EdwardsPoint> {
    let point = CompressedEdwardsY(*bytes).decompress()?;
    (point.compress().to_bytes() == *bytes && !point.is_small_order()).then_some(point)
}

impl PreparedKey {
    /// Checks and decompresses a public key; `None` if it is not canonical or of small order.
    pub fn from_bytes(public: &[u8; 32]) -> Option<PreparedKey> {
        let point = sound_point(public)?;
        let verifying = VerifyingKey::from_bytes(public).ok()?;
        Some(PreparedKey { point, verifying })
    }

    /// The public key's 32 bytes.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.verifying.to_bytes()
    }

    /// Whether `signature` by this key stands on `message`.
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        // The strict check decides nearly all; the equation is for what only a crafty signer makes.
        let strict = self.verifying.verify_strict(message, &Signature::from_bytes(signature));
        strict.is_ok() || self.holds(message, signature)
    }

    /// The rule itself: `8(sB - R - hA) = 0`.
    fn holds(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.claim(message, signature).is_some_and(|claim| {
            let expected = EdwardsPoint::vartime_double_scalar_mul_basepoint(&-claim.h, &self.point, &claim.s);
            (expected - claim.r).mul_by_cofactor().is_identity()
        })
    }

    /// Takes a signature apart; `None` if its bytes are not canonical or R is of small order.
    pub(crate) fn claim(&self, message: &[u8], signature: &[u8; 64]) -> Option<Claim> {
        let (r_bytes, s_bytes) = (signature.first_chunk::<32>()?, signature.last_chunk::<32>()?);
        let s = Option::<Scalar>::from(Scalar::from_canonical_bytes(*s_bytes))?;
        let r = sound_point(r_bytes)?;
        let digest = Sha512::new()
            .chain_update(r_bytes)
            .chain_update(self.verifying.as_bytes())
            .chain_update(message)
            .finalize();
        let h = Scalar::from_bytes_mod_order_wide(&digest.into());
        Some(Claim { r, s, h })
    }
}
