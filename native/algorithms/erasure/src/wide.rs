//! Codes of more than 255 shards: Reed-Solomon over GF(2^16), from the crate reed-solomon-simd.
//!
//! The shape was checked when the codec was made and every length by the caller, so the crate has nothing to refuse; if it
//! did, it would be the shape.

use reed_solomon_simd::{Error, ReedSolomonDecoder, ReedSolomonEncoder};

use crate::ErasureError;

/// Whether the crate has a code of this shape.
pub(crate) fn supports(k: usize, n: usize) -> bool {
    k > 0 && k < n && n <= usize::from(u16::MAX) && ReedSolomonEncoder::supports(k, n - k)
}

/// Writes the parity of all `data` shards.
pub(crate) fn parity(data: &[&[u8]], parity: &mut [&mut [u8]]) -> Result<(), ErasureError> {
    let size = data.first().map_or(0, |shard| shard.len());
    let mut made = || {
        let mut encoder = ReedSolomonEncoder::new(data.len(), parity.len(), size)?;
        data.iter().try_for_each(|shard| encoder.add_original_shard(shard))?;
        let encoded = encoder.encode()?;
        parity.iter_mut().zip(encoded.recovery_iter()).for_each(|(to, from)| to.copy_from_slice(from));
        Ok(())
    };
    made().map_err(|_: Error| ErasureError::Shape { k: data.len(), n: data.len() + parity.len() })
}

/// The missing ones of `k` data shards, rising, from `slots` of which `k` or more are filled.
pub(crate) fn rebuild(k: usize, slots: &[Option<&[u8]>], size: usize) -> Result<Vec<Vec<u8>>, ErasureError> {
    let missing: Vec<usize> = (0..k).filter(|i| slots[*i].is_none()).collect();
    let rebuilt = || {
        let mut decoder = ReedSolomonDecoder::new(k, slots.len() - k, size)?;
        let mut needed = k;
        for (index, shard) in slots.iter().enumerate() {
            let (Some(shard), true) = (shard, needed > 0) else { continue };
            if index < k {
                decoder.add_original_shard(index, shard)?;
            } else {
                decoder.add_recovery_shard(index - k, shard)?;
            }
            needed -= 1;
        }
        let decoded = decoder.decode()?;
        Ok(missing.iter().filter_map(|index| decoded.restored_original(*index)).map(<[u8]>::to_vec).collect())
    };
    rebuilt().map_err(|_: Error| ErasureError::Shape { k, n: slots.len() })
}
