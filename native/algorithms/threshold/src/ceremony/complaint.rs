//! What a receiver broadcasts whose share does not fit: the proof of it.

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};

use super::reader::Reader;
use super::Dealing;
use crate::group::Point;
use crate::proof::{EqualityProof, Statement};
use crate::scheme::Scheme;
use crate::transport::TransportKey;
use crate::ThresholdError;

/// A receiver lays open the point that it shares with a dealer, and proves that it is this point. Then everybody can unseal
/// the share and see for themselves; the dealer is not asked, and the receiver's key stays secret. 132 bytes encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    pub(super) receiver: u16,
    pub(super) dealer: u16,
    /// Hash of the dealing that this is about, should the dealer have sent two.
    pub(super) dealing: [u8; 32],
    pub(super) shared: RistrettoPoint,
    proof: EqualityProof,
}

impl Complaint {
    pub(super) fn new<S: Scheme>(
        receiver: u16,
        key: &TransportKey,
        dealing: &Dealing<S>,
        context: &[u8; 32],
    ) -> Complaint {
        let (ephemeral, dealer) = (dealing.ephemeral, dealing.dealer);
        let (shared, dealing) = (key.secret.0 * ephemeral, dealing.digest(context));
        let statement = Statement { public: key.public, other: ephemeral, image: shared, context: &dealing };
        Complaint { receiver, dealer, dealing, shared, proof: statement.prove(&key.secret.0, &[]) }
    }

    /// Who complains.
    pub fn receiver(&self) -> u16 {
        self.receiver
    }

    /// Of whom.
    pub fn dealer(&self) -> u16 {
        self.dealer
    }

    /// Whether the point that was laid open is the one between this receiver's key and the dealing's.
    pub(super) fn is_sound(&self, public: RistrettoPoint, ephemeral: RistrettoPoint) -> bool {
        Statement { public, other: ephemeral, image: self.shared, context: &self.dealing }.holds(&self.proof)
    }

    /// The complaint's bytes: receiver, dealer (u16 each, little-endian), hash of the dealing, the shared point, challenge, response.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = [self.receiver.to_le_bytes(), self.dealer.to_le_bytes()].concat();
        bytes.extend(self.dealing);
        bytes.extend(Point(self.shared).to_bytes());
        bytes.extend(self.proof.to_bytes());
        bytes
    }

    /// Reads a complaint.
    ///
    /// # Errors
    /// [`ThresholdError::Encoding`] unless these are exactly the bytes that the complaint would write.
    pub fn from_bytes(bytes: &[u8]) -> Result<Complaint, ThresholdError> {
        let read = |mut reader: Reader<'_>| {
            let (receiver, dealer) = (reader.number()?, reader.number()?);
            let dealing = *reader.array()?;
            let shared = CompressedRistretto(*reader.array()?).decompress()?;
            let proof = EqualityProof::from_bytes(reader.array()?)?;
            reader.0.is_empty().then_some(Complaint { receiver, dealer, dealing, shared, proof })
        };
        read(Reader(bytes)).ok_or(ThresholdError::Encoding { what: "a complaint" })
    }
}
