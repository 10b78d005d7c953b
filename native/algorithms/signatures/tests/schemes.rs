//! Laws of every scheme, hybrids among them, and what each refuses.
#![allow(clippy::unwrap_used)]

use globelet_signatures::hybrid::{mldsa44_ed25519, mldsa65_ed25519};
use globelet_signatures::{mldsa, mldsa44, AnySigningKey, AnyVerifyingKey, Scheme, SignatureError, SigningKey};
use sha2::{Digest, Sha512};

fn seed(scheme: Scheme, fill: u8) -> Vec<u8> {
    (0..scheme.seed_len()).map(|place| fill ^ place as u8).collect()
}

fn pair(scheme: Scheme, fill: u8) -> (AnySigningKey, AnyVerifyingKey) {
    let key = AnySigningKey::from_seed(scheme, &seed(scheme, fill)).unwrap();
    let public = AnyVerifyingKey::from_bytes(scheme, &key.public()).unwrap();
    assert_eq!(public.as_bytes(), key.public());
    (key, public)
}

#[test]
fn a_signature_stands_on_its_message_context_and_key_alone() {
    for scheme in Scheme::ALL {
        let (key, public) = pair(scheme, 1);
        let context: &[u8] = if scheme == Scheme::Ed25519 { b"" } else { b"tokyo" };
        let signature = key.sign(b"interval root", context).unwrap();
        assert_eq!(signature.len(), scheme.signature_len());
        assert_eq!(key.sign(b"interval root", context).unwrap(), signature, "the same each time");
        assert_eq!(public.verify(b"interval root", &signature, context), Ok(true));
        assert_eq!(public.verify(b"interval r00t", &signature, context), Ok(false));
        assert_eq!(pair(scheme, 2).1.verify(b"interval root", &signature, context), Ok(false));
        for place in [0, 33, signature.len() / 2, signature.len() - 65.min(signature.len()), signature.len() - 1] {
            let mut bent = signature.clone();
            bent[place] ^= 1;
            assert_eq!(public.verify(b"interval root", &bent, context), Ok(false), "{scheme:?}, byte {place}");
        }
        if scheme != Scheme::Ed25519 {
            assert_eq!(public.verify(b"interval root", &signature, b""), Ok(false));
            assert_eq!(public.verify(b"interval root", &signature, b"paris"), Ok(false));
        }
    }
}

/// The construction of draft-ietf-lamps-pq-composite-sigs, section 3.2, from its parts.
#[test]
fn hybrids_are_the_drafts() {
    let (message, context) = (b"1250 from tokyo to paris", b"order");
    let digest = Sha512::digest(message);
    let both = |label: &[u8]| {
        [b"CompositeAlgorithmSignatures2025", label, &[context.len() as u8], &context[..], &digest[..]].concat()
    };
    let seed: [u8; 64] = std::array::from_fn(|place| place as u8);
    let curve = SigningKey::from_seed(seed.last_chunk().unwrap());

    let label = b"COMPSIG-MLDSA65-Ed25519-SHA512";
    let lattice = mldsa::SigningKey::from_seed(seed.first_chunk().unwrap());
    let expected = [lattice.sign_in_context(&both(label), label).unwrap(), curve.sign(&both(label)).to_vec()].concat();
    let hybrid = mldsa65_ed25519::SigningKey::from_seed(&seed);
    assert_eq!(hybrid.sign_in_context(message, context).unwrap(), expected);
    assert_eq!(hybrid.public(), [lattice.public(), curve.public().to_vec()].concat());

    let label = b"COMPSIG-MLDSA44-Ed25519-SHA512";
    let lattice = mldsa44::SigningKey::from_seed(seed.first_chunk().unwrap());
    let expected = [lattice.sign_in_context(&both(label), label).unwrap(), curve.sign(&both(label)).to_vec()].concat();
    let hybrid = mldsa44_ed25519::SigningKey::from_seed(&seed);
    assert_eq!(hybrid.sign_in_context(message, context).unwrap(), expected);
    assert_eq!(hybrid.public(), [lattice.public(), curve.public().to_vec()].concat());
}

/// Neither half of a hybrid stands alone, and no half of another signature completes one.
#[test]
fn halves_of_hybrids_do_not_stand_alone() {
    let seed: [u8; 64] = std::array::from_fn(|place| place as u8);
    let hybrid = mldsa65_ed25519::SigningKey::from_seed(&seed);
    let (public, signature) = (hybrid.public(), hybrid.sign(b"message"));
    let (lattice_key, curve_key) = public.split_at(mldsa::PUBLIC_LEN);
    let (lattice, curve) = signature.split_at(mldsa::SIGNATURE_LEN);
    assert!(!mldsa::verify(lattice_key, b"message", lattice));
    assert!(!globelet_signatures::verify(curve_key.try_into().unwrap(), b"message", curve.try_into().unwrap()));
    let plain = mldsa::SigningKey::from_seed(seed.first_chunk().unwrap()).sign(b"message");
    assert!(!mldsa65_ed25519::verify(&public, b"message", &[&plain, curve].concat()));
    let other = mldsa65_ed25519::SigningKey::from_seed(&[9; 64]);
    assert!(!mldsa65_ed25519::verify(
        &public,
        b"message",
        &[lattice, &other.sign(b"message")[lattice.len()..]].concat()
    ));
    assert!(mldsa65_ed25519::verify(&public, b"message", &signature));
}

#[test]
fn other_lengths_are_refused() {
    for scheme in Scheme::ALL {
        let refused =
            |what, expected, found| Some(SignatureError::Length { what, scheme: scheme.name(), expected, found });
        let (_, public) = pair(scheme, 1);
        for (right, what) in [
            (scheme.seed_len(), "a seed"),
            (scheme.public_len(), "a public key"),
            (scheme.signature_len(), "a signature"),
        ] {
            for wrong in [0, 1, right - 1, right + 1, 3 * right] {
                let bytes = vec![0; wrong];
                let error = match what {
                    "a seed" => AnySigningKey::from_seed(scheme, &bytes).err(),
                    "a public key" => AnyVerifyingKey::from_bytes(scheme, &bytes).err(),
                    _ => public.verify(b"", &bytes, b"").err(),
                };
                assert_eq!(error, refused(what, right, wrong));
            }
        }
    }
}

#[test]
fn unusable_keys_and_contexts_are_refused() {
    // The identity, and a y beyond the field's prime.
    let mut small = [0; 32];
    small[0] = 1;
    for bytes in [small, [0xff; 32]] {
        let error = AnyVerifyingKey::from_bytes(Scheme::Ed25519, &bytes).err();
        assert_eq!(error, Some(SignatureError::PublicKey("ed25519")));
        let hybrid = [&[0; 1952][..], &bytes].concat();
        let error = AnyVerifyingKey::from_bytes(Scheme::MlDsa65Ed25519, &hybrid).err();
        assert_eq!(error, Some(SignatureError::PublicKey("ml-dsa-65-ed25519")));
    }
    for scheme in Scheme::ALL {
        let (key, public) = pair(scheme, 1);
        let most = if scheme == Scheme::Ed25519 { 0 } else { 255 };
        let signature = key.sign(b"", &vec![7; most]).unwrap();
        assert_eq!(public.verify(b"", &signature, &vec![7; most]), Ok(true));
        assert_eq!(key.sign(b"", &vec![7; most + 1]), Err(SignatureError::Context(most + 1)));
        assert_eq!(public.verify(b"", &signature, &vec![7; most + 1]), Err(SignatureError::Context(most + 1)));
    }
}

#[test]
fn names_lead_back_and_secrets_are_not_shown() {
    for scheme in Scheme::ALL {
        assert_eq!(Scheme::from_name(scheme.name()), Some(scheme));
        let shown = format!("{:?}", pair(scheme, 5).0);
        assert!(!shown.contains(char::is_numeric) || !shown.contains('['), "{shown}");
    }
    assert_eq!(Scheme::from_name("rsa"), None);
}
