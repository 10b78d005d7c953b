//! Streamlined NTRU Prime 761 by the crate `sntrup761`, which reads any bytes as a key: what is canonical is checked here.

use sntrup761::{Ciphertext, DecapsulationKey, EncapsulationKey};
use zeroize::Zeroizing;

use crate::radix;
use crate::scheme::Engine;
use crate::{Scheme, Sntrup761};

/// Bytes of a polynomial with coefficients -1, 0, 1: four of its 761 in a byte.
const SMALL: usize = 191;

impl Scheme for Sntrup761 {
    const NAME: &'static str = "sntrup761";
    const SEED_LEN: usize = 32;
    const RANDOMNESS_LEN: usize = 32;
    const PUBLIC_LEN: usize = sntrup761::PUBLIC_KEY_SIZE;
    const CIPHERTEXT_LEN: usize = sntrup761::CIPHERTEXT_SIZE;
}

/// 32 bytes of a slice whose length was checked.
fn seed(bytes: &[u8]) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(bytes.try_into().expect("the length was checked"))
}

impl Engine for Sntrup761 {
    type Secret = DecapsulationKey;
    type Public = EncapsulationKey;

    fn secret(bytes: &[u8]) -> DecapsulationKey {
        sntrup761::generate_key_from_seed(*seed(bytes)).1
    }

    fn public(secret: &DecapsulationKey) -> EncapsulationKey {
        secret.into()
    }

    fn read(bytes: &[u8]) -> Option<EncapsulationKey> {
        EncapsulationKey::try_from(bytes).ok().filter(|_| radix::is_canonical(bytes))
    }

    fn write(public: &EncapsulationKey) -> Vec<u8> {
        public.as_ref().to_vec()
    }

    fn encapsulate(public: &EncapsulationKey, randomness: &[u8]) -> (Vec<u8>, [u8; 32]) {
        let (ciphertext, shared) = public.encapsulate_deterministic(*seed(randomness));
        (ciphertext.as_ref().to_vec(), shared_bytes(&shared))
    }

    fn decapsulate(secret: &DecapsulationKey, ciphertext: &[u8]) -> [u8; 32] {
        let ciphertext = Ciphertext::try_from(ciphertext).expect("the length was checked");
        shared_bytes(&secret.decapsulate(&ciphertext))
    }
}

fn shared_bytes(shared: &sntrup761::SharedSecret) -> [u8; 32] {
    shared.as_ref().try_into().expect("a shared secret has 32 bytes")
}

/// Reads `f || 1/g || public key || rho || Hash(4 || public key)`.
pub(crate) fn read_secret(bytes: &[u8]) -> Option<DecapsulationKey> {
    use sntrup761::sha2::{Digest, Sha512};
    let (small, rest) = bytes.split_at_checked(2 * SMALL)?;
    let (public, rest) = rest.split_at_checked(Sntrup761::PUBLIC_LEN)?;
    let hash = Sha512::new().chain_update([4]).chain_update(public).finalize();
    let sound = small.chunks(SMALL).all(is_small) && radix::is_canonical(public) && rest[SMALL..] == hash[..32];
    DecapsulationKey::try_from(bytes).ok().filter(|_| sound)
}

/// Whether each pair of bits is 0, 1 or 2, and those beyond the last coefficient are 0. Without a branch on a coefficient.
fn is_small(bytes: &[u8]) -> bool {
    let threes = bytes.iter().fold(0, |found, byte| found | (byte & (byte >> 1) & 0x55));
    let beyond = bytes.last().map_or(0, |last| last >> 2);
    threes | beyond == 0
}
