//! Keys of BLS12-381, for threshold signatures.

use blstrs::{G2Affine, G2Projective, Scalar};
use ff::Field;
use group::{Curve, Group};
use zeroize::{DefaultIsZeroes, Zeroizing};

use super::{sealed::Sealed, Scheme, Secret};
use crate::group::secret_hash;
use crate::signature::{SigningCommittee, SigningShare, KEY_LEN};

/// Keys that sign, in G2 of BLS12-381.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signing {}

/// An exponent of BLS12-381 that can be wiped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SigningScalar(pub(crate) Scalar);

impl DefaultIsZeroes for SigningScalar {}

impl Sealed for Signing {}

impl Scheme for Signing {
    type PublicKey = SigningCommittee;
    type KeyShare = SigningShare;
    type Element = G2Projective;
    type Scalar = SigningScalar;

    const NAME: &'static str = "signing";
    const ELEMENT_LEN: usize = KEY_LEN;

    fn identity() -> G2Projective {
        G2Projective::identity()
    }

    fn add(one: &G2Projective, two: &G2Projective) -> G2Projective {
        one + two
    }

    fn times(scalar: &SigningScalar, point: &G2Projective) -> G2Projective {
        point * scalar.0
    }

    fn times_base(scalar: &SigningScalar) -> G2Projective {
        G2Projective::generator() * scalar.0
    }

    fn write(point: &G2Projective) -> Vec<u8> {
        point.to_affine().to_compressed().to_vec()
    }

    fn read(bytes: &[u8]) -> Option<G2Projective> {
        let point: Option<G2Affine> = G2Affine::from_compressed(bytes.try_into().ok()?).into();
        point.map(G2Projective::from).filter(|point| !bool::from(point.is_identity()))
    }

    fn number(value: u64) -> SigningScalar {
        SigningScalar(Scalar::from(value))
    }

    fn plus(one: &SigningScalar, two: &SigningScalar) -> SigningScalar {
        SigningScalar(one.0 + two.0)
    }

    fn minus(one: &SigningScalar, two: &SigningScalar) -> SigningScalar {
        SigningScalar(one.0 - two.0)
    }

    fn product(one: &SigningScalar, two: &SigningScalar) -> SigningScalar {
        SigningScalar(one.0 * two.0)
    }

    fn inverse(value: &SigningScalar) -> SigningScalar {
        SigningScalar(Option::from(value.0.invert()).unwrap_or(Scalar::ZERO))
    }

    fn write_scalar(value: &SigningScalar) -> [u8; 32] {
        value.0.to_bytes_le()
    }

    fn read_scalar(bytes: &[u8; 32]) -> Option<SigningScalar> {
        Option::from(Scalar::from_bytes_le(bytes)).map(SigningScalar)
    }

    /// The first of counted hashes, cut to 255 bits, that is below the order: nine of ten are.
    fn hash(domain: &str, parts: &[&[u8]]) -> SigningScalar {
        let candidate = |count: u32| {
            let count = count.to_le_bytes();
            let counted = [&[&count[..]], parts].concat();
            let wide = secret_hash(domain, &counted);
            let mut bytes = Zeroizing::new([0; 32]);
            bytes.copy_from_slice(&wide[..32]);
            bytes[31] &= 0x7f;
            Signing::read_scalar(&bytes)
        };
        (0..).find_map(candidate).unwrap_or(SigningScalar(Scalar::ONE))
    }

    fn public_key(group: G2Projective, members: Vec<G2Projective>, needed: u16) -> SigningCommittee {
        SigningCommittee::new(group.to_affine(), members.iter().map(Curve::to_affine).collect(), needed)
    }

    fn parts(key: &SigningCommittee) -> (G2Projective, Vec<G2Projective>, u16) {
        let (group, members) = key.keys();
        (group.into(), members.iter().map(G2Projective::from).collect(), key.needed())
    }

    fn key_share(index: u16, secret: &SigningScalar) -> SigningShare {
        SigningShare::new(index, secret.0.to_bytes_le())
    }

    fn share_parts(share: &SigningShare) -> (u16, Secret<Signing>) {
        (share.index(), Secret(SigningScalar(share.scalar())))
    }
}
