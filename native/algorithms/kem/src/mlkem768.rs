//! ML-KEM-768 by the crate `libcrux-ml-kem`, which keeps keys as the bytes of FIPS 203 and wipes nothing itself.

use libcrux_ml_kem::mlkem768::{self, MlKem768Ciphertext, MlKem768PrivateKey, MlKem768PublicKey};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::scheme::Engine;
use crate::{MlKem768, Scheme};

impl Scheme for MlKem768 {
    const NAME: &'static str = "ML-KEM-768";
    const SEED_LEN: usize = 64;
    const RANDOMNESS_LEN: usize = 32;
    const PUBLIC_LEN: usize = 1184;
    const CIPHERTEXT_LEN: usize = 1088;
}

/// Both halves of a key pair. The secret half stays in one place, so that moving the pair leaves no copy behind.
pub struct KeyPair {
    secret: Box<MlKem768PrivateKey>,
    public: MlKem768PublicKey,
}

impl Drop for KeyPair {
    fn drop(&mut self) {
        self.secret[0..].zeroize();
    }
}

impl ZeroizeOnDrop for KeyPair {}

/// As many bytes of a slice as its checked length says.
fn exactly<const LEN: usize>(bytes: &[u8]) -> Zeroizing<[u8; LEN]> {
    Zeroizing::new(bytes.try_into().expect("the length was checked"))
}

impl Engine for MlKem768 {
    type Secret = KeyPair;
    type Public = MlKem768PublicKey;

    fn secret(seed: &[u8]) -> KeyPair {
        let (mut made, public) = mlkem768::generate_key_pair(*exactly(seed)).into_parts();
        let mut secret = Box::<MlKem768PrivateKey>::default();
        secret[0..].copy_from_slice(made.as_slice());
        made[0..].zeroize();
        KeyPair { secret, public }
    }

    fn public(secret: &KeyPair) -> MlKem768PublicKey {
        secret.public.clone()
    }

    /// FIPS 203 section 7.2: the length, and every number below the modulus.
    fn read(bytes: &[u8]) -> Option<MlKem768PublicKey> {
        MlKem768PublicKey::try_from(bytes).ok().filter(mlkem768::validate_public_key)
    }

    fn write(public: &MlKem768PublicKey) -> Vec<u8> {
        public.as_slice().to_vec()
    }

    fn encapsulate(public: &MlKem768PublicKey, randomness: &[u8]) -> (Vec<u8>, [u8; 32]) {
        let (ciphertext, shared) = mlkem768::encapsulate(public, *exactly(randomness));
        (ciphertext.as_slice().to_vec(), shared)
    }

    fn decapsulate(secret: &KeyPair, ciphertext: &[u8]) -> [u8; 32] {
        let ciphertext = MlKem768Ciphertext::try_from(ciphertext).expect("the length was checked");
        mlkem768::decapsulate(&secret.secret, &ciphertext)
    }
}
