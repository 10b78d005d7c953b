//! Keys of lanes. For each interval with parcels the source municipality encapsulates a fresh key to the destination's
//! public key; the parcels are sealed with that key, so that their shards say nothing to anybody else.
//!
//! The randomness of an encapsulation follows from a secret of the source's committee and the key's number: all its
//! replicas make the same ciphertext and key without a word, and a log that is handled again makes them again. So who
//! learns a committee's secrets reads its lanes, the past ones too.
use crate::block::digest;
use borsh::{BorshDeserialize, BorshSerialize};
use chacha20poly1305::{aead::Aead, ChaCha20Poly1305, KeyInit, Nonce};
use globelet_kem::{PublicKey, Scheme, SecretKey, SharedSecret, Sntrup761, XWing};
use globelet_types::world::LaneKem;
use globelet_types::{encode, ChainId, Hash, Micros};
use std::io::{Error, ErrorKind, Read, Write};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// An interval of a lane, in chain time. What is signed per interval may be due sooner, for receipts; a lane's key is not.
pub const LENGTH_US: Micros = 1_000_000;
/// Bytes of the longest ciphertext, that of X-Wing.
pub const CIPHERTEXT_MOST: usize = XWing::CIPHERTEXT_LEN;

/// What every replica of one municipality knows, to agree on the keys of its lanes.
#[derive(Clone, BorshSerialize, BorshDeserialize, Zeroize, ZeroizeOnDrop)]
pub struct LaneSecrets {
    /// Seed of the municipality's key pair: takes in what others encapsulate to it.
    pub seed: [u8; 32],
    /// From this follows the randomness of what it encapsulates to others.
    pub randomness: [u8; 32],
}

/// Which key: of which lane, and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize)]
pub struct LaneKeyId {
    /// Source municipality.
    pub source: ChainId,
    /// Destination municipality.
    pub destination: ChainId,
    /// The interval before in which the lane was used, plus one; 0 is a lane's first.
    pub number: u64,
}

/// The ciphertext of a lane's key, at most [`CIPHERTEXT_MOST`] bytes: a decoder takes no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneCiphertext(Vec<u8>);

impl LaneCiphertext {
    /// `None` above [`CIPHERTEXT_MOST`] bytes.
    pub fn new(bytes: Vec<u8>) -> Option<LaneCiphertext> {
        (bytes.len() <= CIPHERTEXT_MOST).then_some(LaneCiphertext(bytes))
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// What a block calls this ciphertext of this key.
    pub fn name(&self, id: &LaneKeyId) -> Hash {
        digest("globelet lane ciphertext 1", &(id, &self.0))
    }
}

/// Two bytes of length, then the ciphertext.
impl BorshSerialize for LaneCiphertext {
    fn serialize<W: Write>(&self, writer: &mut W) -> std::io::Result<()> {
        (self.0.len() as u16).serialize(writer)?;
        writer.write_all(&self.0)
    }
}

impl BorshDeserialize for LaneCiphertext {
    fn deserialize_reader<R: Read>(reader: &mut R) -> std::io::Result<LaneCiphertext> {
        let length = usize::from(u16::deserialize_reader(reader)?);
        if length > CIPHERTEXT_MOST {
            return Err(Error::new(ErrorKind::InvalidData, "a lane's ciphertext is too long"));
        }
        let mut bytes = vec![0; length];
        reader.read_exact(&mut bytes)?;
        Ok(LaneCiphertext(bytes))
    }
}

/// A lane's key, wiped when dropped.
#[derive(Clone)]
pub(crate) struct LaneKey(Zeroizing<[u8; 32]>);

impl LaneKey {
    /// The ciphertext's name stands for the lane, the number and the ciphertext: the key is bound to all three.
    fn new(shared: &SharedSecret, name: &Hash) -> LaneKey {
        let mut hasher = blake3::Hasher::new_derive_key("globelet lane key 1");
        hasher.update(shared.expose()).update(name);
        LaneKey(Zeroizing::new(*hasher.finalize().as_bytes()))
    }

    /// Seals the parcel of this source and number; every source replica makes the same bytes.
    pub fn seal(&self, source: ChainId, number: u64, plain: &[u8]) -> Vec<u8> {
        ChaCha20Poly1305::new((&*self.0).into()).encrypt(&nonce(source, number), plain).unwrap_or_default()
    }

    /// Opens the sealed parcel of this source and number.
    pub fn open(&self, source: ChainId, number: u64, sealed: &[u8]) -> Option<Vec<u8>> {
        ChaCha20Poly1305::new((&*self.0).into()).decrypt(&nonce(source, number), sealed).ok()
    }
}

/// Unique under a key, as numbers are in a lane.
fn nonce(source: ChainId, number: u64) -> Nonce {
    let mut bytes = [0u8; 12];
    bytes[..2].copy_from_slice(&source.0.to_le_bytes());
    bytes[4..].copy_from_slice(&number.to_le_bytes());
    bytes.into()
}

/// A municipality's key pair, expanded.
pub(crate) enum LaneOwner {
    XWing(Box<SecretKey<XWing>>),
    Sntrup761(Box<SecretKey<Sntrup761>>),
}

impl LaneOwner {
    /// The shared key of a ciphertext that a block calls `name`; another key than anyone's if it was not made for this
    /// owner, `None` if it has the wrong length.
    pub fn decapsulate(&self, ciphertext: &LaneCiphertext, name: &Hash) -> Option<LaneKey> {
        let shared = match self {
            LaneOwner::XWing(secret) => secret.decapsulate(ciphertext.bytes()),
            LaneOwner::Sntrup761(secret) => secret.decapsulate(ciphertext.bytes()),
        };
        Some(LaneKey::new(&shared.ok()?, name))
    }

    fn public(&self) -> Vec<u8> {
        match self {
            LaneOwner::XWing(secret) => secret.public().to_bytes(),
            LaneOwner::Sntrup761(secret) => secret.public().to_bytes(),
        }
    }
}

impl LaneSecrets {
    /// The public key of the municipality, for the genesis.
    pub fn public(&self, kem: LaneKem) -> Vec<u8> {
        self.owner(kem).map(|owner| owner.public()).unwrap_or_default()
    }

    pub(crate) fn owner(&self, kem: LaneKem) -> Option<LaneOwner> {
        match kem {
            LaneKem::XWing => SecretKey::from_seed(&self.seed).ok().map(|s| LaneOwner::XWing(Box::new(s))),
            LaneKem::Sntrup761 => SecretKey::from_seed(&self.seed).ok().map(|s| LaneOwner::Sntrup761(Box::new(s))),
        }
    }

    /// The ciphertext and key of this number, to the destination's public key: the same at each replica of the source.
    pub(crate) fn encapsulate(&self, kem: LaneKem, public: &[u8], id: &LaneKeyId) -> Option<(LaneCiphertext, LaneKey)> {
        let (bytes, shared) = match kem {
            LaneKem::XWing => self.encapsulate_by::<XWing>(public, id),
            LaneKem::Sntrup761 => self.encapsulate_by::<Sntrup761>(public, id),
        }?;
        let ciphertext = LaneCiphertext::new(bytes)?;
        let key = LaneKey::new(&shared, &ciphertext.name(id));
        Some((ciphertext, key))
    }

    fn encapsulate_by<S: Scheme>(&self, public: &[u8], id: &LaneKeyId) -> Option<(Vec<u8>, SharedSecret)> {
        let mut randomness = Zeroizing::new(vec![0; S::RANDOMNESS_LEN]);
        let mut hasher = blake3::Hasher::new_keyed(&self.randomness);
        hasher.update(b"globelet lane randomness 1").update(&encode(id));
        hasher.finalize_xof().fill(&mut randomness);
        PublicKey::<S>::from_bytes(public).ok()?.encapsulate(&randomness).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use globelet_types::decode;

    const THERE: LaneKeyId = LaneKeyId { source: ChainId(0), destination: ChainId(1), number: 7 };

    fn secrets(byte: u8) -> LaneSecrets {
        LaneSecrets { seed: [byte; 32], randomness: [byte + 1; 32] }
    }

    #[test]
    fn both_sides_have_one_key_by_every_kem() {
        for (kem, public_len, ciphertext_len) in [(LaneKem::XWing, 1216, 1120), (LaneKem::Sntrup761, 1158, 1039)] {
            let (source, destination) = (secrets(1), secrets(5));
            let public = destination.public(kem);
            let (ciphertext, key) = source.encapsulate(kem, &public, &THERE).unwrap();
            assert_eq!((public.len(), ciphertext.bytes().len()), (public_len, ciphertext_len));
            assert_eq!(source.encapsulate(kem, &public, &THERE).unwrap().0, ciphertext);
            let name = ciphertext.name(&THERE);
            let same = destination.owner(kem).unwrap().decapsulate(&ciphertext, &name).unwrap();
            let sealed = key.seal(ChainId(0), 3, b"parcel");
            assert_eq!(same.open(ChainId(0), 3, &sealed), Some(b"parcel".to_vec()));
            assert_eq!(same.open(ChainId(0), 4, &sealed), None);
        }
    }

    #[test]
    fn a_bent_ciphertext_gives_a_key_that_opens_nothing() {
        for kem in [LaneKem::XWing, LaneKem::Sntrup761] {
            let (source, destination) = (secrets(1), secrets(5));
            let (ciphertext, key) = source.encapsulate(kem, &destination.public(kem), &THERE).unwrap();
            let (owner, name) = (destination.owner(kem).unwrap(), ciphertext.name(&THERE));
            let mut bent = ciphertext.clone();
            bent.0[100] ^= 1;
            let sealed = key.seal(ChainId(0), 3, b"parcel");
            assert_eq!(owner.decapsulate(&bent, &name).unwrap().open(ChainId(0), 3, &sealed), None);
            bent.0.pop();
            assert!(owner.decapsulate(&bent, &name).is_none());
        }
    }

    #[test]
    fn another_interval_lane_or_committee_has_another_key() {
        let public = secrets(5).public(LaneKem::XWing);
        let made = |secrets: LaneSecrets, id| secrets.encapsulate(LaneKem::XWing, &public, &id).unwrap();
        let (ciphertext, key) = made(secrets(1), THERE);
        let sealed = key.seal(ChainId(0), 3, b"parcel");
        let later = LaneKeyId { number: 8, ..THERE };
        let elsewhere = LaneKeyId { destination: ChainId(2), ..THERE };
        let others = [made(secrets(1), later), made(secrets(1), elsewhere), made(secrets(2), THERE)];
        for (other, key) in others {
            assert_ne!(other, ciphertext);
            assert_eq!(key.open(ChainId(0), 3, &sealed), None);
        }
        assert_ne!(ciphertext.name(&later), ciphertext.name(&THERE));
    }

    #[test]
    fn a_decoder_takes_no_longer_ciphertext() {
        let longest = LaneCiphertext::new(vec![1; CIPHERTEXT_MOST]).unwrap();
        let bytes = encode(&longest);
        assert_eq!(decode::<LaneCiphertext>(&bytes), Ok(longest));
        assert!(decode::<LaneCiphertext>(&bytes[..bytes.len() - 1]).is_err());
        assert!(LaneCiphertext::new(vec![1; CIPHERTEXT_MOST + 1]).is_none());
        let mut longer = (CIPHERTEXT_MOST as u16 + 1).to_le_bytes().to_vec();
        longer.resize(CIPHERTEXT_MOST + 3, 1);
        assert!(decode::<LaneCiphertext>(&longer).is_err());
    }
}
