//! RFC 9381 appendix B.3 (examples 16 to 18) and hostile proofs.
#![allow(clippy::unwrap_used, missing_docs)]

use globelet_vrf::{verify, SecretKey, VrfError};
use proptest::prelude::*;

/// Seed, public key, alpha, proof, output.
const EXAMPLES: [[&str; 5]; 3] = [
    [
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "8657106690b5526245a92b003bb079ccd1a92130477671f6fc01ad16f26f723f26f8a57ccaed74ee1b190bed1f479d9727d2d0f9b005a6e456a35d4fb0daab1268a1b0db10836d9826a528ca76567805",
        "90cf1df3b703cce59e2a35b925d411164068269d7b2d29f3301c03dd757876ff66b71dda49d2de59d03450451af026798e8f81cd2e333de5cdf4f3e140fdd8ae",
    ],
    [
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "f3141cd382dc42909d19ec5110469e4feae18300e94f304590abdced48aed5933bf0864a62558b3ed7f2fea45c92a465301b3bbf5e3e54ddf2d935be3b67926da3ef39226bbc355bdc9850112c8f4b02",
        "eb4440665d3891d668e7e0fcaf587f1b4bd7fbfe99d0eb2211ccec90496310eb5e33821bc613efb94db5e5b54c70a848a0bef4553a41befc57663b56373a5031",
    ],
    [
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "9bc0f79119cc5604bf02d23b4caede71393cedfbb191434dd016d30177ccbf8096bb474e53895c362d8628ee9f9ea3c0e52c7a5c691b6c18c9979866568add7a2d41b00b05081ed0f58ee5e31b3a970e",
        "645427e5d00c62a23fb703732fa5d892940935942101e456ecca7bb217c61c452118fec1219202a0edcf038bb6373241578be7217ba85a2687f7a0310b2df19f",
    ],
];

fn bytes<const N: usize>(text: &str) -> [u8; N] {
    hex::decode(text).unwrap().try_into().unwrap()
}

#[test]
fn the_examples_of_the_rfc_hold() {
    for [seed, public, alpha, proof, output] in EXAMPLES {
        let key = SecretKey::from_seed(&bytes(seed));
        let alpha = hex::decode(alpha).unwrap();
        assert_eq!(hex::encode(key.public()), public);
        assert_eq!(hex::encode(key.prove(&alpha)), proof);
        assert_eq!(hex::encode(verify(&bytes(public), &alpha, &bytes(proof)).unwrap()), output);
    }
}

/// `s + L` is the same scalar written another way: a decoder that reduces would take both.
#[test]
fn a_scalar_that_is_not_reduced_is_refused() {
    let key = SecretKey::from_seed(&[3; 32]);
    let mut proof = key.prove(b"draw");
    let order: [u8; 32] = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let mut carry = 0u16;
    for (byte, add) in proof[48..].iter_mut().zip(order) {
        carry += u16::from(*byte) + u16::from(add);
        *byte = carry as u8;
        carry >>= 8;
    }
    assert_eq!(verify(&key.public(), b"draw", &proof), Err(VrfError::Encoding));
}

#[test]
fn keys_of_small_order_and_odd_encodings_are_refused() {
    let key = SecretKey::from_seed(&[3; 32]);
    let proof = key.prove(b"draw");
    for point in curve25519_dalek::constants::EIGHT_TORSION {
        let refused = verify(&point.compress().to_bytes(), b"draw", &proof);
        assert_eq!(refused, Err(VrfError::PublicKey));
    }
    let mut odd = [0xff; 32];
    odd[0] = 0xed + 3;
    odd[31] = 0x7f;
    assert_eq!(verify(&odd, b"draw", &proof), Err(VrfError::PublicKey));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_proof_holds_for_its_key_and_input_only(seed: [u8; 32], alpha in prop::collection::vec(any::<u8>(), 0..50), byte in 0usize..80, bit in 0u8..8) {
        let key = SecretKey::from_seed(&seed);
        let mut proof = key.prove(&alpha);
        prop_assert!(verify(&key.public(), &alpha, &proof).is_ok());
        let mut other = alpha.clone();
        other.push(1);
        prop_assert_eq!(verify(&key.public(), &other, &proof), Err(VrfError::Proof));
        proof[byte] ^= 1 << bit;
        prop_assert!(verify(&key.public(), &alpha, &proof).is_err());
    }
}
