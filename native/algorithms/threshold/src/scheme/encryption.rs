//! Keys of ristretto255, for threshold encryption and the common coin.

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{Identity, IsIdentity};

use super::{sealed::Sealed, Scheme, Secret};
use crate::group::{hash_to_scalar, Point};
use crate::{KeyShare, PublicKey};

/// Keys that open ciphertexts and draw coins, in ristretto255 (RFC 9496).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {}

impl Sealed for Encryption {}

impl Scheme for Encryption {
    type PublicKey = PublicKey;
    type KeyShare = KeyShare;
    type Element = RistrettoPoint;
    type Scalar = Scalar;

    const NAME: &'static str = "encryption";
    const ELEMENT_LEN: usize = 32;

    fn identity() -> RistrettoPoint {
        RistrettoPoint::identity()
    }

    fn add(one: &RistrettoPoint, two: &RistrettoPoint) -> RistrettoPoint {
        one + two
    }

    fn times(scalar: &Scalar, point: &RistrettoPoint) -> RistrettoPoint {
        scalar * point
    }

    fn times_base(scalar: &Scalar) -> RistrettoPoint {
        RistrettoPoint::mul_base(scalar)
    }

    fn write(point: &RistrettoPoint) -> Vec<u8> {
        point.compress().to_bytes().to_vec()
    }

    fn read(bytes: &[u8]) -> Option<RistrettoPoint> {
        let point = CompressedRistretto::from_slice(bytes).ok()?.decompress()?;
        (!point.is_identity()).then_some(point)
    }

    fn number(value: u64) -> Scalar {
        Scalar::from(value)
    }

    fn plus(one: &Scalar, two: &Scalar) -> Scalar {
        one + two
    }

    fn minus(one: &Scalar, two: &Scalar) -> Scalar {
        one - two
    }

    fn product(one: &Scalar, two: &Scalar) -> Scalar {
        one * two
    }

    fn inverse(value: &Scalar) -> Scalar {
        value.invert()
    }

    fn write_scalar(value: &Scalar) -> [u8; 32] {
        value.to_bytes()
    }

    fn read_scalar(bytes: &[u8; 32]) -> Option<Scalar> {
        Scalar::from_canonical_bytes(*bytes).into()
    }

    fn hash(domain: &str, parts: &[&[u8]]) -> Scalar {
        hash_to_scalar(domain, parts)
    }

    fn public_key(group: RistrettoPoint, members: Vec<RistrettoPoint>, needed: u16) -> PublicKey {
        PublicKey::new(Point(group), members.into_iter().map(Point).collect(), needed)
    }

    fn parts(key: &PublicKey) -> (RistrettoPoint, Vec<RistrettoPoint>, u16) {
        (key.group.0, key.members.iter().map(|member| member.0).collect(), key.needed())
    }

    fn key_share(index: u16, secret: &Scalar) -> KeyShare {
        KeyShare::new(index, secret)
    }

    fn share_parts(share: &KeyShare) -> (u16, Secret<Encryption>) {
        (share.index(), Secret(share.secret.0))
    }
}
