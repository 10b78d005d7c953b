//! The bytes of what crosses processes. A change here is a change of format, made on purpose.
#![allow(clippy::unwrap_used)]

use globelet_holding::{Answer, Challenge, Commitment, HoldingProof, Outcome, Records, Request, Shard, Stamp};
use globelet_signatures::SigningKey;

const COMMITMENT: Commitment = Commitment { root: [0xaa; 32], length: 258, piece: 16 };

#[test]
fn commitment_and_request() {
    let commitment = format!("{}020100000000000010000000", "aa".repeat(32));
    assert_eq!(hex::encode(COMMITMENT.to_bytes()), commitment);
    let key = SigningKey::from_seed(&[1; 32]);
    let request = Request::sign(&key, [0xbb; 32], 3, COMMITMENT, 500);
    let fields = format!("{}0300{commitment}f401000000000000{}", "bb".repeat(32), hex::encode(key.public()));
    assert_eq!(hex::encode(request.signing_bytes()), format!("{}{fields}", hex::encode("globelet hold request 1")));
    assert_eq!(hex::encode(request.to_bytes()), format!("{fields}{}", hex::encode(request.signature)));
}

/// The bytes that the ledger's own holders sign.
#[test]
fn holding_proof() {
    let since = Stamp { micros: 7, counter: 2 };
    let proof = HoldingProof { holder: 5, shard: 6, since, until_us: 258, signature: [0xcc; 64] };
    let fields = "05000600070000000000000002000000 0201000000000000".replace(' ', "");
    let signed = format!("{}{}{fields}", hex::encode("globelet hold 1"), "bb".repeat(32));
    assert_eq!(hex::encode(proof.signing_bytes(&[0xbb; 32])), signed);
    assert_eq!(hex::encode(proof.to_bytes()), format!("{fields}{}", "cc".repeat(64)));
}

#[test]
fn challenge_and_answer() {
    let (vertex, seed) = ([0xbb; 32], [0xdd; 32]);
    let challenge = Challenge { vertex, shard: 3, holder: 5, seed, ranges: 2, width: 2, due_us: 258 };
    let bytes = format!("{}03000500{}020002000201000000000000", "bb".repeat(32), "dd".repeat(32));
    assert_eq!(hex::encode(challenge.to_bytes()), bytes);
    assert_eq!(challenge.pieces(&COMMITMENT).unwrap(), [0, 9, 10, 16]);
    let answer = Answer { pieces: vec![vec![1, 2], vec![]], proof: vec![9], signature: [0xcc; 64] };
    let fields = "02000000020000000102000000000100000009";
    assert_eq!(hex::encode(answer.to_bytes()), format!("{fields}{}", "cc".repeat(64)));
}

#[test]
fn roots_and_records() {
    let shard = Shard::cut((0..100).collect(), 16).unwrap();
    assert_eq!(hex::encode(&shard.commitment().root[..8]), "9f1ce94c032991e8");
    let mut records = Records::new();
    records.note([0xaa; 32], Outcome::Missed).unwrap();
    let counts = "0000000000000000 0000000000000000 0100000000000000 0000000000000000".replace(' ', "");
    assert_eq!(hex::encode(records.to_bytes()), format!("01000000{}{counts}", "aa".repeat(32)));
}
