//! Decoders of proofs take any bytes without harm, and only the bytes that they would write.
#![allow(clippy::unwrap_used)]

use globelet_fuzz::fuzz;
use globelet_merkle::{Blake3, ConsistencyProof, InclusionProof, MultiProof, Tree};

fn tree() -> Tree {
    Tree::from_leaves(&(0..13_u8).map(|number| [number]).collect::<Vec<_>>()).unwrap()
}

#[test]
fn inclusion_proof() {
    let seeds: Vec<_> = (0..13).map(|index| tree().prove(index).unwrap().to_bytes()).collect();
    let root = tree().root();
    fuzz("merkle-inclusion-proof", &seeds, |bytes| {
        if let Ok(proof) = InclusionProof::from_bytes(bytes) {
            assert_eq!(proof.to_bytes(), bytes);
            assert!(proof.implied_root::<Blake3>(b"leaf").is_some());
            assert!(!proof.verify::<Blake3>(&root, b"no leaf of it"));
        }
    });
}

#[test]
fn consistency_proof() {
    let seeds: Vec<_> = (0..14).map(|old| tree().prove_consistency(old, 13).unwrap().to_bytes()).collect();
    fuzz("merkle-consistency-proof", &seeds, |bytes| {
        if let Ok(proof) = ConsistencyProof::from_bytes(bytes) {
            assert_eq!(proof.to_bytes(), bytes);
            assert!(!proof.verify::<Blake3>(&[1; 32], &[2; 32]));
        }
    });
}

#[test]
fn multi_proof() {
    let chosen: [&[u32]; 4] = [&[0], &[12], &[3, 4, 9], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]];
    let seeds: Vec<_> = chosen.iter().map(|some| tree().prove_many(some).unwrap().to_bytes()).collect();
    let root = tree().root();
    fuzz("merkle-multi-proof", &seeds, |bytes| {
        if let Ok(proof) = MultiProof::from_bytes(bytes) {
            assert_eq!(proof.to_bytes(), bytes);
            let leaves = vec![b"no leaf of it"; proof.indices().len()];
            assert!(!proof.verify::<Blake3, _>(&root, &leaves));
        }
    });
}
