//! ML-KEM-768 by the crate `ml-kem`.

use ml_kem::ml_kem_768::{DecapsulationKey, EncapsulationKey};
use ml_kem::{Decapsulate, KeyExport, TryKeyInit};

use crate::scheme::Engine;
use crate::{MlKem768, Scheme};

impl Scheme for MlKem768 {
    const NAME: &'static str = "ML-KEM-768";
    const SEED_LEN: usize = 64;
    const RANDOMNESS_LEN: usize = 32;
    const PUBLIC_LEN: usize = 1184;
    const CIPHERTEXT_LEN: usize = 1088;
}

impl Engine for MlKem768 {
    type Secret = DecapsulationKey;
    type Public = EncapsulationKey;

    fn secret(seed: &[u8]) -> DecapsulationKey {
        DecapsulationKey::from_seed(seed.try_into().expect("the length was checked"))
    }

    fn public(secret: &DecapsulationKey) -> EncapsulationKey {
        secret.encapsulation_key().clone()
    }

    fn read(bytes: &[u8]) -> Option<EncapsulationKey> {
        EncapsulationKey::new_from_slice(bytes).ok()
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
