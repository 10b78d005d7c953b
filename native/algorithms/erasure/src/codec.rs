//! The systematic code: data shards are the framed payload itself, parity rows are a Cauchy matrix.

use std::borrow::Cow;

use crate::frame::{self, Frame, FRAME};
use crate::merkle::Tree;
use crate::{cauchy, commit, kernel, wide, ErasureError};

/// A Reed-Solomon code of `n` shards of which any `k` rebuild the payload.
///
/// Shard `i < k` is slice `i` of the framed payload. Up to 255 shards, shard `k + r` is row `r` of the Cauchy matrix
/// `1 / ((k + r) + c)` over GF(2^8) times the data shards. Every square piece of a Cauchy matrix is invertible, so any `k`
/// shards suffice (Blömer et al., "An XOR-Based Erasure-Resilient Coding Scheme", 1995). Beyond, the parity is that of
/// the crate reed-solomon-simd over GF(2^16).
#[derive(Clone, Debug)]
pub struct Codec {
    k: usize,
    n: usize,
    field: Field,
}

#[derive(Clone, Debug)]
enum Field {
    /// The parity rows, one factor of GF(2^8) for each data shard.
    Bytes(Vec<u8>),
    /// GF(2^16).
    Words,
}

fn numbers(range: std::ops::Range<usize>) -> Vec<u8> {
    range.map(|number| number as u8).collect()
}

impl Codec {
    /// A code of `n` shards, any `k` of which rebuild.
    ///
    /// # Errors
    /// [`ErasureError::Shape`] unless `1 <= k <= n <= 255`, or `k < n <= 65535` and the smaller of `k` and `n - k`,
    /// rounded up to a power of two, has room beside the other in 65,536.
    pub fn new(k: usize, n: usize) -> Result<Codec, ErasureError> {
        if (1..=n).contains(&k) && n <= 255 {
            Ok(Codec { k, n, field: Field::Bytes(cauchy::rows(&numbers(k..n), &numbers(0..k))) })
        } else if wide::supports(k, n) {
            Ok(Codec { k, n, field: Field::Words })
        } else {
            Err(ErasureError::Shape { k, n })
        }
    }

    /// Shards needed to rebuild.
    pub fn k(&self) -> usize {
        self.k
    }

    /// Shards made.
    pub fn n(&self) -> usize {
        self.n
    }

    /// Bytes in each shard of a payload of `payload_len` bytes: even above 255 shards.
    pub fn shard_len(&self, payload_len: usize) -> usize {
        let length = FRAME.saturating_add(payload_len).div_ceil(self.k);
        match self.field {
            Field::Bytes(_) => length,
            Field::Words => length.saturating_add(length % 2),
        }
    }

    /// Cuts `payload` into `n` shards of equal length; the payload's length is framed inside.
    ///
    /// # Panics
    /// If the payload is longer than `u32::MAX` bytes; [`Codec::try_encode`] refuses it.
    pub fn encode(&self, payload: &[u8]) -> Vec<Vec<u8>> {
        self.try_encode(payload).expect("payloads are far below 4 GiB")
    }

    /// Cuts `payload` into `n` shards of equal length. O(n k) products for each byte of a shard up to 255 shards,
    /// O(n log n) above.
    ///
    /// # Errors
    /// [`ErasureError::TooLong`] above `u32::MAX` bytes.
    pub fn try_encode(&self, payload: &[u8]) -> Result<Vec<Vec<u8>>, ErasureError> {
        check_length(payload)?;
        let mut shards = zeros(self.n, self.shard_len(payload.len()));
        let mut places: Vec<&mut [u8]> = shards.iter_mut().map(Vec::as_mut_slice).collect();
        self.encode_into(payload, &mut places)?;
        Ok(shards)
    }

    /// As [`Codec::try_encode`], over memory that is there.
    ///
    /// # Errors
    /// [`ErasureError::TooLong`]; [`ErasureError::Count`] and [`ErasureError::Length`] unless `shards` are `n` of
    /// [`Codec::shard_len`] bytes.
    pub fn encode_into(&self, payload: &[u8], shards: &mut [&mut [u8]]) -> Result<(), ErasureError> {
        check_length(payload)?;
        check_lengths(shards, self.n, self.shard_len(payload.len()))?;
        let (data, parity) = shards.split_at_mut(self.k);
        frame::write(payload, data);
        let data: Vec<&[u8]> = data.iter().map(|shard| &**shard).collect();
        self.parity(&data, parity)
    }

    /// The parity of `k` data shards of equal length, without a frame, over memory that is there.
    ///
    /// # Errors
    /// [`ErasureError::Count`], [`ErasureError::Length`] for strings that are not `k` and `n - k` of one length, not zero,
    /// and even above 255 shards.
    pub fn parity(&self, data: &[&[u8]], parity: &mut [&mut [u8]]) -> Result<(), ErasureError> {
        let size = self.size(data.first().map_or(0, |shard| shard.len()));
        check_lengths(data, self.k, size)?;
        check_lengths(parity, self.n - self.k, size)?;
        match &self.field {
            Field::Bytes(rows) => kernel::combine(parity, data, rows),
            Field::Words => return wide::parity(data, parity),
        }
        Ok(())
    }

    /// Rebuilds the payload from any `k` distinct `(index, shard)` pairs.
    ///
    /// Data shards are preferred; shards beyond the `k` used are not compared with them. With all data shards there is no
    /// arithmetic, and one copy.
    ///
    /// # Errors
    /// [`ErasureError::TooFew`], [`ErasureError::Index`], [`ErasureError::Conflict`], [`ErasureError::Length`],
    /// [`ErasureError::Frame`].
    pub fn decode(&self, shards: &[(usize, &[u8])]) -> Result<Vec<u8>, ErasureError> {
        Ok(self.frame(shards)?.payload())
    }

    /// As [`Codec::decode`], with the payload left where it is: in the shards given and those rebuilt.
    ///
    /// # Errors
    /// As [`Codec::decode`].
    pub fn frame<'a>(&self, shards: &[(usize, &'a [u8])]) -> Result<Frame<'a>, ErasureError> {
        Frame::new(self.data(shards)?, |length| self.shard_len(length))
    }

    /// Rebuilds the payload and checks that it encodes to `root`.
    ///
    /// A lying sender can commit to shards of no single payload; then different `k` rebuild
    /// different payloads, each under valid proofs. This check gives everyone the same answer.
    ///
    /// # Errors
    /// [`ErasureError::Inconsistent`] if the roots differ, and what [`Codec::decode`] refuses.
    pub fn decode_committed(&self, root: &[u8; 32], shards: &[(usize, &[u8])]) -> Result<Vec<u8>, ErasureError> {
        let frame = self.frame(shards)?;
        // A frame has one form, so its data shards are the ones that encoding it would make.
        let data: Vec<&[u8]> = frame.data.iter().map(|shard| &**shard).collect();
        if self.commit_data(&data)?.root() == *root {
            Ok(frame.payload())
        } else {
            Err(ErasureError::Inconsistent)
        }
    }

    /// The shards numbered `wanted`, data or parity, from any `k` distinct ones: to replace what was lost.
    ///
    /// # Errors
    /// As [`Codec::decode`], but no [`ErasureError::Frame`].
    pub fn restore(&self, shards: &[(usize, &[u8])], wanted: &[usize]) -> Result<Vec<Vec<u8>>, ErasureError> {
        if let Some(index) = wanted.iter().find(|index| **index >= self.n) {
            return Err(ErasureError::Index { index: *index, n: self.n });
        }
        let mut data = self.data(shards)?;
        let mut parity = Vec::new();
        if wanted.iter().any(|index| *index >= self.k) {
            parity = self.parity_of(&data.iter().map(|shard| &**shard).collect::<Vec<_>>())?;
        }
        // What is wanted once is moved out, not copied.
        let once = wanted.is_sorted_by(|one, next| one < next);
        let shard = |index: &usize| match index.checked_sub(self.k) {
            Some(row) if once => std::mem::take(&mut parity[row]),
            Some(row) => parity[row].clone(),
            None if once => std::mem::take(&mut data[*index]).into_owned(),
            None => data[*index].to_vec(),
        };
        Ok(wanted.iter().map(shard).collect())
    }

    fn parity_of(&self, data: &[&[u8]]) -> Result<Vec<Vec<u8>>, ErasureError> {
        let mut parity = zeros(self.n - self.k, data.first().map_or(0, |shard| shard.len()));
        self.parity(data, &mut parity.iter_mut().map(Vec::as_mut_slice).collect::<Vec<_>>())?;
        Ok(parity)
    }

    /// The tree over all shards whose data are these.
    pub(crate) fn commit_data(&self, data: &[&[u8]]) -> Result<Tree, ErasureError> {
        let parity = self.parity_of(data)?;
        let all: Vec<&[u8]> = data.iter().copied().chain(parity.iter().map(Vec::as_slice)).collect();
        Ok(commit(&all).tree)
    }

    /// A shard's length that the code can have: `length`, or the next one.
    fn size(&self, length: usize) -> usize {
        match self.field {
            Field::Bytes(_) => length.max(1),
            Field::Words => length.max(1).next_multiple_of(2),
        }
    }

    /// All data shards, given or rebuilt.
    fn data<'a>(&self, shards: &[(usize, &'a [u8])]) -> Result<Vec<Cow<'a, [u8]>>, ErasureError> {
        let slots = self.sort(shards)?;
        let mut rebuilt = match &self.field {
            _ if slots[..self.k].iter().all(Option::is_some) => Vec::new(),
            Field::Bytes(_) => rebuild(self.k, &slots),
            Field::Words => wide::rebuild(self.k, &slots, shards.first().map_or(0, |(_, shard)| shard.len()))?,
        }
        .into_iter();
        let data = slots[..self.k].iter().map(|slot| match slot {
            Some(shard) => Cow::Borrowed(*shard),
            None => Cow::Owned(rebuilt.next().unwrap_or_default()),
        });
        Ok(data.collect())
    }

    /// Puts shards into their slots and checks lengths and number.
    fn sort<'a>(&self, shards: &[(usize, &'a [u8])]) -> Result<Vec<Option<&'a [u8]>>, ErasureError> {
        let mut slots: Vec<Option<&[u8]>> = vec![None; self.n];
        let need = self.size(shards.first().map_or(0, |(_, shard)| shard.len()));
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
}

/// The missing data shards over GF(2^8), rising, from `slots` of which `k` or more are filled.
fn rebuild(k: usize, slots: &[Option<&[u8]>]) -> Vec<Vec<u8>> {
    let lost: Vec<u8> = (0..k).filter(|i| slots[*i].is_none()).map(|i| i as u8).collect();
    let (mut kept, mut shards) = (Vec::with_capacity(k), Vec::with_capacity(k));
    for (index, shard) in slots.iter().enumerate().filter_map(|(index, slot)| Some((index, (*slot)?))).take(k) {
        kept.push(index as u8);
        shards.push(shard);
    }
    let factors = cauchy::rebuilding(&kept, &kept[k - lost.len()..], &lost);
    let mut rebuilt = zeros(lost.len(), shards.first().map_or(0, |shard| shard.len()));
    let mut places: Vec<&mut [u8]> = rebuilt.iter_mut().map(Vec::as_mut_slice).collect();
    kernel::combine(&mut places, &shards, &factors);
    rebuilt
}

/// `count` strings of zeros; each is asked of the allocator as zeros, which costs less than copies of one.
fn zeros(count: usize, size: usize) -> Vec<Vec<u8>> {
    (0..count).map(|_| vec![0; size]).collect()
}

fn check_length(payload: &[u8]) -> Result<(), ErasureError> {
    let (have, most) = (payload.len() as u64, u64::from(u32::MAX));
    if have > most {
        return Err(ErasureError::TooLong { have, most });
    }
    Ok(())
}

fn check_lengths<T: AsRef<[u8]>>(strings: &[T], count: usize, need: usize) -> Result<(), ErasureError> {
    if strings.len() != count {
        return Err(ErasureError::Count { have: strings.len(), need: count });
    }
    match strings.iter().position(|string| string.as_ref().len() != need) {
        Some(index) => Err(ErasureError::Length { index, have: strings[index].as_ref().len(), need }),
        None => Ok(()),
    }
}
