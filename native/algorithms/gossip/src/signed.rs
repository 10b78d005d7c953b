//! Payloads that say who made them.

use std::collections::BTreeSet;

use borsh::{BorshDeserialize, BorshSerialize};
use globelet_signatures::{verify, SigningKey};

use crate::{GossipError, MOST_PAYLOAD};

/// Bytes of a signed payload around its body: key, number, length, signature.
pub const SIGNED_OVERHEAD: usize = 32 + 8 + 4 + 64;

const DOMAIN: &[u8] = b"globelet signed gossip 1";

/// A payload with its author's signature (Ed25519, RFC 8032, strict).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Signed {
    /// The author's public key.
    pub author: [u8; 32],
    /// The author's number for it: two payloads with the same body differ by it, and a receiver can tell old from new.
    pub number: u64,
    /// What is said.
    pub body: Vec<u8>,
    /// By the author, over a domain of its own, the author, the number and the body.
    pub signature: [u8; 64],
}

fn signing_bytes(author: &[u8; 32], number: u64, body: &[u8]) -> Vec<u8> {
    [DOMAIN, author.as_slice(), &number.to_le_bytes(), body].concat()
}

impl Signed {
    /// Signs a body.
    ///
    /// # Errors
    /// [`GossipError::PayloadTooLarge`] if it would not fit a packet.
    pub fn sign(key: &SigningKey, number: u64, body: Vec<u8>) -> Result<Signed, GossipError> {
        let most = MOST_PAYLOAD - SIGNED_OVERHEAD;
        if body.len() > most {
            return Err(GossipError::PayloadTooLarge { found: body.len(), most });
        }
        let author = key.public();
        let signature = key.sign(&signing_bytes(&author, number, &body));
        Ok(Signed { author, number, body, signature })
    }

    /// The canonical bytes, which are what is broadcast.
    pub fn to_bytes(&self) -> Vec<u8> {
        globelet_types::encode(self)
    }

    /// Reads and verifies what was broadcast.
    ///
    /// # Errors
    /// [`GossipError::PayloadTooLarge`], [`GossipError::Malformed`], [`GossipError::Forged`].
    pub fn open(bytes: &[u8]) -> Result<Signed, GossipError> {
        let signed = Signed::read(bytes)?;
        if !verify(&signed.author, &signing_bytes(&signed.author, signed.number, &signed.body), &signed.signature) {
            return Err(GossipError::Forged);
        }
        Ok(signed)
    }

    fn read(bytes: &[u8]) -> Result<Signed, GossipError> {
        if bytes.len() > MOST_PAYLOAD {
            return Err(GossipError::PayloadTooLarge { found: bytes.len(), most: MOST_PAYLOAD });
        }
        globelet_types::decode(bytes).map_err(|_| GossipError::Malformed { what: "a signed payload" })
    }
}

/// Who may broadcast in an overlay whose members pass on signed payloads only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authors {
    /// Whoever signs.
    Anybody,
    /// These, by their public keys.
    These(BTreeSet<[u8; 32]>),
}

impl Authors {
    /// Checks a payload as a member does before it delivers and passes it on.
    ///
    /// # Errors
    /// Those of [`Signed::open`], and [`GossipError::UnknownAuthor`] before a signature is looked at.
    pub fn check(&self, payload: &[u8]) -> Result<(), GossipError> {
        if let Authors::These(keys) = self {
            if !keys.contains(&Signed::read(payload)?.author) {
                return Err(GossipError::UnknownAuthor);
            }
        }
        Signed::open(payload).map(|_| ())
    }
}
