//! Published vectors: Wycheproof for ML-KEM-768, the draft's for X-Wing; and another implementation on the other side: the
//! crate `x-wing` with `ml-kem` in it, and for sntrup761 the reference of the NTRU Prime team, in C.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;
use std::process::Command;

use globelet_kem::{MlKem768, PublicKey, SecretKey, Sntrup761, XWing};
use pqcrypto_ntruprime::sntrup761 as reference;
use pqcrypto_traits::kem::{Ciphertext, PublicKey as _, SecretKey as _, SharedSecret};
use wycheproof::mlkem::{TestName, TestSet};
use x_wing::{Decapsulate, Decapsulator, KeyExport};

/// C2SP Wycheproof `mlkem_768_test.json`: keys from seeds, ciphertexts good, bent and of wrong length.
#[test]
fn wycheproof_decapsulation() {
    let (mut answered, mut refused) = (0, 0);
    for test in TestSet::load(TestName::MlKem768).unwrap().test_groups.iter().flat_map(|group| &group.tests) {
        let seed = test.seed.as_ref().unwrap();
        let Ok(secret) = SecretKey::<MlKem768>::from_seed(seed) else {
            assert!(test.result.must_fail(), "test {}", test.tc_id);
            refused += 1;
            continue;
        };
        if let Some(public) = test.encaps_key.as_ref() {
            assert_eq!(secret.public().to_bytes(), public[..], "test {}", test.tc_id);
        }
        match secret.decapsulate(test.ct.as_ref().unwrap()) {
            Ok(shared) => {
                assert_eq!(shared.expose()[..], test.shared_secret.as_ref().unwrap()[..], "test {}", test.tc_id);
                answered += 1;
            }
            Err(_) => {
                assert!(test.result.must_fail(), "test {}: {}", test.tc_id, test.comment);
                refused += 1;
            }
        }
    }
    assert!(answered >= 20 && refused >= 2, "{answered} answered, {refused} refused");
}

/// C2SP Wycheproof `mlkem_768_encaps_test.json`: among them public keys with numbers out of range.
#[test]
fn wycheproof_encapsulation() {
    let (mut answered, mut refused) = (0, 0);
    for test in TestSet::load(TestName::MlKem768Encaps).unwrap().test_groups.iter().flat_map(|group| &group.tests) {
        match PublicKey::<MlKem768>::from_bytes(test.encaps_key.as_ref().unwrap()) {
            Ok(public) => {
                assert!(!test.result.must_fail(), "test {}: {}", test.tc_id, test.comment);
                let (ciphertext, shared) = public.encapsulate(test.msg.as_ref().unwrap()).unwrap();
                assert_eq!(ciphertext, test.ct.as_ref().unwrap()[..], "test {}", test.tc_id);
                assert_eq!(shared.expose()[..], test.shared_secret.as_ref().unwrap()[..], "test {}", test.tc_id);
                answered += 1;
            }
            Err(_) => {
                assert!(test.result.must_fail(), "test {}: {}", test.tc_id, test.comment);
                refused += 1;
            }
        }
    }
    assert!(answered >= 1 && refused >= 20, "{answered} answered, {refused} refused");
}

/// C2SP Wycheproof `mlkem_768_keygen_seed_test.json`.
#[test]
fn wycheproof_keys() {
    let set = TestSet::load(TestName::MlKem768KeyGenSeed).unwrap();
    let tests: Vec<_> = set.test_groups.iter().flat_map(|group| &group.tests).collect();
    assert!(tests.len() >= 20);
    for test in tests {
        let secret = SecretKey::<MlKem768>::from_seed(test.seed.as_ref().unwrap()).unwrap();
        assert_eq!(secret.public().to_bytes(), test.encaps_key.as_ref().unwrap()[..], "test {}", test.tc_id);
    }
}

/// The file of a package that these tests use.
fn packaged(package: &str, file: &str) -> serde_json::Value {
    let cargo = Command::new(env!("CARGO")).args(["metadata", "--format-version", "1"]).output().unwrap();
    assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&cargo.stdout).unwrap();
    let found = metadata["packages"].as_array().unwrap().iter().find(|entry| entry["name"] == package).unwrap();
    let manifest = PathBuf::from(found["manifest_path"].as_str().unwrap());
    serde_json::from_slice(&std::fs::read(manifest.with_file_name("").join(file)).unwrap()).unwrap()
}

/// The test vectors of draft-connolly-cfrg-xwing-kem, appendix C, as the crate `x-wing` carries them.
#[test]
fn x_wing_of_the_draft() {
    let vectors = packaged("x-wing", "tests/test-vectors.json");
    let vectors = vectors.as_array().unwrap();
    assert_eq!(vectors.len(), 3);
    for vector in vectors {
        let field = |name: &str| hex::decode(vector[name].as_str().unwrap()).unwrap();
        let secret = SecretKey::<XWing>::from_seed(&field("seed")).unwrap();
        assert_eq!(field("seed"), field("sk"));
        assert_eq!(secret.public().to_bytes(), field("pk"));
        let (ciphertext, shared) = secret.public().encapsulate(&field("eseed")).unwrap();
        assert_eq!(ciphertext, field("ct"));
        assert_eq!(shared.expose()[..], field("ss"));
        assert_eq!(secret.decapsulate(&field("ct")).unwrap(), shared);
    }
}

/// Keys, ciphertexts and what bent ciphertexts give are the same in the crate `x-wing`, in both halves.
#[test]
fn x_wing_of_another_implementation() {
    for number in 0..8_u8 {
        let theirs = x_wing::DecapsulationKey::from([number; 32]);
        let ours = SecretKey::<XWing>::from_seed(&[number; 32]).unwrap();
        let public = ours.public().to_bytes();
        assert_eq!(theirs.encapsulation_key().to_bytes()[..], public[..]);
        let (ciphertext, shared) = ours.public().encapsulate(&[number ^ 0x5a; 64]).unwrap();
        let (sent, theirs_shared) = theirs.encapsulation_key().encapsulate_deterministic(&[number ^ 0x5a; 64].into());
        assert_eq!((&sent[..], &theirs_shared[..]), (&ciphertext[..], &shared.expose()[..]));
        for place in [0, 500, 1087, 1088, 1119] {
            let mut bent = ciphertext.clone();
            bent[place] ^= 1 << (number % 8);
            let rejected = theirs.decapsulate(&bent.as_slice().try_into().unwrap());
            assert_eq!(ours.decapsulate(&bent).unwrap().expose()[..], rejected[..], "byte {place}");
            assert_ne!(rejected[..], shared.expose()[..]);
        }
        // A point of small order, the shared secret of which is zero, is taken by both.
        let mut small = ciphertext.clone();
        small[1088..].fill(0);
        let theirs_small = theirs.decapsulate(&small.as_slice().try_into().unwrap());
        assert_eq!(ours.decapsulate(&small).unwrap().expose()[..], theirs_small[..]);
    }
}

/// Keys, ciphertexts and implicit rejection go both ways between the crate and the reference implementation (PQClean).
#[test]
fn sntrup761_of_the_reference() {
    for number in 0..6_u8 {
        let (their_public, their_secret) = reference::keypair();
        let public = PublicKey::<Sntrup761>::from_bytes(their_public.as_bytes()).unwrap();
        let secret = SecretKey::<Sntrup761>::from_bytes(their_secret.as_bytes()).unwrap();
        assert_eq!(secret.public(), public);
        let (ciphertext, ours) = public.encapsulate(&[number; 32]).unwrap();
        let sent = reference::Ciphertext::from_bytes(&ciphertext).unwrap();
        assert_eq!(reference::decapsulate(&sent, &their_secret).as_bytes(), ours.expose());
        let (theirs, sent) = reference::encapsulate(&their_public);
        assert_eq!(secret.decapsulate(sent.as_bytes()).unwrap().expose(), theirs.as_bytes());
        for place in [0, 500, 1006, 1007, 1038] {
            let mut bent = sent.as_bytes().to_vec();
            bent[place] ^= 1 << (number % 8);
            let rejected = reference::decapsulate(&reference::Ciphertext::from_bytes(&bent).unwrap(), &their_secret);
            assert_eq!(secret.decapsulate(&bent).unwrap().expose(), rejected.as_bytes(), "byte {place}");
            assert_ne!(rejected.as_bytes(), theirs.as_bytes());
        }
        let ours = SecretKey::<Sntrup761>::from_seed(&[number; 32]).unwrap().public().to_bytes();
        let (theirs, sent) = reference::encapsulate(&reference::PublicKey::from_bytes(&ours).unwrap());
        let received = SecretKey::<Sntrup761>::from_seed(&[number; 32]).unwrap().decapsulate(sent.as_bytes()).unwrap();
        assert_eq!(received.expose(), theirs.as_bytes());
    }
}
