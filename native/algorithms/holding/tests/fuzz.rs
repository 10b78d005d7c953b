//! Decoders take any bytes without harm, and only the bytes that they would write.
#![allow(clippy::unwrap_used)]

use globelet_fuzz::fuzz;
use globelet_holding::{
    Answer, Challenge, Commitment, Extension, HoldingProof, Outcome, Records, Request, Shard, Stamp,
};
use globelet_signatures::SigningKey;

fn key() -> SigningKey {
    SigningKey::from_seed(&[1; 32])
}

fn shard() -> Shard {
    Shard::cut((0..100).collect(), 7).unwrap()
}

fn challenge() -> Challenge {
    Challenge { vertex: [2; 32], shard: 3, holder: 5, seed: [4; 32], ranges: 3, width: 2, due_us: 9 }
}

#[test]
fn requests_and_proofs() {
    let commitment = shard().commitment();
    let since = Stamp { micros: 7, counter: 2 };
    let proof = HoldingProof { holder: 5, shard: 6, since, until_us: 258, signature: [0xcc; 64] };
    let seeds = [
        commitment.to_bytes(),
        Request::sign(&key(), [2; 32], 3, commitment, 5).to_bytes(),
        Extension::sign(&key(), [2; 32], 3, 5).to_bytes(),
        proof.to_bytes(),
    ];
    fuzz("holding-request", &seeds, |bytes| {
        if let Ok(found) = Commitment::from_bytes(bytes) {
            assert_eq!(found.to_bytes(), bytes);
            assert!(found.pieces().is_ok());
        }
        if let Ok(found) = Request::from_bytes(bytes) {
            assert_eq!(found.to_bytes(), bytes);
            assert_eq!(found.verify().is_ok(), bytes == seeds[1]);
        }
        if let Ok(found) = Extension::from_bytes(bytes) {
            assert_eq!(found.to_bytes(), bytes);
        }
        if let Ok(found) = HoldingProof::from_bytes(bytes) {
            assert_eq!(found.to_bytes(), bytes);
            assert!(found.verify(&key().public(), &[2; 32], 1, u64::MAX).is_err());
        }
    });
}

#[test]
fn challenge_bytes() {
    let commitment = shard().commitment();
    fuzz("holding-challenge", &[challenge().to_bytes()], |bytes| {
        if let Ok(found) = Challenge::from_bytes(bytes) {
            assert_eq!(found.to_bytes(), bytes);
            let drawn = found.pieces(&commitment).unwrap_or_default();
            assert!(drawn.len() <= 15);
        }
    });
}

/// Whatever the pieces and the proof are, and however well they are signed: only the right ones stand.
#[test]
fn answers() {
    let good = Answer::make(&key(), &challenge(), &shard()).unwrap();
    let commitment = shard().commitment();
    fuzz("holding-answer", &[good.to_bytes()], |bytes| {
        let Ok(mut found) = Answer::from_bytes(bytes) else { return };
        assert_eq!(found.to_bytes(), bytes);
        found.signature = key().sign(&found.signing_bytes(&challenge()));
        let stands = found.verify(&commitment, &challenge(), &key().public(), 1).is_ok();
        assert_eq!(stands, found == good);
    });
}

#[test]
fn records() {
    let mut records = Records::new();
    (0..5).for_each(|i| records.note([i; 32], Outcome::Passed).unwrap());
    fuzz("holding-records", &[records.to_bytes()], |bytes| {
        if let Ok(found) = Records::from_bytes(bytes) {
            assert_eq!(found.to_bytes(), bytes);
        }
    });
}
