//! X-Wing by the crate `x-wing`.

use x_wing::{Decapsulate, DecapsulationKey, Decapsulator, EncapsulationKey, KeyExport, KeyInit};

use crate::scheme::Engine;
use crate::{Scheme, XWing};

impl Scheme for XWing {
    const NAME: &'static str = "X-Wing";
    const SEED_LEN: usize = x_wing::DECAPSULATION_KEY_SIZE;
    const RANDOMNESS_LEN: usize = x_wing::ENCAPSULATION_RANDOMNESS_SIZE;
    const PUBLIC_LEN: usize = x_wing::ENCAPSULATION_KEY_SIZE;
    const CIPHERTEXT_LEN: usize = x_wing::CIPHERTEXT_SIZE;
}

impl Engine for XWing {
    type Secret = DecapsulationKey;
    type Public = EncapsulationKey;

    fn secret(seed: &[u8]) -> DecapsulationKey {
        DecapsulationKey::new_from_slice(seed).expect("the length was checked")
    }

    fn public(secret: &DecapsulationKey) -> EncapsulationKey {
        secret.encapsulation_key().clone()
    }

    fn read(bytes: &[u8]) -> Option<EncapsulationKey> {
        EncapsulationKey::try_from(bytes).ok()
    }

    fn write(public: &EncapsulationKey) -> Vec<u8> {
        public.to_bytes().to_vec()
    }

    fn encapsulate(public: &EncapsulationKey, randomness: &[u8]) -> (Vec<u8>, [u8; 32]) {
        let (ciphertext, shared) =
            public.encapsulate_deterministic(&randomness.try_into().expect("the length was checked"));
        (ciphertext.to_vec(), shared.into())
    }

    fn decapsulate(secret: &DecapsulationKey, ciphertext: &[u8]) -> [u8; 32] {
        secret.decapsulate(&ciphertext.try_into().expect("the length was checked")).into()
    }
}
