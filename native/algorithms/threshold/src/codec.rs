//! Keys, ciphertexts and shares from bytes and to bytes, with typed errors: the same bytes as borsh's.

use borsh::BorshSerialize;

use crate::scheme::{Encryption, Scheme, Secret};
use crate::signature::{SigningCommittee, SigningShare};
use crate::{Ciphertext, CoinShare, DecryptionShare, KeyShare, PublicKey, ThresholdError};

fn written(value: &impl BorshSerialize) -> Vec<u8> {
    borsh::to_vec(value).expect("a vector takes all bytes")
}

macro_rules! codec {
    ($($type:ty, $what:literal, $sound:expr;)*) => {$(
        impl $type {
            /// The only encoding.
            pub fn to_bytes(&self) -> Vec<u8> {
                written(self)
            }

            /// Reads what [`Self::to_bytes`] wrote, and nothing else.
            ///
            /// # Errors
            /// [`ThresholdError::Encoding`]: too short, too long, not canonical, or keys that do not fit together.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, ThresholdError> {
                let sound: fn(&Self) -> bool = $sound;
                let read = borsh::from_slice(bytes).ok().filter(sound);
                read.ok_or(ThresholdError::Encoding { what: $what })
            }
        }
    )*};
}

codec! {
    PublicKey, "a public key", |key| {
        let mut keys = std::iter::once(&key.group).chain(&key.members);
        keys.all(|key| key.0 != Encryption::identity())
    };
    KeyShare, "a share of a key", |share| {
        let (_, secret): (_, Secret<Encryption>) = Encryption::share_parts(share);
        Encryption::times_base(&secret.0) == share.public.0 && share.public.0 != Encryption::identity()
    };
    Ciphertext, "a ciphertext", |_| true;
    DecryptionShare, "a decryption share", |_| true;
    CoinShare, "a share of a coin", |_| true;
    SigningCommittee, "a signing committee", |_| true;
    SigningShare, "a share of a signing key", SigningShare::is_sound;
}
