//! What keys, ciphertexts and secrets are from fixed seeds, so that a change of a crate behind shows. X-Wing and ML-KEM are
//! fixed by published vectors too; how sntrup761 draws from a seed is not, and is the crate's own way.
#![allow(clippy::unwrap_used)]

use globelet_kem::{MlKem768, Scheme, SecretKey, Sntrup761, XWing};

fn fingerprint<S: Scheme>() -> [String; 3] {
    let owner = SecretKey::<S>::from_seed(&vec![1; S::SEED_LEN]).unwrap();
    let (ciphertext, shared) = owner.public().encapsulate(&vec![2; S::RANDOMNESS_LEN]).unwrap();
    let ends = |bytes: &[u8]| format!("{}…{}", hex::encode(&bytes[..8]), hex::encode(&bytes[bytes.len() - 8..]));
    [ends(&owner.public().to_bytes()), ends(&ciphertext), hex::encode(shared.expose())]
}

#[test]
fn ml_kem_768() {
    assert_eq!(
        fingerprint::<MlKem768>(),
        [
            "01775c733bc53663…2c2f12721aa18152",
            "ed83fd312e5d466a…9f8f48320fdfa936",
            "adb494c04fc78a643c632686e4c76ea471b4b7c30a14a5592dd3b0b8e6730359"
        ]
    );
}

#[test]
fn x_wing() {
    assert_eq!(
        fingerprint::<XWing>(),
        [
            "ec7b50cddc8360f9…c9134008b9f5ec05",
            "ea8d5ae4d8a6960b…45ba05870e587d59",
            "719e91c44c2453f268f42cde1cdcee9657777be93c5b922aa6b6d56ff5786b44"
        ]
    );
}

#[test]
fn sntrup761() {
    assert_eq!(
        fingerprint::<Sntrup761>(),
        [
            "9c2d48a8b97ea041…2de097eab9575103",
            "5ba8dad017c78100…fad8f3d13b41b729",
            "28b82af69c7dd1b90496f78851cf7270e71a5049e1e3d879d8c80d98fb3f70c6"
        ]
    );
}
