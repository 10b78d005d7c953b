//! What one dealer broadcasts: commitments to a polynomial, and a sealed share for each receiver.

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::traits::IsIdentity;
use zeroize::Zeroizing;

use super::reader::Reader;
use crate::group::wide_hash;
use crate::knowledge::{KnowledgeProof, KNOWLEDGE_LEN};
use crate::scheme::{abscissa, evaluate, Encryption, Scheme, Secret};
use crate::transport::pad;
use crate::ThresholdError;

/// One dealer's broadcast. Its size is 166 + needed × (32 or 96) + receivers × 32 bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Dealing<S: Scheme> {
    pub(super) dealer: u16,
    /// Coefficients of the polynomial times the generator, the constant one first.
    pub(super) commitments: Vec<S::Element>,
    /// The dealer knows the constant coefficient: it did not choose it as a difference to what others dealt.
    knows_constant: KnowledgeProof<S>,
    /// The key that, with each receiver's, hides the shares.
    pub(super) ephemeral: RistrettoPoint,
    /// The dealer knows the ephemeral key: it did not copy another's, whose shares complaints would then lay open.
    knows_ephemeral: KnowledgeProof<Encryption>,
    pub(super) sealed: Vec<[u8; 32]>,
}

/// What a dealing is made from.
pub(super) struct Dealer<'a> {
    pub(super) context: &'a [u8; 32],
    pub(super) index: u16,
    pub(super) receivers: &'a [RistrettoPoint],
    pub(super) randomness: &'a [u8; 32],
}

impl Dealer<'_> {
    fn hash<S: Scheme>(&self, what: &str, number: u16) -> Secret<S> {
        let parts =
            [&self.randomness[..], self.context, &self.index.to_le_bytes(), what.as_bytes(), &number.to_le_bytes()];
        Secret(S::hash("globelet threshold 1: ceremony randomness", &parts))
    }

    /// Deals `constant`, or a fresh secret.
    pub(super) fn deal<S: Scheme>(&self, constant: Option<Secret<S>>, needed: u16) -> Dealing<S> {
        let constant = constant.unwrap_or_else(|| self.hash("coefficient", 0));
        let others = (1..needed).map(|degree| self.hash::<S>("coefficient", degree));
        let polynomial: Vec<Secret<S>> = std::iter::once(constant).chain(others).collect();
        let commitments: Vec<S::Element> = polynomial.iter().map(|secret| S::times_base(&secret.0)).collect();
        let ephemeral = self.ephemeral();
        let public = RistrettoPoint::mul_base(&ephemeral.0);
        let constant_context = constant_context(self.context, self.index);
        let knows_constant = KnowledgeProof::new(&polynomial[0], &commitments[0], &constant_context);
        let sealed = self.seal(&polynomial, &ephemeral);
        let knows_ephemeral = KnowledgeProof::unproved();
        let dealer = self.index;
        let mut dealing = Dealing { dealer, commitments, knows_constant, ephemeral: public, knows_ephemeral, sealed };
        self.prove(&mut dealing);
        dealing
    }

    fn ephemeral(&self) -> Secret<Encryption> {
        self.hash("ephemeral", 0)
    }

    /// The last proof, which is over all the rest.
    pub(super) fn prove<S: Scheme>(&self, dealing: &mut Dealing<S>) {
        let context = dealing.ephemeral_context(self.context);
        dealing.knows_ephemeral = KnowledgeProof::new(&self.ephemeral(), &dealing.ephemeral, &context);
    }

    fn seal<S: Scheme>(&self, polynomial: &[Secret<S>], ephemeral: &Secret<Encryption>) -> Vec<[u8; 32]> {
        let seal = |(receiver, key): (u16, &RistrettoPoint)| {
            let at = abscissa::<S>(receiver);
            let share = polynomial.iter().rev().fold(Secret::<S>(S::number(0)), |sum, coefficient| {
                let risen = Secret::<S>(S::product(&sum.0, &at));
                Secret(S::plus(&risen.0, &coefficient.0))
            });
            let shared = Zeroizing::new(ephemeral.0 * key);
            let mut sealed = pad(self.context, self.index, receiver, &shared);
            let share = Zeroizing::new(S::write_scalar(&share.0));
            sealed.iter_mut().zip(share.iter()).for_each(|(byte, add)| *byte ^= add);
            *sealed
        };
        (0..).zip(self.receivers).map(seal).collect()
    }
}

fn constant_context(context: &[u8; 32], dealer: u16) -> [u8; 64] {
    wide_hash("globelet threshold 1: dealt constant", &[context, &dealer.to_le_bytes()])
}

impl<S: Scheme> Dealing<S> {
    /// Who dealt.
    pub fn dealer(&self) -> u16 {
        self.dealer
    }

    /// All but the proof of the ephemeral key, which is over this.
    fn without_last_proof(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let counts = [self.dealer, self.commitments.len() as u16, self.sealed.len() as u16];
        counts.iter().for_each(|count| bytes.extend(count.to_le_bytes()));
        self.commitments.iter().for_each(|commitment| bytes.extend(S::write(commitment)));
        bytes.extend(self.knows_constant.to_bytes());
        bytes.extend(self.ephemeral.compress().to_bytes());
        self.sealed.iter().for_each(|sealed| bytes.extend(sealed));
        bytes
    }

    fn ephemeral_context(&self, context: &[u8; 32]) -> [u8; 64] {
        wide_hash("globelet threshold 1: dealing", &[context, &self.without_last_proof()])
    }

    /// What complaints call the dealing by.
    pub(super) fn digest(&self, context: &[u8; 32]) -> [u8; 32] {
        let wide = wide_hash("globelet threshold 1: dealing digest", &[context, &self.to_bytes()]);
        wide.first_chunk().copied().unwrap_or_default()
    }

    /// The dealing's bytes: dealer, commitments, receivers (u16 each, little-endian), commitments, proof of the constant,
    /// ephemeral key, sealed shares, proof of the ephemeral key.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.without_last_proof();
        bytes.extend(self.knows_ephemeral.to_bytes());
        bytes
    }

    /// Reads a dealing.
    ///
    /// # Errors
    /// [`ThresholdError::Encoding`] unless these are exactly the bytes that the dealing would write.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ThresholdError> {
        Self::read(Reader(bytes)).ok_or(ThresholdError::Encoding { what: "a dealing" })
    }

    fn read(mut reader: Reader<'_>) -> Option<Self> {
        let (dealer, commitments, receivers) = (reader.number()?, reader.number()?, reader.number()?);
        let (commitments_len, sealed_len) = (usize::from(commitments) * S::ELEMENT_LEN, usize::from(receivers) * 32);
        if commitments == 0 || reader.0.len() != commitments_len + sealed_len + 2 * KNOWLEDGE_LEN + 32 {
            return None;
        }
        let commitments = reader.take(commitments_len)?.chunks(S::ELEMENT_LEN).map(S::read).collect::<Option<_>>()?;
        let knows_constant = KnowledgeProof::from_bytes(reader.array()?)?;
        let ephemeral = CompressedRistretto(*reader.array()?).decompress().filter(|point| !point.is_identity())?;
        let sealed = reader.take(sealed_len)?.as_chunks().0.to_vec();
        let knows_ephemeral = KnowledgeProof::from_bytes(reader.array()?)?;
        Some(Self { dealer, commitments, knows_constant, ephemeral, knows_ephemeral, sealed })
    }

    /// Whether what everybody can check is right: counts and proofs.
    pub(super) fn is_sound(&self, context: &[u8; 32], receivers: usize, needed: u16) -> bool {
        self.commitments.len() == usize::from(needed)
            && self.sealed.len() == receivers
            && self.knows_constant.holds(&self.commitments[0], &constant_context(context, self.dealer))
            && self.knows_ephemeral.holds(&self.ephemeral, &self.ephemeral_context(context))
    }

    /// A receiver's share, unsealed with the point that it shares with the dealer, if it fits the commitments.
    pub(super) fn share(&self, context: &[u8; 32], receiver: u16, shared: &RistrettoPoint) -> Option<Secret<S>> {
        let mut share = pad(context, self.dealer, receiver, shared);
        let sealed = self.sealed.get(usize::from(receiver))?;
        share.iter_mut().zip(sealed).for_each(|(byte, add)| *byte ^= add);
        let share = Secret::<S>(S::read_scalar(&share)?);
        (S::times_base(&share.0) == evaluate::<S>(&self.commitments, receiver)).then_some(share)
    }
}
