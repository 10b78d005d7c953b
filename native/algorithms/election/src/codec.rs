//! Bounded, canonical decoding.

use borsh::{BorshDeserialize, BorshSerialize};
use globelet_types::{decode, encode};

use crate::ElectionError;

/// Decodes one value from all of `bytes`, which must be exactly what encoding it gives.
pub(crate) fn canonical<T: BorshSerialize + BorshDeserialize>(bytes: &[u8], most: usize) -> Result<T, ElectionError> {
    if bytes.len() > most {
        let reason = format!("{} bytes where at most {most} are taken", bytes.len());
        return Err(ElectionError::Malformed { reason });
    }
    let value = decode::<T>(bytes).map_err(|e| ElectionError::Malformed { reason: e.to_string() })?;
    if encode(&value) != bytes {
        return Err(ElectionError::Malformed { reason: "not the one encoding of the value".into() });
    }
    Ok(value)
}
