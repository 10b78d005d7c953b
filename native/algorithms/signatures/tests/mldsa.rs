//! ML-DSA-65: lengths, determinism, and refusal of what was tampered with.
#![allow(clippy::unwrap_used, missing_docs)]

use globelet_signatures::mldsa::{verify, SigningKey, PUBLIC_LEN, SIGNATURE_LEN};

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
