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
use zeroize::Zeroize;

use crate::ThresholdError;

/// Length of a signature and of a share of one, in bytes.
pub const SIGNATURE_LEN: usize = 48;
const KEY_LEN: usize = 96;
const DOMAIN: &[u8] = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";

/// A committee's public key for signatures, and one verification key for each member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningCommittee {
    group: G2Affine,
    members: Vec<G2Affine>,
    needed: u16,
}

impl SigningCommittee {
    /// Shares needed to sign.
    pub fn needed(&self) -> u16 {
        self.needed
    }

    /// Whether the committee signed `message`.
    pub fn verify(&self, message: &[u8], signature: &[u8; SIGNATURE_LEN]) -> bool {
        holds(&self.group, message, signature)
    }

    /// Whether `share` is this member's for `message`.
    pub fn verify_share(&self, index: u16, message: &[u8], share: &[u8; SIGNATURE_LEN]) -> bool {
        self.members.get(usize::from(index)).is_some_and(|key| holds(key, message, share))
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
        if let Some(signature) = signature.filter(|s| self.verify(message, s)) {
            return Ok(signature);
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
fn holds(key: &G2Affine, message: &[u8], signature: &[u8; SIGNATURE_LEN]) -> bool {
    let Some(signature) = point(signature) else { return false };
    let (base, key) = (G2Prepared::from(-G2Affine::generator()), G2Prepared::from(*key));
    let product: Gt =
        Bls12::multi_miller_loop(&[(&signature, &base), (&hashed(message).to_affine(), &key)]).final_exponentiation();
    product.is_identity().into()
}

/// Lagrange interpolation at zero, in the exponent.
fn interpolate(shares: &[(u16, [u8; SIGNATURE_LEN])]) -> Option<[u8; SIGNATURE_LEN]> {
    let at = |index: u16| Scalar::from(u64::from(index) + 1);
    let mut sum = G1Projective::identity();
    for (i, bytes) in shares {
        let (mut above, mut below) = (Scalar::ONE, Scalar::ONE);
        for (j, _) in shares.iter().filter(|(j, _)| j != i) {
            above *= at(*j);
            below *= at(*j) - at(*i);
        }
        let below: Option<Scalar> = below.invert().into();
        sum += G1Projective::from(point(bytes)?) * (above * below?);
    }
    Some(sum.to_affine().to_compressed())
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
        Ok(Self { group, members, needed })
    }
}

/// One member's share of the committee's signing key; wiped when dropped, never printed.
#[derive(Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SigningShare {
    index: u16,
    secret: [u8; 32],
}

impl SigningShare {
    /// The member's place in the committee, from 0.
    pub fn index(&self) -> u16 {
        self.index
    }

    /// This member's share of the committee's signature on `message`; the same message gives the same share.
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_LEN] {
        let secret = Option::from(Scalar::from_bytes_le(&self.secret)).unwrap_or(Scalar::ZERO);
        (hashed(message) * secret).to_affine().to_compressed()
    }
}

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
fn coefficient(randomness: &[u8; 32], n: u16, needed: u16, degree: u16) -> Scalar {
    let candidate = |count: u32| -> Option<Scalar> {
        let mut hasher = blake3::Hasher::new_derive_key("globelet threshold 1: dealt signing coefficient");
        hasher.update(randomness).update(&n.to_le_bytes()).update(&needed.to_le_bytes());
        hasher.update(&degree.to_le_bytes()).update(&count.to_le_bytes());
        let mut bytes = *hasher.finalize().as_bytes();
        bytes[31] &= 0x7f;
        Scalar::from_bytes_le(&bytes).into()
    };
    (0..).find_map(candidate).unwrap_or(Scalar::ONE)
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
    let polynomial: Vec<Scalar> = (0..needed).map(|degree| coefficient(randomness, n, needed, degree)).collect();
    let public = |secret: &Scalar| (G2Projective::generator() * secret).to_affine();
    let (mut members, mut shares) = (Vec::new(), Vec::new());
    for index in 0..n {
        let at = Scalar::from(u64::from(index) + 1);
        let secret = polynomial.iter().rev().fold(Scalar::ZERO, |sum, c| sum * at + c);
        members.push(public(&secret));
        shares.push(SigningShare { index, secret: secret.to_bytes_le() });
    }
    Ok((SigningCommittee { group: public(&polynomial[0]), members, needed }, shares))
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
        assert!(holds(&key.unwrap(), &message(1000), &signature));
        assert!(!holds(&key.unwrap(), &message(1001), &signature));
    }
}
