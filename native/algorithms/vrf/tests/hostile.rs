//! Bytes that an honest prover does not make.
#![allow(clippy::unwrap_used)]

use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::CompressedEdwardsY;
use globelet_vrf::{verify, Proof, PublicKey, SecretKey, Suite, VrfError};

/// The order of the group, little-endian (RFC 8032 section 5.1).
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

fn key() -> SecretKey {
    SecretKey::from_seed(&[3; 32])
}

/// `p + excess`, which stands for `excess` and is not canonical; bit 255 is the sign.
fn beyond_the_field(excess: u8, sign: u8) -> [u8; 32] {
    let mut bytes = [0xff; 32];
    bytes[0] = 0xed + excess;
    bytes[31] = 0x7f | sign << 7;
    bytes
}

/// Every encoding of a point of small order that a lax decoder takes: eight canonical, and the others.
fn small_order() -> Vec<[u8; 32]> {
    let mut all: Vec<_> = EIGHT_TORSION.iter().map(|point| point.compress().to_bytes()).collect();
    for sign in [0, 1] {
        all.extend([beyond_the_field(0, sign), beyond_the_field(1, sign)]);
    }
    let mut negative_zero = EIGHT_TORSION[0].compress().to_bytes();
    negative_zero[31] |= 0x80;
    all.push(negative_zero);
    all
}

/// `s + L` is the same scalar written another way: a decoder that reduces would take both.
#[test]
fn a_scalar_that_is_not_reduced_is_refused() {
    for suite in Suite::ALL {
        let mut proof = key().prove_in(suite, b"draw");
        let mut carry = 0u16;
        for (byte, add) in proof[48..].iter_mut().zip(ORDER) {
            carry += u16::from(*byte) + u16::from(add);
            *byte = carry as u8;
            carry >>= 8;
        }
        assert_eq!(Proof::from_bytes(&proof), Err(VrfError::Encoding));
        let public = PublicKey::from_bytes(&key().public()).unwrap();
        assert_eq!(public.verify(suite, b"draw", &proof), Err(VrfError::Encoding));
    }
}

#[test]
fn keys_of_small_order_and_odd_encodings_are_refused() {
    let proof = key().prove(b"draw");
    for point in small_order() {
        assert_eq!(PublicKey::from_bytes(&point), Err(VrfError::PublicKey));
        assert_eq!(verify(&point, b"draw", &proof), Err(VrfError::PublicKey));
    }
    // Nineteen values of y can be written beyond the field; some of those are on the curve.
    let odd = (0..19).flat_map(|excess| [beyond_the_field(excess, 0), beyond_the_field(excess, 1)]);
    let read = odd.inspect(|bytes| assert_eq!(PublicKey::from_bytes(bytes), Err(VrfError::PublicKey)));
    assert!(read.filter(|bytes| CompressedEdwardsY(*bytes).decompress().is_some()).count() > 8);
}

#[test]
fn a_gamma_of_small_order_or_odd_encoding_is_refused() {
    for point in small_order().into_iter().chain((0..19).map(|excess| beyond_the_field(excess, 0))) {
        let mut proof = key().prove(b"draw");
        proof[..32].copy_from_slice(&point);
        assert_eq!(Proof::from_bytes(&proof), Err(VrfError::Encoding));
    }
}

/// A point that adds torsion to gamma does not change the output, so it must not give a second one.
#[test]
fn torsion_never_gives_a_second_output() {
    let (secret, public) = (key(), PublicKey::from_bytes(&key().public()).unwrap());
    for suite in Suite::ALL {
        let proof = secret.prove_in(suite, b"draw");
        let output = public.verify(suite, b"draw", &proof).unwrap();
        let gamma = CompressedEdwardsY(*proof.first_chunk().unwrap()).decompress().unwrap();
        for torsion in &EIGHT_TORSION[1..] {
            let mut moved = proof;
            moved[..32].copy_from_slice((gamma + torsion).compress().as_bytes());
            assert_eq!(public.verify(suite, b"draw", &moved), Err(VrfError::Proof));
            assert_eq!(Proof::from_bytes(&moved).unwrap().output(suite), output);
        }
    }
}

#[test]
fn wrong_lengths_are_named() {
    let public = PublicKey::from_bytes(&key().public()).unwrap();
    for length in [0, 1, 31, 33, 79, 81, 1 << 16] {
        let bytes = vec![1; length];
        let refused = |what, expected| VrfError::Length { what, expected, found: length };
        assert_eq!(SecretKey::from_slice(&bytes).unwrap_err(), refused("a seed", 32));
        assert_eq!(PublicKey::from_bytes(&bytes), Err(refused("a public key", 32)));
        assert_eq!(Proof::from_bytes(&bytes), Err(refused("a proof", 80)));
        assert_eq!(public.verify(Suite::Ell2, b"", &bytes), Err(refused("a proof", 80)));
    }
    assert_eq!(VrfError::Length { what: "a seed", expected: 32, found: 0 }.code(), "vrf.length");
}

#[test]
fn secrets_are_not_printed() {
    assert_eq!(format!("{:?}", key()), "SecretKey(..)");
}
