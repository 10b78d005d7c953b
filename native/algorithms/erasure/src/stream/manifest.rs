//! What the receiver of a stream trusts.

use super::MAX_STRIPE;
use crate::merkle::path_length;
use crate::{Codec, ErasureError, MerkleProof};

const MAGIC: &[u8; 4] = b"gle1";
const HEAD: usize = 20;

/// The shape of a code, the size of stripes, the payload's length and the root of each stripe.
///
/// Who has a manifest from a source it trusts, or knows its [`Manifest::id`], can take pieces from anyone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    pub(super) k: u16,
    pub(super) n: u16,
    pub(super) stripe: u32,
    pub(super) length: u64,
    pub(super) roots: Vec<[u8; 32]>,
}

impl Manifest {
    /// Shards needed to rebuild.
    pub fn k(&self) -> usize {
        self.k.into()
    }

    /// Shards made.
    pub fn n(&self) -> usize {
        self.n.into()
    }

    /// Bytes of the payload in each stripe but the last.
    pub fn stripe(&self) -> usize {
        self.stripe as usize
    }

    /// Bytes of the whole payload.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The root of each stripe's shards. An empty payload has one stripe, of no bytes.
    pub fn roots(&self) -> &[[u8; 32]] {
        &self.roots
    }

    /// BLAKE3 of [`Manifest::to_bytes`]: 32 bytes that stand for the whole.
    pub fn id(&self) -> [u8; 32] {
        *blake3::hash(&self.to_bytes()).as_bytes()
    }

    /// Bytes of the payload in stripe `number`.
    ///
    /// # Errors
    /// [`ErasureError::NoSuchStripe`].
    pub fn payload_len(&self, number: usize) -> Result<usize, ErasureError> {
        self.root(number)?;
        let before = number as u64 * u64::from(self.stripe);
        Ok((self.length - before).min(self.stripe.into()) as usize)
    }

    /// Bytes of a piece: the path of shard `index` and its part of stripe `number`.
    ///
    /// # Errors
    /// [`ErasureError::NoSuchStripe`], [`ErasureError::Index`].
    pub fn piece_len(&self, number: usize, index: usize) -> Result<usize, ErasureError> {
        let payload = self.payload_len(number)?;
        Ok(32 * self.path_length(index)? + self.codec()?.shard_len(payload))
    }

    /// Whether `piece` is what shard `index` has of stripe `number`.
    ///
    /// # Errors
    /// [`ErasureError::NoSuchStripe`], [`ErasureError::Index`].
    pub fn verify(&self, number: usize, index: usize, piece: &[u8]) -> Result<bool, ErasureError> {
        let root = self.root(number)?;
        let (proof, shard) = self.split(index, piece)?;
        Ok(piece.len() == self.piece_len(number, index)? && proof.verify(root, shard))
    }

    pub(super) fn root(&self, number: usize) -> Result<&[u8; 32], ErasureError> {
        let no_stripe = ErasureError::NoSuchStripe { number: number as u64, count: self.roots.len() as u64 };
        self.roots.get(number).ok_or(no_stripe)
    }

    pub(super) fn codec(&self) -> Result<Codec, ErasureError> {
        Codec::new(self.k.into(), self.n.into())
    }

    fn path_length(&self, index: usize) -> Result<usize, ErasureError> {
        path_length(index, self.n.into()).ok_or(ErasureError::Index { index, n: self.n.into() })
    }

    /// A piece's path as a proof, and its shard; a piece that ends within its path has a path that is too short.
    pub(super) fn split<'a>(&self, index: usize, piece: &'a [u8]) -> Result<(MerkleProof, &'a [u8]), ErasureError> {
        let (path, shard) = piece.split_at(piece.len().min(32 * self.path_length(index)?));
        let path = path.as_chunks::<32>().0.to_vec();
        Ok((MerkleProof { index: index as u32, count: self.n.into(), path }, shard))
    }

    /// The only encoding: "gle1", k and n as `u16`, stripe as `u32`, length as `u64`, little-endian; then the roots.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD + 32 * self.roots.len());
        bytes.extend(MAGIC);
        bytes.extend(self.k.to_le_bytes());
        bytes.extend(self.n.to_le_bytes());
        bytes.extend(self.stripe.to_le_bytes());
        bytes.extend(self.length.to_le_bytes());
        bytes.extend(self.roots.as_flattened());
        bytes
    }

    /// Reads a manifest; what it gives encodes to the same bytes.
    ///
    /// # Errors
    /// [`ErasureError::Manifest`], [`ErasureError::Shape`], [`ErasureError::Stripe`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Manifest, ErasureError> {
        let none = || ErasureError::Manifest { length: bytes.len() as u64 };
        let (head, roots) = bytes.split_first_chunk::<HEAD>().ok_or_else(none)?;
        let (&[k0, k1, n0, n1], &[s0, s1, s2, s3], length) = (
            head[4..8].first_chunk().ok_or_else(none)?,
            head[8..12].first_chunk().ok_or_else(none)?,
            head[12..].first_chunk::<8>().ok_or_else(none)?,
        );
        let (k, n) = (u16::from_le_bytes([k0, k1]), u16::from_le_bytes([n0, n1]));
        let (stripe, length) = (u32::from_le_bytes([s0, s1, s2, s3]), u64::from_le_bytes(*length));
        let (roots, rest) = roots.as_chunks::<32>();
        if &head[..4] != MAGIC || !rest.is_empty() {
            return Err(none());
        }
        if !(1..=MAX_STRIPE).contains(&stripe) {
            return Err(ErasureError::Stripe { stripe: stripe.into() });
        }
        if length.div_ceil(stripe.into()).max(1) != roots.len() as u64 {
            return Err(none());
        }
        let manifest = Manifest { k, n, stripe, length, roots: roots.to_vec() };
        manifest.codec().map(|_| manifest)
    }
}
