//! The systematic code: data shards are the framed payload itself, parity rows are a Cauchy matrix.

use crate::{commit, field, solve::solve};

/// Bytes in front of the payload: its length, u32 little-endian.
const FRAME: usize = 4;

/// Why shards could not be made or a payload not rebuilt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ErasureError {
    /// The code's shape is impossible.
    #[error("a code needs 1 <= k <= n <= 255, got k = {k}, n = {n}: choose another shape")]
    Shape {
        /// Shards needed to rebuild.
        k: usize,
        /// Shards made.
        n: usize,
    },
    /// Fewer than `k` distinct shards were given.
    #[error("{have} distinct shards given, {need} needed: fetch {} more", need - have)]
    TooFew {
        /// Distinct shards given.
        have: usize,
        /// Shards needed.
        need: usize,
    },
    /// A shard number is not below `n`.
    #[error("shard {index} does not exist in a code of {n} shards: drop it")]
    Index {
        /// The number given.
        index: usize,
        /// Shards in the code.
        n: usize,
    },
    /// Two different shards carry the same number.
    #[error("two different shards carry number {index}: check both against the commitment")]
    Conflict {
        /// The number they share.
        index: usize,
    },
    /// A shard's length differs from the others', or is zero.
    #[error("shard {index} has {have} bytes where {need} were expected: check it against the commitment")]
    Length {
        /// The odd shard.
        index: usize,
        /// Its length in bytes.
        have: usize,
        /// The length of the other shards in bytes.
        need: usize,
    },
    /// The rebuilt frame is not one that [`Codec::encode`] makes.
    #[error(
        "the rebuilt frame is malformed (declares {declared} of {room} bytes): some shard is false, or the sender was"
    )]
    Frame {
        /// Payload length that the frame declares, in bytes.
        declared: usize,
        /// Bytes that the frame has room for.
        room: usize,
    },
    /// The rebuilt payload does not encode to the committed shards.
    #[error("the rebuilt payload does not encode to the committed root: its sender committed to shards that disagree, refuse it")]
    Inconsistent,
}

/// A Reed-Solomon code of `n` shards of which any `k` rebuild the payload.
///
/// Shard `i < k` is slice `i` of the framed payload; shard `k + r` is row `r` of the Cauchy matrix
/// `1 / ((k + r) + c)` times the data shards. Every square piece of a Cauchy matrix is invertible,
/// so any `k` shards suffice (Blömer et al., "An XOR-Based Erasure-Resilient Coding Scheme", 1995).
#[derive(Clone, Debug)]
pub struct Codec {
    k: usize,
    n: usize,
    parity: Vec<Vec<u8>>,
}

impl Codec {
    /// A code of `n` shards, any `k` of which rebuild.
    ///
    /// # Errors
    /// [`ErasureError::Shape`] unless `1 <= k <= n <= 255`.
    pub fn new(k: usize, n: usize) -> Result<Codec, ErasureError> {
        if k == 0 || k > n || n > 255 {
            return Err(ErasureError::Shape { k, n });
        }
        let row = |r: usize| (0..k).map(|c| field::inverse((r ^ c) as u8)).collect();
        Ok(Codec { k, n, parity: (k..n).map(row).collect() })
    }

    /// Shards needed to rebuild.
    pub fn k(&self) -> usize {
        self.k
    }

    /// Shards made.
    pub fn n(&self) -> usize {
        self.n
    }

    /// Bytes in each shard of a payload of `payload_len` bytes.
    pub fn shard_len(&self, payload_len: usize) -> usize {
        (FRAME + payload_len).div_ceil(self.k)
    }

    /// Cuts `payload` into `n` shards of equal length; the payload's length is framed inside.
    ///
    /// # Panics
    /// If the payload is longer than `u32::MAX` bytes.
    pub fn encode(&self, payload: &[u8]) -> Vec<Vec<u8>> {
        let length = u32::try_from(payload.len()).expect("payloads are far below 4 GiB");
        let size = self.shard_len(payload.len());
        let mut frame = Vec::with_capacity(size * self.k);
        frame.extend_from_slice(&length.to_le_bytes());
        frame.extend_from_slice(payload);
        frame.resize(size * self.k, 0);

        let mut shards = Vec::with_capacity(self.n);
        shards.extend(frame.chunks_exact(size).map(<[u8]>::to_vec));
        for row in &self.parity {
            let mut parity = vec![0; size];
            for (factor, data) in row.iter().zip(frame.chunks_exact(size)) {
                field::add_scaled(&mut parity, data, *factor);
            }
            shards.push(parity);
        }
        shards
    }

    /// Rebuilds the payload from any `k` distinct `(index, shard)` pairs.
    ///
    /// Data shards are preferred; shards beyond the `k` used are not compared with them.
    ///
    /// # Errors
    /// Any [`ErasureError`] but `Shape` and `Inconsistent`.
    pub fn decode(&self, shards: &[(usize, &[u8])]) -> Result<Vec<u8>, ErasureError> {
        let slots = self.sort(shards)?;
        let size = shards.first().map_or(0, |(_, shard)| shard.len());
        let missing: Vec<usize> = (0..self.k).filter(|&i| slots[i].is_none()).collect();
        let rebuilt = self.rebuild(&slots, &missing, size);
        let mut frame = Vec::with_capacity(size * self.k);
        let mut next = rebuilt.iter();
        for slot in &slots[..self.k] {
            match slot {
                Some(data) => frame.extend_from_slice(data),
                None => frame.extend(next.next().into_iter().flatten()),
            }
        }
        self.unframe(frame, size)
    }

    /// Rebuilds the payload and checks that it encodes to `root`.
    ///
    /// A lying sender can commit to shards of no single payload; then different `k` rebuild
    /// different payloads, each under valid proofs. This check gives everyone the same answer.
    ///
    /// # Errors
    /// [`ErasureError::Inconsistent`] if the roots differ, and what [`Codec::decode`] refuses.
    pub fn decode_committed(&self, root: &[u8; 32], shards: &[(usize, &[u8])]) -> Result<Vec<u8>, ErasureError> {
        let payload = self.decode(shards)?;
        if commit(&self.encode(&payload)).root == *root {
            Ok(payload)
        } else {
            Err(ErasureError::Inconsistent)
        }
    }

    /// Puts shards into their slots and checks lengths and number.
    fn sort<'a>(&self, shards: &[(usize, &'a [u8])]) -> Result<Vec<Option<&'a [u8]>>, ErasureError> {
        let mut slots: Vec<Option<&[u8]>> = vec![None; self.n];
        let need = shards.first().map_or(1, |(_, s)| s.len().max(1));
        for &(index, shard) in shards {
            let have = shard.len();
            match slots.get_mut(index) {
                None => return Err(ErasureError::Index { index, n: self.n }),
                _ if have != need => return Err(ErasureError::Length { index, have, need }),
                Some(Some(known)) if *known != shard => return Err(ErasureError::Conflict { index }),
                Some(slot) => *slot = Some(shard),
            }
        }
        let have = slots.iter().flatten().count();
        if have < self.k {
            return Err(ErasureError::TooFew { have, need: self.k });
        }
        Ok(slots)
    }

    /// The missing data shards, in the order of `missing`.
    fn rebuild(&self, slots: &[Option<&[u8]>], missing: &[usize], size: usize) -> Vec<Vec<u8>> {
        let parity = slots[self.k..].iter().zip(&self.parity).filter_map(|(slot, row)| slot.map(|shard| (shard, row)));
        let (mut matrix, mut rows) = (Vec::new(), Vec::new());
        for (shard, row) in parity.take(missing.len()) {
            debug_assert_eq!(shard.len(), size);
            let mut right = shard.to_vec();
            for (slot, factor) in slots[..self.k].iter().zip(row) {
                if let Some(data) = slot {
                    field::add_scaled(&mut right, data, *factor);
                }
            }
            matrix.push(missing.iter().map(|&c| row[c]).collect::<Vec<u8>>());
            rows.push(right);
        }
        let solved = solve(&mut matrix, &mut rows);
        debug_assert!(solved, "a piece of a Cauchy matrix is invertible");
        rows
    }

    /// Takes the payload out of its frame; only frames that `encode` makes pass.
    fn unframe(&self, mut frame: Vec<u8>, size: usize) -> Result<Vec<u8>, ErasureError> {
        let room = frame.len().saturating_sub(FRAME);
        let declared = match frame.first_chunk::<FRAME>() {
            Some(head) => u32::from_le_bytes(*head) as usize,
            None => return Err(ErasureError::Frame { declared: 0, room }),
        };
        let padded =
            declared <= room && self.shard_len(declared) == size && frame[FRAME + declared..].iter().all(|b| *b == 0);
        if !padded {
            return Err(ErasureError::Frame { declared, room });
        }
        frame.truncate(FRAME + declared);
        frame.drain(..FRAME);
        Ok(frame)
    }
}
