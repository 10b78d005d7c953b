//! Decoders take any bytes without harm, and only the bytes that they would write.
#![allow(clippy::unwrap_used)]

use globelet_fuzz::fuzz;
use globelet_threshold::ceremony::{Ceremony, Message};
use globelet_threshold::signature::{deal_signing, SigningCommittee, SigningShare};
use globelet_threshold::{
    check, deal, encrypt, verify_coin_share, verify_share, Ciphertext, CoinShare, DecryptionShare, Encryption,
    KeyShare, PublicKey, Scheme, Signing, TransportKey,
};

#[test]
fn public_key() {
    let seeds: Vec<_> =
        [(1, 1), (4, 2), (7, 5)].map(|(n, needed)| deal(n, needed, &[1; 32]).unwrap().0.to_bytes()).into();
    fuzz("threshold-public-key", &seeds, |bytes| {
        if let Ok(key) = PublicKey::from_bytes(bytes) {
            assert_eq!(key.to_bytes(), bytes);
            assert!(0 < key.needed() && key.needed() <= key.members());
        }
    });
}

#[test]
fn key_share() {
    let seeds: Vec<_> = deal(4, 2, &[1; 32]).unwrap().1.iter().map(KeyShare::to_bytes).collect();
    fuzz("threshold-key-share", &seeds, |bytes| {
        if let Ok(share) = KeyShare::from_bytes(bytes) {
            assert_eq!(share.to_bytes(), bytes);
        }
    });
}

#[test]
fn ciphertext() {
    let (public, shares) = deal(4, 2, &[1; 32]).unwrap();
    let seeds: Vec<_> = [0, 1, 40].map(|length| encrypt(&public, b"", &vec![5; length], &[1; 32]).to_bytes()).into();
    fuzz("threshold-ciphertext", &seeds, |bytes| {
        if let Ok(sealed) = Ciphertext::from_bytes(bytes) {
            assert_eq!(sealed.to_bytes(), bytes);
            assert!(check(&public, b"another label", &sealed).is_err());
            shares[0].decryption_share(&sealed, &[0; 32]);
        }
    });
}

#[test]
fn decryption_share() {
    let (public, shares) = deal(4, 2, &[1; 32]).unwrap();
    let (one, other) = (encrypt(&public, b"", b"x", &[1; 32]), encrypt(&public, b"", b"y", &[1; 32]));
    let seeds: Vec<_> = shares.iter().map(|share| share.decryption_share(&one, &[0; 32]).to_bytes()).collect();
    fuzz("threshold-decryption-share", &seeds, |bytes| {
        if let Ok(share) = DecryptionShare::from_bytes(bytes) {
            assert_eq!(share.to_bytes(), bytes);
            assert!(!verify_share(&public, &other, &share));
        }
    });
}

#[test]
fn coin_share() {
    let (public, shares) = deal(4, 2, &[1; 32]).unwrap();
    let seeds: Vec<_> = shares.iter().map(|share| share.coin_share(b"one").to_bytes()).collect();
    fuzz("threshold-coin-share", &seeds, |bytes| {
        if let Ok(share) = CoinShare::from_bytes(bytes) {
            assert_eq!(share.to_bytes(), bytes);
            assert!(!verify_coin_share(&public, b"other", &share));
        }
    });
}

#[test]
fn signing_committee() {
    let seeds: Vec<_> =
        [(1, 1), (4, 3)].map(|(n, needed)| deal_signing(n, needed, &[1; 32]).unwrap().0.to_bytes()).into();
    fuzz("threshold-signing-committee", &seeds, |bytes| {
        if let Ok(committee) = SigningCommittee::from_bytes(bytes) {
            assert_eq!(committee.to_bytes(), bytes);
        }
    });
}

#[test]
fn signing_share() {
    let seeds: Vec<_> = deal_signing(4, 3, &[1; 32]).unwrap().1.iter().map(SigningShare::to_bytes).collect();
    fuzz("threshold-signing-share", &seeds, |bytes| {
        if let Ok(share) = SigningShare::from_bytes(bytes) {
            assert_eq!(share.to_bytes(), bytes);
        }
    });
}

/// A signature is decoded where it is verified: no other bytes than the signature itself stand.
#[test]
fn signature() {
    let (committee, shares) = deal_signing(1, 1, &[1; 32]).unwrap();
    let signature = committee.combine(b"message", &[(0, shares[0].sign(b"message"))]).unwrap();
    fuzz("threshold-signature", &[shares[0].sign(b"another").to_vec()], |bytes| {
        if let Ok(bytes) = <&[u8; 48]>::try_from(bytes) {
            assert!(!committee.verify(b"message", bytes) || *bytes == signature);
        }
    });
}

fn ceremony_message<S: Scheme>(name: &str) {
    let key = |fill: u8| TransportKey::from_seed(&[fill; 32]);
    let publics = [1, 2, 3].map(|fill| key(fill).public());
    let new = || Ceremony::<S>::generation(b"fuzz", &publics, 2).unwrap();
    let other = Ceremony::<S>::generation(b"other", &publics, 2).unwrap();
    let dealing = Message::Dealing(other.deal(1, &[7; 32]).unwrap()).to_bytes();
    // A complaint's fields: receiver, dealer, hash, a point, a proof that is canonical.
    let complaint = [&[1, 2, 0, 1, 0][..], &[9; 32], &publics[0], &[1; 31], &[0], &[2; 31], &[0]].concat();
    assert!(Message::<S>::from_bytes(&complaint).is_ok());
    fuzz(name, &[dealing, complaint], |bytes| {
        if let Ok(message) = Message::<S>::from_bytes(bytes) {
            assert_eq!(message.to_bytes(), bytes);
            // Nothing that is made without a key of this ceremony gets a dealer in.
            let mut member = new().with_key(key(3)).unwrap();
            let _ = member.handle(message);
            assert!(member.outcome().is_err());
        }
    });
}

#[test]
fn encryption_ceremony_message() {
    ceremony_message::<Encryption>("threshold-encryption-ceremony-message");
}

#[test]
fn signing_ceremony_message() {
    ceremony_message::<Signing>("threshold-signing-ceremony-message");
}
