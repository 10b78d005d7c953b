//! Requests to hold, and the holder's signed word that it does.

use borsh::{BorshDeserialize, BorshSerialize};
use globelet_clock::Stamp;
use globelet_signatures::{verify, SigningKey};
use globelet_types::{encode, Hash, Micros, Signature};

use crate::codec::canonical;
use crate::{Commitment, HoldingError, Key};

/// PoH_REQUEST: keep this shard.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Request {
    /// Hash of the vertex (the batch's header) that the shard is of.
    pub vertex: Hash,
    /// Which shard.
    pub shard: u16,
    /// What the shard is.
    pub commitment: Commitment,
    /// For how long, in microseconds from when it is held.
    pub ttl_us: u64,
    /// Who asks.
    pub asker: Key,
    /// The asker's signature over [`Request::signing_bytes`].
    pub signature: Signature,
}

impl Request {
    /// A request signed by the asker's key.
    pub fn sign(key: &SigningKey, vertex: Hash, shard: u16, commitment: Commitment, ttl_us: u64) -> Request {
        let asker = key.public();
        let mut request = Request { vertex, shard, commitment, ttl_us, asker, signature: [0; 64] };
        request.signature = key.sign(&request.signing_bytes());
        request
    }

    /// The domain `globelet hold request 1`, then all fields but the signature.
    pub fn signing_bytes(&self) -> Vec<u8> {
        let Request { vertex, shard, commitment, ttl_us, asker, .. } = self;
        encode(&(b"globelet hold request 1", vertex, shard, commitment, ttl_us, asker))
    }

    /// Checks signature and lengths.
    ///
    /// # Errors
    /// `Malformed`, `BadSignature`.
    pub fn verify(&self) -> Result<(), HoldingError> {
        self.commitment.pieces()?;
        signed(&self.asker, &self.signing_bytes(), &self.signature)
    }

    /// The canonical encoding.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads a request from its canonical encoding; nothing is verified.
    ///
    /// # Errors
    /// `Malformed` for anything but exactly one canonical request.
    pub fn from_bytes(bytes: &[u8]) -> Result<Request, HoldingError> {
        canonical(bytes, 182)
    }
}

/// Please keep it longer: signed by the one who asked first.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Extension {
    /// Hash of the vertex.
    pub vertex: Hash,
    /// Which shard.
    pub shard: u16,
    /// Until when, in microseconds of the epoch.
    pub until_us: Micros,
    /// The asker's signature over [`Extension::signing_bytes`].
    pub signature: Signature,
}

impl Extension {
    /// An extension signed by the asker's key.
    pub fn sign(key: &SigningKey, vertex: Hash, shard: u16, until_us: Micros) -> Extension {
        let mut extension = Extension { vertex, shard, until_us, signature: [0; 64] };
        extension.signature = key.sign(&extension.signing_bytes());
        extension
    }

    /// The domain `globelet hold extension 1`, then all fields but the signature.
    pub fn signing_bytes(&self) -> Vec<u8> {
        encode(&(b"globelet hold extension 1", &self.vertex, self.shard, self.until_us))
    }

    /// The canonical encoding.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads an extension from its canonical encoding; nothing is verified.
    ///
    /// # Errors
    /// `Malformed` for anything but exactly one canonical extension.
    pub fn from_bytes(bytes: &[u8]) -> Result<Extension, HoldingError> {
        canonical(bytes, 106)
    }
}

/// PoH_ACK: a holder's signed word that it keeps a shard durably, since when and until when.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct HoldingProof {
    /// Index in the chain's table of nodes: replicas first, then holders.
    pub holder: u16,
    /// Which shard.
    pub shard: u16,
    /// Kept durably since.
    pub since: Stamp,
    /// Kept until, and not at, this time.
    pub until_us: Micros,
    /// Signature over [`HoldingProof::signing_bytes`].
    pub signature: Signature,
}

impl HoldingProof {
    /// A promise signed by the holder's key.
    pub fn sign(key: &SigningKey, vertex: &Hash, holder: u16, shard: u16, since: Stamp, until_us: Micros) -> Self {
        let mut proof = HoldingProof { holder, shard, since, until_us, signature: [0; 64] };
        proof.signature = key.sign(&proof.signing_bytes(vertex));
        proof
    }

    /// What the holder signs, given the hash of the vertex: the domain `globelet hold 1`, then vertex, holder, shard,
    /// since and until.
    pub fn signing_bytes(&self, vertex: &Hash) -> Vec<u8> {
        encode(&(b"globelet hold 1", vertex, self.holder, self.shard, self.since, self.until_us))
    }

    /// Checks that the holder promises to keep the shard now: its time is not over, and it does not promise more than
    /// `longest_us` from now. One signature check.
    ///
    /// # Errors
    /// `OutOfTime`, `BadSignature`.
    pub fn verify(&self, key: &Key, vertex: &Hash, now: Micros, longest_us: u64) -> Result<(), HoldingError> {
        self.in_time(now, longest_us)?;
        signed(key, &self.signing_bytes(vertex), &self.signature)
    }

    /// The part of [`HoldingProof::verify`] that is not the signature, for those who check many signatures together.
    ///
    /// # Errors
    /// `OutOfTime`.
    pub fn in_time(&self, now: Micros, longest_us: u64) -> Result<(), HoldingError> {
        let latest_us = now.saturating_add(longest_us);
        if self.until_us <= now || self.until_us > latest_us {
            return Err(HoldingError::OutOfTime { until_us: self.until_us, now_us: now, latest_us });
        }
        Ok(())
    }

    /// The canonical encoding, 88 bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads a holding proof from its canonical encoding; nothing is verified.
    ///
    /// # Errors
    /// `Malformed` for anything but exactly one canonical proof.
    pub fn from_bytes(bytes: &[u8]) -> Result<HoldingProof, HoldingError> {
        canonical(bytes, 88)
    }
}

pub(crate) fn signed(key: &Key, bytes: &[u8], signature: &Signature) -> Result<(), HoldingError> {
    if verify(key, bytes, signature) {
        Ok(())
    } else {
        Err(HoldingError::BadSignature)
    }
}
