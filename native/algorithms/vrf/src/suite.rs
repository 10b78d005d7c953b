//! The two suites: how an input becomes a point, and the hashes of points.

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use sha2::{Digest, Sha512};

/// The name of the map in RFC 9380, after the prefix of RFC 9381 section 5.5; the suite's number comes behind it.
const ELL2_DOMAIN: &[u8] = b"ECVRF_edwards25519_XMD:SHA-512_ELL2_NU_";

/// A suite of RFC 9381 section 5.5 on edwards25519.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Suite {
    /// ECVRF-EDWARDS25519-SHA512-TAI, suite 3: tries hashes until one is a point.
    Tai,
    /// ECVRF-EDWARDS25519-SHA512-ELL2, suite 4: Elligator 2, in the same time for every input.
    Ell2,
}

impl Suite {
    /// Both suites, in the order of their numbers.
    pub const ALL: [Suite; 2] = [Suite::Tai, Suite::Ell2];

    /// The suite's octet.
    pub fn number(self) -> u8 {
        match self {
            Suite::Tai => 3,
            Suite::Ell2 => 4,
        }
    }

    /// The suite's short name: `tai`, `ell2`.
    pub fn name(self) -> &'static str {
        match self {
            Suite::Tai => "tai",
            Suite::Ell2 => "ell2",
        }
    }

    /// The suite of this short name.
    pub fn from_name(name: &str) -> Option<Suite> {
        Suite::ALL.into_iter().find(|suite| suite.name() == name)
    }

    /// The point of an input (section 5.4.1), of prime order; the key is the salt.
    pub(crate) fn point_of(self, salt: &[u8; 32], alpha: &[u8]) -> EdwardsPoint {
        match self {
            Suite::Tai => self.try_and_increment(salt, alpha),
            Suite::Ell2 => EdwardsPoint::encode_to_curve::<Sha512>(&[salt, alpha], &[ELL2_DOMAIN, &[self.number()]]),
        }
    }

    /// Section 5.4.1.1. Half of all hashes are points, so this takes two tries on average.
    fn try_and_increment(self, salt: &[u8; 32], alpha: &[u8]) -> EdwardsPoint {
        let prefix = Sha512::new().chain_update([self.number(), 1]).chain_update(salt).chain_update(alpha);
        let candidate = |count: u8| {
            let hash = prefix.clone().chain_update([count, 0]).finalize();
            let point = hash.first_chunk::<32>().and_then(canonical_point)?;
            (!point.is_small_order()).then(|| point.mul_by_cofactor())
        };
        (0..=u8::MAX).find_map(candidate).expect("256 tries fail for one input in 2^256")
    }

    /// The challenge over five points (section 5.4.3), 16 bytes.
    pub(crate) fn challenge(self, points: [&[u8; 32]; 5]) -> [u8; 16] {
        let hash = Sha512::new().chain_update([self.number(), 2]);
        let hash = points.into_iter().fold(hash, Digest::chain_update).chain_update([0]).finalize();
        hash.first_chunk().copied().unwrap_or_default()
    }

    /// The output that belongs to a point (section 5.2).
    pub(crate) fn output(self, gamma: &EdwardsPoint) -> [u8; 64] {
        let point = gamma.mul_by_cofactor().compress();
        Sha512::new()
            .chain_update([self.number(), 3])
            .chain_update(point.as_bytes())
            .chain_update([0])
            .finalize()
            .into()
    }
}

/// The point that these bytes are the only encoding of (RFC 8032 section 5.1.3, without its exceptions).
pub(crate) fn canonical_point(bytes: &[u8; 32]) -> Option<EdwardsPoint> {
    CompressedEdwardsY(*bytes).decompress().filter(|point| point.compress().as_bytes() == bytes)
}

/// A challenge as a scalar: it is far below the order.
pub(crate) fn short_scalar(challenge: [u8; 16]) -> Scalar {
    Scalar::from(u128::from_le_bytes(challenge))
}
