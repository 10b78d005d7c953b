//! The decoders of keys and proofs take any bytes without harm, and only the bytes that they would write.
#![allow(clippy::unwrap_used)]

use globelet_fuzz::fuzz;
use globelet_vrf::{Proof, PublicKey, SecretKey, Suite};

#[test]
fn public_key() {
    let seeds: Vec<_> = (0..8).map(|fill| SecretKey::from_seed(&[fill; 32]).public().to_vec()).collect();
    let proof = SecretKey::from_seed(&[200; 32]).prove(b"draw");
    fuzz("vrf-public-key", &seeds, |bytes| {
        if let Ok(key) = PublicKey::from_bytes(bytes) {
            assert_eq!(key.to_bytes(), bytes);
            assert!(key.verify(Suite::Tai, b"draw", &proof).is_err());
        }
    });
}

#[test]
fn proof() {
    let secret = SecretKey::from_seed(&[7; 32]);
    let public = PublicKey::from_bytes(&secret.public()).unwrap();
    let inputs = (0..4_u8).flat_map(|alpha| Suite::ALL.map(|suite| secret.prove_in(suite, &[alpha]).to_vec()));
    fuzz("vrf-proof", &inputs.collect::<Vec<_>>(), |bytes| {
        if let Ok(proof) = Proof::from_bytes(bytes) {
            assert_eq!(proof.to_bytes(), bytes);
            for suite in Suite::ALL {
                assert!(public.verify(suite, b"no such input", bytes).is_err());
            }
        }
    });
}
