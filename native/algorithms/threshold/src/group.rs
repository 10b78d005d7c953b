//! Group elements and exponents with their canonical 32-byte encodings.

use borsh::io::{Error, ErrorKind, Read, Result, Write};
use borsh::{BorshDeserialize, BorshSerialize};
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::VartimeMultiscalarMul;
use zeroize::Zeroizing;

use crate::interpolation::SmallCoefficients;

/// A ristretto255 element (RFC 9496); decoding refuses non-canonical bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point(pub(crate) RistrettoPoint);

impl Point {
    /// The canonical encoding.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.compress().to_bytes()
    }
}

impl BorshSerialize for Point {
    fn serialize<W: Write>(&self, writer: &mut W) -> Result<()> {
        writer.write_all(&self.to_bytes())
    }
}

impl BorshDeserialize for Point {
    fn deserialize_reader<R: Read>(reader: &mut R) -> Result<Self> {
        let bytes = <[u8; 32]>::deserialize_reader(reader)?;
        let point = CompressedRistretto(bytes).decompress();
        let refusal = || Error::new(ErrorKind::InvalidData, "not a canonical ristretto255 element");
        point.map(Point).ok_or_else(refusal)
    }
}

/// A scalar modulo the group order; decoding refuses values that are not reduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exponent(pub(crate) Scalar);

impl BorshSerialize for Exponent {
    fn serialize<W: Write>(&self, writer: &mut W) -> Result<()> {
        writer.write_all(&self.0.to_bytes())
    }
}

impl BorshDeserialize for Exponent {
    fn deserialize_reader<R: Read>(reader: &mut R) -> Result<Self> {
        let bytes = <[u8; 32]>::deserialize_reader(reader)?;
        let scalar: Option<Scalar> = Scalar::from_canonical_bytes(bytes).into();
        let refusal = || Error::new(ErrorKind::InvalidData, "not a canonical scalar");
        scalar.map(Exponent).ok_or_else(refusal)
    }
}

fn absorb(hasher: &mut blake3::Hasher, parts: &[&[u8]]) {
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
}

/// 64 bytes of BLAKE3 output over length-prefixed parts, under a domain of its own.
pub(crate) fn wide_hash(domain: &str, parts: &[&[u8]]) -> [u8; 64] {
    let mut hasher = blake3::Hasher::new_derive_key(domain);
    absorb(&mut hasher, parts);
    let mut output = [0; 64];
    hasher.finalize_xof().fill(&mut output);
    output
}

/// As [`wide_hash`], of parts that may be secret: the hash's own state is wiped too.
pub(crate) fn secret_hash(domain: &str, parts: &[&[u8]]) -> Zeroizing<[u8; 64]> {
    let mut hasher = Zeroizing::new(blake3::Hasher::new_derive_key(domain));
    absorb(&mut hasher, parts);
    let mut output = Zeroizing::new([0; 64]);
    Zeroizing::new(hasher.finalize_xof()).fill(&mut output[..]);
    output
}

/// A scalar, uniform up to a bias below 2^-250.
pub(crate) fn hash_to_scalar(domain: &str, parts: &[&[u8]]) -> Scalar {
    Scalar::from_bytes_mod_order_wide(&secret_hash(domain, parts))
}

/// An element whose logarithm nobody knows (RFC 9496, section 4.3.4).
pub(crate) fn hash_to_point(domain: &str, parts: &[&[u8]]) -> RistrettoPoint {
    RistrettoPoint::from_uniform_bytes(&wide_hash(domain, parts))
}

/// The value at zero of the polynomial that has these points at these members: distinct ones, as many as points.
pub(crate) fn at_zero(indices: &[u16], points: &[RistrettoPoint]) -> RistrettoPoint {
    let small = SmallCoefficients::at_zero(indices).and_then(|small| Some((small.sum(points)?, small.denominator)));
    match small {
        Some((sum, 1)) => sum,
        Some((sum, denominator)) => Scalar::from(denominator).invert() * sum,
        None => RistrettoPoint::vartime_multiscalar_mul(coefficients(indices), points),
    }
}

/// The Lagrange coefficients at zero for these members; member `i` holds the polynomial at `i + 1`.
pub(crate) fn coefficients(indices: &[u16]) -> Vec<Scalar> {
    let abscissa = |index: u16| Scalar::from(u64::from(index) + 1);
    let coefficient = |&own: &u16| {
        let others = indices.iter().filter(|&&other| other != own);
        let (above, below) = others.fold((Scalar::ONE, Scalar::ONE), |(above, below), &other| {
            (above * abscissa(other), below * (abscissa(other) - abscissa(own)))
        });
        above * below.invert()
    };
    indices.iter().map(coefficient).collect()
}
