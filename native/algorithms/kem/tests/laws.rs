//! Laws of every scheme, and what each refuses.
#![allow(clippy::unwrap_used)]

use globelet_kem::{KemError, MlKem768, PublicKey, Scheme, SecretKey, Sntrup761, XWing};
use proptest::prelude::*;

fn bytes(length: usize, fill: u8) -> Vec<u8> {
    (0..length).map(|place| fill.wrapping_mul(31).wrapping_add(place as u8)).collect()
}

fn secret<S: Scheme>(fill: u8) -> SecretKey<S> {
    SecretKey::from_seed(&bytes(S::SEED_LEN, fill)).unwrap()
}

fn both_sides_share<S: Scheme>(key: u8, randomness: u8, place: usize, bit: u8) {
    let owner = secret::<S>(key);
    let public = PublicKey::<S>::from_bytes(&owner.public().to_bytes()).unwrap();
    let (ciphertext, sent) = public.encapsulate(&bytes(S::RANDOMNESS_LEN, randomness)).unwrap();
    assert_eq!((public.to_bytes().len(), ciphertext.len()), (S::PUBLIC_LEN, S::CIPHERTEXT_LEN));
    assert_eq!(owner.decapsulate(&ciphertext).unwrap(), sent);
    assert_eq!(public.encapsulate(&bytes(S::RANDOMNESS_LEN, randomness)).unwrap(), (ciphertext.clone(), sent.clone()));
    let other = public.encapsulate(&bytes(S::RANDOMNESS_LEN, randomness.wrapping_add(1))).unwrap();
    assert!(other.0 != ciphertext && other.1 != sent);
    // Implicit rejection: no error, another secret, and the same one each time.
    let mut bent = ciphertext.clone();
    bent[place % S::CIPHERTEXT_LEN] ^= 1 << (bit % 8);
    let rejected = owner.decapsulate(&bent).unwrap();
    assert_ne!(rejected, sent);
    assert_eq!(owner.decapsulate(&bent).unwrap(), rejected);
    assert_ne!(secret::<S>(key.wrapping_add(1)).decapsulate(&ciphertext).unwrap(), sent);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn ml_kem_768(key: u8, randomness: u8, place: usize, bit: u8) {
        both_sides_share::<MlKem768>(key, randomness, place, bit);
    }

    #[test]
    fn x_wing(key: u8, randomness: u8, place: usize, bit in 0_u8..7) {
        // The highest bit of an X25519 point is ignored (RFC 7748 section 5), though the shared secret binds it.
        both_sides_share::<XWing>(key, randomness, place, bit);
    }
}

#[test]
fn sntrup761() {
    for number in 0..4 {
        both_sides_share::<Sntrup761>(number, number, 331 * usize::from(number), number);
    }
}

fn refuses_lengths<S: Scheme>() {
    let owner = secret::<S>(1);
    let refused = |what, expected, found| Some(KemError::Length { what, scheme: S::NAME, expected, found });
    for wrong in [0, 1, S::CIPHERTEXT_LEN - 1, S::CIPHERTEXT_LEN + 1, 4 * S::CIPHERTEXT_LEN] {
        assert_eq!(owner.decapsulate(&bytes(wrong, 0)).err(), refused("a ciphertext", S::CIPHERTEXT_LEN, wrong));
    }
    for wrong in [0, S::PUBLIC_LEN - 1, S::PUBLIC_LEN + 1] {
        let error = PublicKey::<S>::from_bytes(&bytes(wrong, 0)).err();
        assert_eq!(error, refused("a public key", S::PUBLIC_LEN, wrong));
    }
    for wrong in [0, S::SEED_LEN - 1, S::SEED_LEN + 1] {
        assert_eq!(SecretKey::<S>::from_seed(&bytes(wrong, 0)).err(), refused("a seed", S::SEED_LEN, wrong));
    }
    for wrong in [0, S::RANDOMNESS_LEN - 1, S::RANDOMNESS_LEN + 1] {
        let error = owner.public().encapsulate(&bytes(wrong, 0)).err();
        assert_eq!(error, refused("randomness", S::RANDOMNESS_LEN, wrong));
    }
}

#[test]
fn other_lengths_are_refused() {
    refuses_lengths::<MlKem768>();
    refuses_lengths::<XWing>();
    refuses_lengths::<Sntrup761>();
}

#[test]
fn public_keys_that_are_not_canonical_are_refused() {
    // All ones is beyond the modulus everywhere.
    let ones = |length| vec![0xff; length];
    assert_eq!(PublicKey::<MlKem768>::from_bytes(&ones(1184)), Err(KemError::PublicKey("ML-KEM-768")));
    assert_eq!(PublicKey::<XWing>::from_bytes(&ones(1216)), Err(KemError::PublicKey("X-Wing")));
    assert_eq!(PublicKey::<Sntrup761>::from_bytes(&ones(1158)), Err(KemError::PublicKey("sntrup761")));
    // The last two bytes of sntrup761 hold one number below its radix; the highest byte can't be 255.
    let mut public = secret::<Sntrup761>(3).public().to_bytes();
    *public.last_mut().unwrap() = 0xff;
    assert_eq!(PublicKey::<Sntrup761>::from_bytes(&public), Err(KemError::PublicKey("sntrup761")));
}

#[test]
fn what_is_secret_is_not_shown() {
    let owner = secret::<XWing>(9);
    let (_, shared) = owner.public().encapsulate(&[1; 64]).unwrap();
    assert_eq!(format!("{owner:?} {shared:?}"), "SecretKey(X-Wing, ..) SharedSecret(..)");
}
