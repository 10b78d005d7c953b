//! The bytes of proofs, which cross processes and lie in receipts. A change here is a change of format, made on purpose.
#![allow(clippy::unwrap_used)]

use globelet_merkle::{Blake3, ConsistencyProof, InclusionProof, MultiProof, Sha256, Tree};

fn leaves() -> Vec<[u8; 1]> {
    (0..7).map(|number| [number]).collect()
}

#[test]
fn roots() {
    let blake3 = Tree::<Blake3>::from_leaves(&leaves()).unwrap().root();
    assert_eq!(hex::encode(blake3), "447242b100f0c5b345113b25b9fb2feff7448146255b57736a4c640ce68d1f93");
    let sha256 = Tree::<Sha256>::from_leaves(&leaves()).unwrap().root();
    assert_eq!(hex::encode(sha256), "3560191803028444b232018ac047fdb561c09c23a7a6876c85e08b5e4d48e9f3");
}

#[test]
fn inclusion_proof() {
    let proof = InclusionProof { index: 6, count: 7, path: vec![[0xaa; 32], [0xbb; 32]] };
    let golden = format!("060000000700000002000000{}{}", "aa".repeat(32), "bb".repeat(32));
    assert_eq!(hex::encode(proof.to_bytes()), golden);
    assert_eq!(InclusionProof::from_bytes(&hex::decode(golden).unwrap()), Ok(proof));
}

#[test]
fn consistency_proof() {
    let proof = ConsistencyProof { old: 4, new: 7, path: vec![[0xcc; 32]] };
    let golden = format!("040000000700000001000000{}", "cc".repeat(32));
    assert_eq!(hex::encode(proof.to_bytes()), golden);
    assert_eq!(ConsistencyProof::from_bytes(&hex::decode(golden).unwrap()), Ok(proof));
}

#[test]
fn multi_proof() {
    let numbers = "0700000002000000010000000600000003000000";
    let golden = format!("{numbers}{}{}{}", "aa".repeat(32), "bb".repeat(32), "cc".repeat(32));
    let proof = MultiProof::from_bytes(&hex::decode(&golden).unwrap()).unwrap();
    assert_eq!((proof.count(), proof.indices(), proof.path().len()), (7, &[1, 6][..], 3));
    assert_eq!(hex::encode(proof.to_bytes()), golden);
}
