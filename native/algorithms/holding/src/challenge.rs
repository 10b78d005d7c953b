//! Challenges for random ranges, and answers with Merkle proofs.

use std::collections::BTreeSet;

use borsh::{BorshDeserialize, BorshSerialize};
use globelet_merkle::{Blake3, MultiProof};
use globelet_signatures::SigningKey;
use globelet_types::{encode, Hash, Micros, Signature};

use crate::codec::canonical;
use crate::proof::signed;
use crate::{Commitment, HoldingError, Key, Shard};

/// Most pieces that one challenge may draw, ranges times width.
pub const MAX_DRAWN: u32 = 4096;
/// Most bytes of pieces that one challenge may draw.
pub const MAX_SHOWN: u64 = 8 << 20;
/// Largest encoding of an answer, in bytes: pieces, their lengths, and a path of 32 hashes for each.
const MAX_ANSWER: usize = 16 << 20;

/// Show these pieces of a shard: `ranges` different ranges of `width` pieces each, drawn from a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Challenge {
    /// Hash of the vertex.
    pub vertex: Hash,
    /// Which shard.
    pub shard: u16,
    /// Who is asked.
    pub holder: u16,
    /// What the ranges are drawn from; unknown to the holder before.
    pub seed: [u8; 32],
    /// How many ranges, at least 1; all there are if the shard has fewer pieces.
    pub ranges: u16,
    /// Pieces of a range, at least 1; ranges that reach the end go on at the beginning.
    pub width: u16,
    /// An answer later than this is late.
    pub due_us: Micros,
}

impl Challenge {
    /// The pieces to show, rising, each once. Every set of ranges is equally likely over random seeds.
    /// O(ranges · width), and no more than [`MAX_DRAWN`] pieces.
    ///
    /// # Errors
    /// `Malformed` if there are no ranges, no width, too many of both or more than [`MAX_SHOWN`] bytes together, or the
    /// commitment is out of bounds.
    pub fn pieces(&self, commitment: &Commitment) -> Result<Vec<u32>, HoldingError> {
        let drawn = u32::from(self.ranges) * u32::from(self.width);
        if drawn == 0 || drawn > MAX_DRAWN {
            let reason = format!("a challenge draws 1 to {MAX_DRAWN} pieces, not {drawn}");
            return Err(HoldingError::Malformed { reason });
        }
        let count = commitment.pieces()?;
        let shown = u64::from(drawn) * u64::from(commitment.piece);
        if shown > MAX_SHOWN {
            let reason = format!("a challenge draws at most {MAX_SHOWN} bytes of pieces, not {shown}");
            return Err(HoldingError::Malformed { reason });
        }
        let key = blake3::derive_key("globelet holding challenge v1", &self.hash());
        let mut source = blake3::Hasher::new_keyed(&key).finalize_xof();
        let mut starts = BTreeSet::new();
        while starts.len() < usize::from(self.ranges).min(count as usize) {
            starts.insert(below(&mut source, count));
        }
        let range = |start: u32| (0..u32::from(self.width).min(count)).map(move |i| wrap(start, i, count));
        Ok(starts.into_iter().flat_map(range).collect::<BTreeSet<u32>>().into_iter().collect())
    }

    /// BLAKE3 of the domain `globelet holding challenge 1` and the encoding.
    pub fn hash(&self) -> Hash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"globelet holding challenge 1").update(&encode(self));
        *hasher.finalize().as_bytes()
    }

    /// The canonical encoding, 80 bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads a challenge from its canonical encoding.
    ///
    /// # Errors
    /// `Malformed` for anything but exactly 80 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Challenge, HoldingError> {
        canonical(bytes, 80)
    }
}

fn wrap(start: u32, offset: u32, count: u32) -> u32 {
    ((u64::from(start) + u64::from(offset)) % u64::from(count)) as u32
}

/// A number below `count`, each equally likely: draws that would favour small ones are thrown away.
fn below(source: &mut blake3::OutputReader, count: u32) -> u32 {
    let whole = (1u64 << 32) / u64::from(count) * u64::from(count);
    loop {
        let mut bytes = [0; 4];
        source.fill(&mut bytes);
        let draw = u64::from(u32::from_le_bytes(bytes));
        if draw < whole {
            return (draw % u64::from(count)) as u32;
        }
    }
}

/// The pieces asked for and their one Merkle proof, under the holder's signature: a wrong answer convicts it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Answer {
    /// The pieces, in the order of [`Challenge::pieces`].
    pub pieces: Vec<Vec<u8>>,
    /// The encoding of a [`MultiProof`] for them.
    pub proof: Vec<u8>,
    /// The holder's signature over [`Answer::signing_bytes`].
    pub signature: Signature,
}

impl Answer {
    /// The answer of one who has the shard. O(pieces · log pieces of the shard).
    ///
    /// # Errors
    /// As [`Challenge::pieces`].
    pub fn make(key: &SigningKey, challenge: &Challenge, shard: &Shard) -> Result<Answer, HoldingError> {
        let indices = challenge.pieces(&shard.commitment())?;
        let proof = shard.tree().prove_many(&indices);
        let proof = proof.map_err(|e| HoldingError::Malformed { reason: e.to_string() })?.to_bytes();
        let pieces = indices.iter().map(|i| shard.piece(*i).to_vec()).collect();
        let mut answer = Answer { pieces, proof, signature: [0; 64] };
        answer.signature = key.sign(&answer.signing_bytes(challenge));
        Ok(answer)
    }

    /// The domain `globelet holding answer 1`, the challenge's hash, and BLAKE3 of the pieces and the proof.
    pub fn signing_bytes(&self, challenge: &Challenge) -> Vec<u8> {
        let content = *blake3::hash(&encode(&(&self.pieces, &self.proof))).as_bytes();
        encode(&(b"globelet holding answer 1", challenge.hash(), content))
    }

    /// Checks an answer that came at `now`. One signature check and O(pieces · log) hashes.
    ///
    /// # Errors
    /// `Late`; `BadSignature`, where nobody is to blame but the messenger; `WrongAnswer`, for which the holder is.
    pub fn verify(
        &self,
        commitment: &Commitment,
        challenge: &Challenge,
        key: &Key,
        now: Micros,
    ) -> Result<(), HoldingError> {
        let indices = challenge.pieces(commitment)?;
        signed(key, &self.signing_bytes(challenge), &self.signature)?;
        let wrong = |reason: String| HoldingError::WrongAnswer { reason };
        let proof = MultiProof::from_bytes(&self.proof).map_err(|e| wrong(e.to_string()))?;
        if proof.indices() != indices || proof.count() != commitment.pieces()? {
            return Err(wrong("it proves other pieces than those asked for".into()));
        }
        let lengths = self.pieces.iter().map(Vec::len).eq(indices.iter().map(|i| commitment.piece_len(*i)));
        if !lengths || !proof.verify::<Blake3, _>(&commitment.root, &self.pieces) {
            return Err(wrong("its pieces are not those of the shard".into()));
        }
        if now > challenge.due_us {
            return Err(HoldingError::Late { at_us: now, due_us: challenge.due_us });
        }
        Ok(())
    }

    /// The canonical encoding.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads an answer from its canonical encoding; nothing is verified.
    ///
    /// # Errors
    /// `Malformed` for anything but exactly one canonical answer of at most 16 MiB and [`MAX_DRAWN`] pieces.
    pub fn from_bytes(bytes: &[u8]) -> Result<Answer, HoldingError> {
        let answer: Answer = canonical(bytes, MAX_ANSWER)?;
        if answer.pieces.len() > MAX_DRAWN as usize {
            let reason = format!("{} pieces, at most {MAX_DRAWN} are taken", answer.pieces.len());
            return Err(HoldingError::Malformed { reason });
        }
        Ok(answer)
    }
}
