//! Public keys and signatures of any bytes: refused or found not to stand, never a panic.
#![allow(clippy::unwrap_used)]

use globelet_fuzz::fuzz;
use globelet_signatures::{verify_batch, AnySigningKey, AnyVerifyingKey, Scheme};

const MESSAGE: &[u8] = b"1250 from tokyo to paris";

fn signer(scheme: Scheme) -> AnySigningKey {
    AnySigningKey::from_seed(scheme, &vec![5; scheme.seed_len()]).unwrap()
}

fn public_key(scheme: Scheme) {
    let good = signer(scheme).public();
    let signature = signer(scheme).sign(MESSAGE, b"").unwrap();
    fuzz(&format!("signatures-{}-public-key", scheme.name()), std::slice::from_ref(&good), |bytes| {
        if let Ok(public) = AnyVerifyingKey::from_bytes(scheme, bytes) {
            assert_eq!(public.as_bytes(), bytes);
            assert_eq!(public.verify(MESSAGE, &signature, b""), Ok(bytes == good));
        }
    });
}

fn signature(scheme: Scheme) {
    let public = AnyVerifyingKey::from_bytes(scheme, &signer(scheme).public()).unwrap();
    let good = signer(scheme).sign(MESSAGE, b"").unwrap();
    fuzz(&format!("signatures-{}-signature", scheme.name()), std::slice::from_ref(&good), |bytes| {
        let found = public.verify(MESSAGE, bytes, b"");
        assert_eq!(found.is_ok(), bytes.len() == good.len());
        assert_eq!(found == Ok(true), bytes == good, "a second signature on the same message");
    });
}

#[test]
fn ed25519() {
    public_key(Scheme::Ed25519);
    signature(Scheme::Ed25519);
}

#[test]
fn ml_dsa() {
    public_key(Scheme::MlDsa44);
    signature(Scheme::MlDsa44);
    signature(Scheme::MlDsa65);
}

#[test]
fn hybrid() {
    public_key(Scheme::MlDsa44Ed25519);
    signature(Scheme::MlDsa44Ed25519);
}

/// One of a batch is made of any bytes: the verdicts are those of single checks.
#[test]
fn ed25519_batch() {
    let key = signer(Scheme::Ed25519);
    let public: [u8; 32] = key.public().try_into().unwrap();
    let good: [u8; 64] = key.sign(MESSAGE, b"").unwrap().try_into().unwrap();
    fuzz("signatures-ed25519-batch", &[[&public[..], &good].concat()], |bytes| {
        let Some((other, rest)) = bytes.split_first_chunk::<32>() else { return };
        let Some((signature, _)) = rest.split_first_chunk::<64>() else { return };
        let items = [(&public, MESSAGE, &good), (other, MESSAGE, signature)];
        assert_eq!(verify_batch(&items), [true, globelet_signatures::verify(other, MESSAGE, signature)]);
    });
}
