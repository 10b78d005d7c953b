//! The receiving side of a stream.

use super::Manifest;
use crate::{Codec, ErasureError, Frame, Proven};

/// Opens stripes of a stream in any order. It keeps the manifest and nothing of what was opened.
#[derive(Clone, Debug)]
pub struct Decoder {
    manifest: Manifest,
    codec: Codec,
    trusting: bool,
}

impl Decoder {
    /// A decoder that also checks that the shards of each stripe agree with each other, which costs as much as encoding.
    ///
    /// # Errors
    /// None for a manifest that [`Manifest::from_bytes`] or an encoder gave.
    pub fn new(manifest: Manifest) -> Result<Decoder, ErasureError> {
        let codec = manifest.codec()?;
        Ok(Decoder { manifest, codec, trusting: false })
    }

    /// The same, but believing that the maker of the manifest encoded honestly: then with all data shards there is no
    /// arithmetic but the hash of what is given.
    pub fn trusting(self) -> Decoder {
        Decoder { trusting: true, ..self }
    }

    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The payload of stripe `number` from pieces of any `k` shards, and which of those given are not what was committed
    /// to.
    ///
    /// # Errors
    /// [`ErasureError::NoSuchStripe`], [`ErasureError::Index`], [`ErasureError::TooFew`], [`ErasureError::Wrong`],
    /// [`ErasureError::Frame`] and [`ErasureError::Inconsistent`] for a maker that did not encode honestly.
    pub fn open(&self, number: usize, pieces: &[(usize, &[u8])]) -> Result<Proven, ErasureError> {
        let (frame, wrong) = self.frame(number, pieces)?;
        Ok(Proven { payload: frame.payload(), wrong })
    }

    /// As [`Decoder::open`], with the payload left where it is.
    ///
    /// # Errors
    /// As [`Decoder::open`].
    pub fn frame<'a>(
        &self,
        number: usize,
        pieces: &[(usize, &'a [u8])],
    ) -> Result<(Frame<'a>, Vec<usize>), ErasureError> {
        let root = self.manifest.root(number)?;
        let length = self.manifest.payload_len(number)?;
        let split = pieces.iter().map(|(index, piece)| self.manifest.split(*index, piece));
        let split = split.collect::<Result<Vec<_>, _>>()?;
        let shards: Vec<_> = split.iter().map(|(proof, shard)| (proof, *shard)).collect();
        let (good, wrong) = self.codec.sift(root, &shards)?;
        let frame = self.codec.frame(&good)?;
        if frame.len() != length {
            return Err(ErasureError::Frame { declared: frame.len(), room: length });
        }
        if !self.trusting {
            let data: Vec<&[u8]> = frame.data.iter().map(|shard| &**shard).collect();
            if self.codec.commit_data(&data)?.root() != *root {
                return Err(ErasureError::Inconsistent);
            }
        }
        Ok((frame, wrong))
    }
}
