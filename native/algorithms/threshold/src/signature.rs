//! Threshold BLS signatures on BLS12-381: a committee signs as one, with one short signature.
//!
//! Signatures are points of G1 (48 bytes), keys of G2 (96 bytes), in the ciphersuite
//! `BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_` of draft-irtf-cfrg-bls-signature-05; the sharing is
//! Boldyreva, "Threshold Signatures, Multisignatures and Blind Signatures Based on the
//! Gap-Diffie-Hellman-Group Signature Scheme" (PKC 2003). The same shares always give the same signature,
//! whichever members they are of.

use core::fmt;

use blstrs::{Bls12, G1Affine, G1Projective, G2Affine, G2Prepared, G2Projective, Gt, Scalar};
use borsh::io::{Error, ErrorKind, Read, Result as IoResult, Write};
use borsh::{BorshDeserialize, BorshSerialize};
use ff::Field;
use group::{prime::PrimeCurveAffine, Curve, Group};
use pairing::{MillerLoopResult, MultiMillerLoop};
use std::sync::LazyLock;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::interpolation::SmallCoefficients;
use crate::scheme::{coefficients_at_zero, Scheme, Secret, Signing, SigningScalar};
use crate::ThresholdError;

/// Length of a signature and of a share of one, in bytes.
pub const SIGNATURE_LEN: usize = 48;
pub(crate) const KEY_LEN: usize = 96;
const DOMAIN: &[u8] = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";

/// The lines of the pairing with the generator negated; made once.
static GENERATOR: LazyLock<G2Prepared> = LazyLock::new(|| G2Prepared::from(-G2Affine::generator()));

/// A committee's public key for signatures, and one verification key for each member.
#[derive(Clone, Debug)]
pub struct SigningCommittee {
    group: G2Affine,
    /// The lines of the pairing with the group key: a quarter of a verification, made once.
    prepared: G2Prepared,
    members: Vec<G2Affine>,
    needed: u16,
}

impl PartialEq for SigningCommittee {
    fn eq(&self, other: &Self) -> bool {
        (self.group, &self.members, self.needed) == (other.group, &other.members, other.needed)
    }
}

impl Eq for SigningCommittee {}

impl SigningCommittee {
    pub(crate) fn new(group: G2Affine, members: Vec<G2Affine>, needed: u16) -> Self {
        Self { group, prepared: G2Prepared::from(group), members, needed }
    }

    /// The group key and the members' keys.
    pub(crate) fn keys(&self) -> (&G2Affine, &[G2Affine]) {
        (&self.group, &self.members)
    }

    /// Members of the committee.
    pub fn members(&self) -> u16 {
        self.members.len() as u16
    }

    /// The group key, 96 bytes, compressed: what a verifier outside needs.
    pub fn group_key(&self) -> [u8; KEY_LEN] {
        self.group.to_compressed()
    }

    /// Shares needed to sign.
    pub fn needed(&self) -> u16 {
        self.needed
    }

    /// Whether the committee signed `message`.
    pub fn verify(&self, message: &[u8], signature: &[u8; SIGNATURE_LEN]) -> bool {
        holds(&self.prepared, message, signature)
    }

    /// Whether `share` is this member's for `message`.
    pub fn verify_share(&self, index: u16, message: &[u8], share: &[u8; SIGNATURE_LEN]) -> bool {
        self.members.get(usize::from(index)).is_some_and(|key| holds(&G2Prepared::from(*key), message, share))
    }

    /// The committee's signature from shares of distinct members: combined first, and verified share by
    /// share only if the outcome does not verify.
    ///
    /// # Errors
    /// [`ThresholdError::NotEnough`]; [`ThresholdError::BadShares`] naming those that do not verify.
    pub fn combine(
        &self,
        message: &[u8],
        shares: &[(u16, [u8; SIGNATURE_LEN])],
    ) -> Result<[u8; SIGNATURE_LEN], ThresholdError> {
        let mut used: Vec<_> = shares.to_vec();
        used.sort_by_key(|(index, _)| *index);
        used.dedup_by_key(|(index, _)| *index);
        let have = used.len() as u16;
        if have < self.needed {
            return Err(ThresholdError::NotEnough { have, needed: self.needed });
        }
        let signature = interpolate(&used[..usize::from(self.needed)]);
        if let Some(signature) = signature.filter(|signature| point_holds(&self.prepared, message, signature)) {
            return Ok(signature.to_compressed());
        }
        let bad = |(index, share): &(u16, [u8; SIGNATURE_LEN])| !self.verify_share(*index, message, share);
        let indices = used.into_iter().filter(bad).map(|(index, _)| index).collect();
        Err(ThresholdError::BadShares { indices })
    }
}

fn point(bytes: &[u8; SIGNATURE_LEN]) -> Option<G1Affine> {
    Option::from(G1Affine::from_compressed(bytes)).filter(|p: &G1Affine| !bool::from(p.is_identity()))
}

fn hashed(message: &[u8]) -> G1Projective {
    G1Projective::hash_to_curve(message, DOMAIN, &[])
}

/// e(signature, g2) = e(H(message), key), as one product of pairings.
fn holds(key: &G2Prepared, message: &[u8], signature: &[u8; SIGNATURE_LEN]) -> bool {
    point(signature).is_some_and(|signature| point_holds(key, message, &signature))
}

/// As [`holds`], for a point of the group that is not the identity.
fn point_holds(key: &G2Prepared, message: &[u8], signature: &G1Affine) -> bool {
    let pairs = [(signature, &*GENERATOR), (&hashed(message).to_affine(), key)];
    let product: Gt = Bls12::multi_miller_loop(&pairs).final_exponentiation();
    product.is_identity().into()
}

/// Lagrange interpolation at zero, in the exponent. Only the outcome's group is checked: a share outside of it spoils the
/// outcome, which is verified by who calls this, or cancels and does no harm.
fn interpolate(shares: &[(u16, [u8; SIGNATURE_LEN])]) -> Option<G1Affine> {
    let indices: Vec<u16> = shares.iter().map(|(index, _)| *index).collect();
    let read = |(_, bytes): &(u16, [u8; SIGNATURE_LEN])| {
        let point: Option<G1Affine> = G1Affine::from_compressed_unchecked(bytes).into();
        point.filter(|point| !bool::from(point.is_identity())).map(G1Projective::from)
    };
    let points: Vec<G1Projective> = shares.iter().map(read).collect::<Option<_>>()?;
    let small = SmallCoefficients::at_zero(&indices).and_then(|small| Some((small.sum(&points)?, small.denominator)));
    let sum = match small {
        Some((sum, 1)) => sum,
        Some((sum, denominator)) => sum * Signing::inverse(&Signing::number(denominator)).0,
        None => {
            let weights = coefficients_at_zero::<Signing>(&indices);
            points.iter().zip(weights).map(|(point, weight)| point * weight.0).sum()
        }
    };
    Some(sum.to_affine()).filter(|sum| bool::from(sum.is_torsion_free() & !sum.is_identity()))
}

fn key<R: Read>(reader: &mut R) -> IoResult<G2Affine> {
    let mut bytes = [0u8; KEY_LEN];
    reader.read_exact(&mut bytes)?;
    let key: Option<G2Affine> = G2Affine::from_compressed(&bytes).into();
    let usable = key.filter(|k| !bool::from(k.is_identity()));
    usable.ok_or_else(|| Error::new(ErrorKind::InvalidData, "a key is not a point of the group"))
}

impl BorshSerialize for SigningCommittee {
    fn serialize<W: Write>(&self, writer: &mut W) -> IoResult<()> {
        (self.needed, self.members.len() as u16).serialize(writer)?;
        let keys = std::iter::once(&self.group).chain(&self.members);
        keys.into_iter().try_for_each(|k| writer.write_all(&k.to_compressed()))
    }
}

impl BorshDeserialize for SigningCommittee {
    fn deserialize_reader<R: Read>(reader: &mut R) -> IoResult<Self> {
        let (needed, count) = <(u16, u16)>::deserialize_reader(reader)?;
        if needed == 0 || needed > count {
            return Err(Error::new(ErrorKind::InvalidData, "the threshold exceeds the committee"));
        }
        let group = key(reader)?;
        let members = (0..count).map(|_| key(reader)).collect::<IoResult<_>>()?;
        Ok(Self::new(group, members, needed))
    }
}

/// One member's share of the committee's signing key; wiped when dropped, never printed.
#[derive(Clone, BorshSerialize, BorshDeserialize)]
pub struct SigningShare {
    index: u16,
    secret: [u8; 32],
}

impl SigningShare {
    pub(crate) fn new(index: u16, secret: [u8; 32]) -> Self {
        Self { index, secret }
    }

    /// Whether the secret is below the order, and not zero.
    pub(crate) fn is_sound(&self) -> bool {
        bool::from(Scalar::from_bytes_le(&self.secret).is_some()) && !bool::from(self.secret.ct_eq(&[0; 32]))
    }

    /// The share as an exponent; the caller wipes it.
    pub(crate) fn scalar(&self) -> Scalar {
        Option::from(Scalar::from_bytes_le(&self.secret)).unwrap_or(Scalar::ZERO)
    }

    /// The member's place in the committee, from 0.
    pub fn index(&self) -> u16 {
        self.index
    }

    /// This member's share of the committee's signature on `message`; the same message gives the same share.
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_LEN] {
        let secret = Secret::<Signing>(SigningScalar(self.scalar()));
        (hashed(message) * secret.0 .0).to_affine().to_compressed()
    }
}

impl PartialEq for SigningShare {
    /// In a time that tells nothing of the secrets.
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index && bool::from(self.secret.ct_eq(&other.secret))
    }
}

impl Eq for SigningShare {}

impl fmt::Debug for SigningShare {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SigningShare").field("index", &self.index).field("secret", &"redacted").finish()
    }
}

impl Drop for SigningShare {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

/// A scalar from a hash: the first of its counted outputs, cut to 255 bits, that is below the order.
fn coefficient(randomness: &[u8; 32], n: u16, needed: u16, degree: u16) -> Secret<Signing> {
    let candidate = |count: u32| -> Option<Scalar> {
        let domain = "globelet threshold 1: dealt signing coefficient";
        let mut hasher = Zeroizing::new(blake3::Hasher::new_derive_key(domain));
        hasher.update(randomness).update(&n.to_le_bytes()).update(&needed.to_le_bytes());
        hasher.update(&degree.to_le_bytes()).update(&count.to_le_bytes());
        let mut bytes = Zeroizing::new(<[u8; 32]>::from(hasher.finalize()));
        bytes[31] &= 0x7f;
        Scalar::from_bytes_le(&bytes).into()
    };
    Secret(SigningScalar((0..).find_map(candidate).unwrap_or(Scalar::ONE)))
}

/// Splits a fresh signing key among `n` members so that any `needed` can sign (Shamir 1979).
///
/// For the first epoch, when a trusted authority creates the world: `randomness` determines every
/// key and must be wiped by the caller afterwards.
///
/// # Errors
/// [`ThresholdError::Threshold`] unless 1 <= needed <= n.
pub fn deal_signing(
    n: u16,
    needed: u16,
    randomness: &[u8; 32],
) -> Result<(SigningCommittee, Vec<SigningShare>), ThresholdError> {
    if needed == 0 || needed > n {
        return Err(ThresholdError::Threshold { n, needed });
    }
    let polynomial: Vec<_> = (0..needed).map(|degree| coefficient(randomness, n, needed, degree)).collect();
    let public = |secret: &Scalar| (G2Projective::generator() * secret).to_affine();
    // Room for all at once: a vector that grows leaves copies of secrets behind.
    let (mut members, mut shares) = (Vec::new(), Vec::with_capacity(usize::from(n)));
    for index in 0..n {
        let at = Scalar::from(u64::from(index) + 1);
        let secret = polynomial.iter().rev().fold(Scalar::ZERO, |sum, c| sum * at + c.0 .0);
        let secret = Secret::<Signing>(SigningScalar(secret));
        members.push(public(&secret.0 .0));
        shares.push(SigningShare::new(index, secret.0 .0.to_bytes_le()));
    }
    Ok((SigningCommittee::new(public(&polynomial[0].0 .0), members, needed), shares))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A signature of a threshold network in public service in this ciphersuite: drand's chain
    /// `quicknet` (52db9ba7…c84e971), round 1000; the message is SHA-256 of the round as eight bytes.
    #[test]
    fn a_published_threshold_signature_holds() {
        let key = "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451\
                   0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a";
        let signature = "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125\
                         e342b73a8dd2bacbe47e4b6b63ed5e39";
        let key: Option<G2Affine> = G2Affine::from_compressed(&hex::decode(key).unwrap().try_into().unwrap()).into();
        let signature: [u8; 48] = hex::decode(signature).unwrap().try_into().unwrap();
        let message = |round: u64| {
            use sha2::{Digest, Sha256};
            Sha256::digest(round.to_be_bytes())
        };
        let key = G2Prepared::from(key.unwrap());
        assert!(holds(&key, &message(1000), &signature));
        assert!(!holds(&key, &message(1001), &signature));
    }
}
