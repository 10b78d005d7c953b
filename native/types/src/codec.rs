//! The one codec: Borsh, canonical by construction, bounded at the door.
use borsh::{BorshDeserialize, BorshSerialize};
use thiserror::Error;

/// Largest frame any decoder accepts, in bytes.
pub const MAX_FRAME: usize = 32 << 20;

/// Why bytes were not accepted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// More bytes than the decoder accepts.
    #[error("{found} bytes were sent where at most {most} are accepted; split the message")]
    TooLarge {
        /// Bytes found.
        found: usize,
        /// Bytes accepted.
        most: usize,
    },
    /// Truncated, with trailing bytes, or with an impossible value.
    #[error("the bytes are not a canonical encoding: {reason}")]
    Malformed {
        /// What the decoder met.
        reason: String,
    },
}

/// Encodes a value canonically.
pub fn encode<T: BorshSerialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    value.serialize(&mut out).expect("writing to memory cannot fail");
    out
}

/// Decodes exactly one value from all of `bytes`.
///
/// # Errors
/// `TooLarge` above [`MAX_FRAME`]; `Malformed` for truncated, trailing or impossible bytes.
pub fn decode<T: BorshDeserialize>(bytes: &[u8]) -> Result<T, DecodeError> {
    if bytes.len() > MAX_FRAME {
        return Err(DecodeError::TooLarge { found: bytes.len(), most: MAX_FRAME });
    }
    T::try_from_slice(bytes).map_err(|e| DecodeError::Malformed { reason: e.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailing_and_truncated_bytes_are_refused() {
        let bytes = encode(&vec![1u32, 2, 3]);
        assert_eq!(decode::<Vec<u32>>(&bytes), Ok(vec![1, 2, 3]));
        assert!(decode::<Vec<u32>>(&bytes[..bytes.len() - 1]).is_err());
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(decode::<Vec<u32>>(&longer).is_err());
    }

    #[test]
    fn a_hostile_length_allocates_nothing_large() {
        assert!(decode::<Vec<u64>>(&[0xff, 0xff, 0xff, 0xff]).is_err());
    }
}
