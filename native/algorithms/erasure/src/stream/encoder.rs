//! The sending side of a stream.

use super::{Manifest, MAX_STRIPE};
use crate::merkle::path_length;
use crate::{commit, Codec, ErasureError};

/// One stripe of a stream, encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stripe {
    /// The piece of each shard: its Merkle path, then its bytes.
    pub pieces: Vec<Vec<u8>>,
}

/// Encodes a payload that comes in parts of any size; it keeps less than one stripe, and 32 bytes for each one done.
#[derive(Clone, Debug)]
pub struct Encoder {
    codec: Codec,
    manifest: Manifest,
    rest: Vec<u8>,
}

impl Encoder {
    /// An encoder that cuts the payload into stripes of `stripe` bytes.
    ///
    /// # Errors
    /// [`ErasureError::Stripe`] unless `1 <= stripe <= MAX_STRIPE`.
    pub fn new(codec: Codec, stripe: usize) -> Result<Encoder, ErasureError> {
        let size = u32::try_from(stripe).ok().filter(|size| (1..=MAX_STRIPE).contains(size));
        let stripe = size.ok_or(ErasureError::Stripe { stripe: stripe as u64 })?;
        let (k, n) = (codec.k() as u16, codec.n() as u16);
        Ok(Encoder { codec, manifest: Manifest { k, n, stripe, length: 0, roots: Vec::new() }, rest: Vec::new() })
    }

    /// Takes the next part of the payload and gives the stripes that it completes.
    ///
    /// # Errors
    /// [`ErasureError::TooLong`] beyond `u64::MAX` bytes.
    pub fn push(&mut self, part: &[u8]) -> Result<Vec<Stripe>, ErasureError> {
        let too_long = ErasureError::TooLong { have: u64::MAX, most: u64::MAX };
        self.manifest.length = self.manifest.length.checked_add(part.len() as u64).ok_or(too_long)?;
        let (size, mut part, mut done) = (self.manifest.stripe(), part, Vec::new());
        if !self.rest.is_empty() {
            let (first, more) = part.split_at(part.len().min(size - self.rest.len()));
            self.rest.extend_from_slice(first);
            part = more;
            if self.rest.len() == size {
                let whole = std::mem::take(&mut self.rest);
                done.push(self.seal(&whole)?);
            }
        }
        let stripes = part.chunks_exact(size);
        self.rest.extend_from_slice(stripes.remainder());
        for whole in stripes {
            done.push(self.seal(whole)?);
        }
        Ok(done)
    }

    /// Ends the payload: its last stripe, if it is not a full one that was given already, and the manifest.
    ///
    /// # Errors
    /// None that [`Encoder::push`] did not give before.
    pub fn finish(mut self) -> Result<(Option<Stripe>, Manifest), ErasureError> {
        let last = if self.rest.is_empty() && !self.manifest.roots.is_empty() {
            None
        } else {
            let rest = std::mem::take(&mut self.rest);
            Some(self.seal(&rest)?)
        };
        Ok((last, self.manifest))
    }

    /// Encodes one stripe into pieces, the path in front of each shard.
    fn seal(&mut self, payload: &[u8]) -> Result<Stripe, ErasureError> {
        let (n, size) = (self.codec.n(), self.codec.shard_len(payload.len()));
        let paths: Vec<usize> = (0..n).map(|index| 32 * path_length(index, n).unwrap_or_default()).collect();
        let mut pieces: Vec<Vec<u8>> = paths.iter().map(|path| vec![0; path + size]).collect();
        let mut shards: Vec<&mut [u8]> =
            pieces.iter_mut().zip(&paths).map(|(piece, path)| &mut piece[*path..]).collect();
        self.codec.encode_into(payload, &mut shards)?;
        let commitment = commit(&shards);
        for (index, piece) in pieces.iter_mut().enumerate() {
            let path = commitment.try_proof(index)?.path;
            piece[..paths[index]].copy_from_slice(path.as_flattened());
        }
        self.manifest.roots.push(commitment.root);
        Ok(Stripe { pieces })
    }
}
