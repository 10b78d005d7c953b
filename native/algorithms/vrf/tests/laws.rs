//! What holds of every key and input, and the library vrf-rfc9381 on the other side.
#![allow(clippy::unwrap_used)]

use globelet_vrf::{Proof, PublicKey, SecretKey, Suite, VrfError};
use proptest::prelude::*;
use vrf_rfc9381::ec::edwards25519::{elligator2, tai, EdVrfProof};
use vrf_rfc9381::{Proof as _, Prover, Verifier};

/// Proof and output by the other library, which must agree with the key's own check of ours.
fn theirs(suite: Suite, seed: &[u8; 32], alpha: &[u8], ours: &[u8; 80]) -> (Vec<u8>, Vec<u8>) {
    let ours = EdVrfProof::decode_pi(ours).unwrap();
    match suite {
        Suite::Tai => {
            let secret = tai::EdVrfEdwards25519TaiSecretKey::from_slice(seed).unwrap();
            let output = secret.verifier().verify(alpha, ours).unwrap();
            (secret.prove(alpha).unwrap().encode_to_pi(), output.to_vec())
        }
        Suite::Ell2 => {
            let secret = elligator2::EdVrfEdwards25519Ell2SecretKey::from_slice(seed).unwrap();
            let output = secret.verifier().verify(alpha, ours).unwrap();
            (secret.prove(alpha).unwrap().encode_to_pi(), output.to_vec())
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_proof_holds_for_its_key_and_input_only(
        seed: [u8; 32],
        alpha in prop::collection::vec(any::<u8>(), 0..300),
        byte in 0usize..80,
        bit in 0u8..8,
        ell2: bool,
    ) {
        let suite = if ell2 { Suite::Ell2 } else { Suite::Tai };
        let secret = SecretKey::from_seed(&seed);
        let public = PublicKey::from_bytes(&secret.public()).unwrap();
        let mut proof = secret.prove_in(suite, &alpha);
        prop_assert_eq!(proof, secret.prove_in(suite, &alpha));
        let output = public.verify(suite, &alpha, &proof).unwrap();
        prop_assert_eq!(output, Proof::from_bytes(&proof).unwrap().output(suite));
        let mut longer = alpha.clone();
        longer.push(1);
        prop_assert_eq!(public.verify(suite, &longer, &proof), Err(VrfError::Proof));
        let stranger = PublicKey::from_bytes(&SecretKey::from_seed(&[!seed[0]; 32]).public()).unwrap();
        prop_assert_eq!(stranger.verify(suite, &alpha, &proof), Err(VrfError::Proof));
        proof[byte] ^= 1 << bit;
        prop_assert!(public.verify(suite, &alpha, &proof).is_err());
    }

    #[test]
    fn the_other_library_makes_the_same_bytes(seed: [u8; 32], alpha in prop::collection::vec(any::<u8>(), 0..300)) {
        let secret = SecretKey::from_seed(&seed);
        let public = PublicKey::from_bytes(&secret.public()).unwrap();
        for suite in Suite::ALL {
            let ours = secret.prove_in(suite, &alpha);
            let (proof, output) = theirs(suite, &seed, &alpha, &ours);
            prop_assert_eq!(&proof, &ours);
            prop_assert_eq!(output, public.verify(suite, &alpha, &ours).unwrap());
        }
    }
}

/// The outputs of a key are even: 512 bits over 256 inputs, each set about half of the time.
#[test]
fn outputs_are_balanced() {
    let secret = SecretKey::from_seed(&[9; 32]);
    for suite in Suite::ALL {
        let proofs =
            (0..256_u32).map(|alpha| Proof::from_bytes(&secret.prove_in(suite, &alpha.to_le_bytes())).unwrap());
        let ones: u32 = proofs.flat_map(|proof| proof.output(suite)).map(u8::count_ones).sum();
        // 131,072 fair bits: six standard deviations are 1,087.
        assert!(ones.abs_diff(65_536) < 1_087, "{ones} ones");
    }
}
