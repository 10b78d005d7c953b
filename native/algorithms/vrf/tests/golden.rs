//! The bytes of keys and proofs, which cross processes and lie in the ledger. A change here is a change of format, made on
//! purpose.
#![allow(clippy::unwrap_used)]

use globelet_vrf::{Proof, PublicKey, SecretKey, Suite};

#[test]
fn keys_and_proofs() {
    let secret = SecretKey::from_seed(&[7; 32]);
    assert_eq!(hex::encode(secret.public()), PUBLIC);
    for (suite, proof, output) in [(Suite::Tai, TAI, TAI_OUTPUT), (Suite::Ell2, ELL2, ELL2_OUTPUT)] {
        assert_eq!(hex::encode(secret.prove_in(suite, b"globelet")), proof);
        let read = Proof::from_bytes(&hex::decode(proof).unwrap()).unwrap();
        assert_eq!(hex::encode(read.to_bytes()), proof);
        assert_eq!(hex::encode(&read.output(suite)[..16]), output);
    }
    let public = PublicKey::from_bytes(&secret.public()).unwrap();
    assert_eq!(public.to_bytes(), secret.public());
}

const PUBLIC: &str = "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c";
const TAI: &str =
    "305be9d5c1344b319c64bc4f8160125ec1d38e1e23c9c7c35a1e784414ea2d7382d8ac47f3e8393f9747331eab942445efc73e50a32e3d761fa005f4eead7b8ed8db4abe7a18ad6b3e1a060f5859f80b";
const TAI_OUTPUT: &str = "c4b4e5dbe7570157b8e5db72fdedc3a9";
const ELL2: &str =
    "5930b3820e25545ec9ea41865eb2ab259fa6bc3f1d53c176a340766a55ff9d847dcda8e7c816966af42c8a6f924ceb810edf9e4b20053b465c8fd786c15bf3f6d75c18ca9e06ee615fb60ab7270ff009";
const ELL2_OUTPUT: &str = "c5c379c580b6ce9d8f2419ac7f5f45e3";
