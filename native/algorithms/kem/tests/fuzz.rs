//! Public keys, secret keys and ciphertexts of any bytes: refused or used, never a panic.
#![allow(clippy::unwrap_used)]

use globelet_fuzz::fuzz;
use globelet_kem::{MlKem768, PublicKey, Scheme, SecretKey, Sntrup761, XWing};
use pqcrypto_traits::kem::SecretKey as _;

fn owner<S: Scheme>() -> SecretKey<S> {
    SecretKey::from_seed(&vec![5; S::SEED_LEN]).unwrap()
}

fn public_key<S: Scheme>(name: &str) {
    fuzz(name, &[owner::<S>().public().to_bytes()], |bytes| {
        if let Ok(public) = PublicKey::<S>::from_bytes(bytes) {
            assert_eq!(public.to_bytes(), bytes);
            assert!(public.encapsulate(&vec![6; S::RANDOMNESS_LEN]).is_ok());
        }
    });
}

fn ciphertext<S: Scheme>(name: &str) {
    let owner = owner::<S>();
    let (good, sent) = owner.public().encapsulate(&vec![6; S::RANDOMNESS_LEN]).unwrap();
    fuzz(name, std::slice::from_ref(&good), |bytes| {
        let received = owner.decapsulate(bytes);
        assert_eq!(received.is_ok(), bytes.len() == S::CIPHERTEXT_LEN);
        // X25519 ignores the highest bit, but the shared secret binds it: nothing but the ciphertext itself gives it.
        assert_eq!(received.is_ok_and(|shared| shared == sent), bytes == good);
    });
}

#[test]
fn ml_kem_768() {
    public_key::<MlKem768>("kem-ml-kem-768-public-key");
    ciphertext::<MlKem768>("kem-ml-kem-768-ciphertext");
}

#[test]
fn x_wing() {
    public_key::<XWing>("kem-x-wing-public-key");
    ciphertext::<XWing>("kem-x-wing-ciphertext");
}

#[test]
fn sntrup761() {
    public_key::<Sntrup761>("kem-sntrup761-public-key");
    ciphertext::<Sntrup761>("kem-sntrup761-ciphertext");
}

#[test]
fn sntrup761_secret_key() {
    let (_, valid) = pqcrypto_ntruprime::sntrup761::keypair();
    let (good, _) = owner::<Sntrup761>().public().encapsulate(&[6; 32]).unwrap();
    fuzz("kem-sntrup761-secret-key", &[valid.as_bytes().to_vec()], |bytes| {
        if let Ok(secret) = SecretKey::<Sntrup761>::from_bytes(bytes) {
            assert!(PublicKey::<Sntrup761>::from_bytes(&secret.public().to_bytes()).is_ok());
            assert!(secret.decapsulate(&good).is_ok());
        }
    });
}
