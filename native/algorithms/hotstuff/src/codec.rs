//! Bytes of what crosses processes: borsh, one encoding for each value.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::{Certificate, Evidence, Header, HotstuffError, HotstuffMessage};

/// The longest message, certificate or evidence that is read, in bytes.
pub const MAX_MESSAGE: usize = 16 << 20;

fn encode<T: BorshSerialize>(value: &T) -> Vec<u8> {
    borsh::to_vec(value).expect("no part can fail to encode")
}

/// Decodes one value from all of `bytes`, which must be exactly what encoding it gives.
fn canonical<T: BorshSerialize + BorshDeserialize>(bytes: &[u8]) -> Result<T, HotstuffError> {
    let malformed = |reason: String| HotstuffError::Malformed { reason };
    if bytes.len() > MAX_MESSAGE {
        return Err(malformed(format!("{} bytes where at most {MAX_MESSAGE} are taken", bytes.len())));
    }
    let value: T = borsh::from_slice(bytes).map_err(|error| malformed(error.to_string()))?;
    if encode(&value) != bytes {
        return Err(malformed("the encoding is not canonical".to_owned()));
    }
    Ok(value)
}

macro_rules! encoded {
    ($($kind:ty),*) => {$(
        impl $kind {
            /// Its bytes.
            pub fn to_bytes(&self) -> Vec<u8> {
                encode(self)
            }

            /// Reads what `to_bytes` wrote. Signatures are not verified here.
            ///
            /// # Errors
            /// [`HotstuffError::Malformed`] for anything but exactly one canonical value of at most [`MAX_MESSAGE`] bytes.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, HotstuffError> {
                canonical(bytes)
            }
        }
    )*};
}

encoded!(HotstuffMessage, Certificate, Evidence, Header);
