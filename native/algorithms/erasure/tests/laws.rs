//! Laws of the code and of the commitment.
#![allow(clippy::unwrap_used, missing_docs)]

use globelet_erasure::merkle::{leaf_hash, Tree};
use globelet_erasure::{commit, Codec, ErasureError, MerkleProof};
use proptest::prelude::*;
use proptest::sample::Index;

/// A shape and an order in which its shards arrive.
fn shape() -> impl Strategy<Value = (usize, usize, Vec<usize>)> {
    (1usize..=12, 0usize..=12).prop_flat_map(|(k, extra)| {
        let order: Vec<usize> = (0..k + extra).collect();
        (Just(k), Just(k + extra), Just(order).prop_shuffle())
    })
}

fn pick<'a>(shards: &'a [Vec<u8>], order: &[usize]) -> Vec<(usize, &'a [u8])> {
    order.iter().map(|&i| (i, shards[i].as_slice())).collect()
}

/// Large shapes, in both fields, around the border between them.
fn large_shape() -> impl Strategy<Value = (usize, usize, Vec<usize>)> {
    let n = prop_oneof![200_usize..=255, 256_usize..700];
    n.prop_flat_map(|n| (1..n, Just(n))).prop_flat_map(|(k, n)| {
        let order: Vec<usize> = (0..n).collect();
        (Just(k), Just(n), Just(order).prop_shuffle())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn any_k_of_many_shards_rebuild((k, n, order) in large_shape(), payload in prop::collection::vec(any::<u8>(), 0..3_000)) {
        let codec = Codec::new(k, n).unwrap();
        let shards = codec.encode(&payload);
        prop_assert!(shards.iter().all(|s| s.len() == codec.shard_len(payload.len())));
        let some = pick(&shards, &order[..k]);
        prop_assert_eq!(codec.decode(&some).unwrap(), payload.clone());
        prop_assert_eq!(codec.decode_committed(&commit(&shards).root, &some).unwrap(), payload);
        prop_assert_eq!(codec.restore(&some, &order[k..]).unwrap(), order[k..].iter().map(|i| shards[*i].clone()).collect::<Vec<_>>());
        let few = codec.decode(&some[1..]);
        prop_assert_eq!(few, Err(ErasureError::TooFew { have: k - 1, need: k }));
    }
}

proptest! {
    #[test]
    fn any_k_shards_rebuild((k, n, order) in shape(), payload in prop::collection::vec(any::<u8>(), 0..400)) {
        let codec = Codec::new(k, n).unwrap();
        let shards = codec.encode(&payload);
        prop_assert_eq!(shards.len(), n);
        prop_assert!(shards.iter().all(|s| s.len() == codec.shard_len(payload.len())));
        prop_assert_eq!(codec.decode(&pick(&shards, &order[..k])).unwrap(), payload.clone());
        prop_assert_eq!(codec.decode(&pick(&shards, &order)).unwrap(), payload.clone());
        let few = codec.decode(&pick(&shards, &order[..k - 1]));
        prop_assert_eq!(few, Err(ErasureError::TooFew { have: k - 1, need: k }));
        let root = commit(&shards).root;
        prop_assert_eq!(codec.decode_committed(&root, &pick(&shards, &order[..k])).unwrap(), payload);
    }

    #[test]
    fn a_flipped_shard_is_named_by_its_proof((k, n, _) in shape(), payload in prop::collection::vec(any::<u8>(), 1..200), victim: Index, byte: Index, bit in 0u8..8) {
        let mut shards = Codec::new(k, n).unwrap().encode(&payload);
        let commitment = commit(&shards);
        let victim = victim.index(n);
        let byte = byte.index(shards[victim].len());
        shards[victim][byte] ^= 1 << bit;
        let named: Vec<usize> = (0..n).filter(|&i| !commitment.proof(i).verify(&commitment.root, &shards[i])).collect();
        prop_assert_eq!(named, vec![victim]);
    }

    #[test]
    fn proofs_hold_only_where_they_belong(count in 1usize..70, at: Index, other: Index) {
        let leaves: Vec<Vec<u8>> = (0..count).map(|i| vec![i as u8; i % 5]).collect();
        let tree = Tree::from_leaves(&leaves);
        let (at, other) = (at.index(count), other.index(count));
        let proof = tree.proof(at);
        prop_assert!(proof.verify(&tree.root(), &leaves[at]));
        prop_assert_eq!(proof.root_of(&leaves[at]), tree.root());
        let moved = MerkleProof { index: other as u32, ..proof.clone() };
        prop_assert_eq!(moved.verify(&tree.root(), &leaves[at]), at == other);
        let mut longer = proof.clone();
        longer.path.push([0; 32]);
        prop_assert!(!longer.verify(&longer.root_of(&leaves[at]), &leaves[at]));
    }

    #[test]
    fn a_proof_survives_its_bytes_and_hostile_bytes_do_no_harm(count in 1usize..40, at: Index, noise in prop::collection::vec(any::<u8>(), 0..200)) {
        let proof = Tree::from_leaves(&vec![b"x"; count]).proof(at.index(count));
        let bytes = borsh::to_vec(&proof).unwrap();
        prop_assert_eq!(borsh::from_slice::<MerkleProof>(&bytes).unwrap(), proof);
        if let Ok(decoded) = borsh::from_slice::<MerkleProof>(&noise) {
            decoded.verify(&[0; 32], b"");
        }
    }
}

/// RFC 9162 section 2.1.1, as it is written: a recursive split at the largest power of two.
fn by_definition(leaves: &[Vec<u8>]) -> [u8; 32] {
    match leaves.len() {
        0 => *blake3::hash(&[]).as_bytes(),
        1 => leaf_hash(&leaves[0]),
        n => {
            let (left, right) = leaves.split_at(n.next_power_of_two() / 2);
            let node = [&[1u8][..], &by_definition(left), &by_definition(right)].concat();
            *blake3::hash(&node).as_bytes()
        }
    }
}

#[test]
fn the_tree_has_the_shape_of_the_rfc() {
    for count in 0..66 {
        let leaves: Vec<Vec<u8>> = (0..count).map(|i| vec![i as u8]).collect();
        assert_eq!(Tree::from_leaves(&leaves).root(), by_definition(&leaves), "{count} leaves");
    }
}

/// Every code of up to eight shards, every subset of them: k rebuild and fewer do not, whatever the size.
#[test]
fn every_pattern_at_small_n() {
    for (k, n) in (1..=8).flat_map(|n| (1..=n).map(move |k| (k, n))) {
        let codec = Codec::new(k, n).unwrap();
        for size in [0, 1, k, 4 * k - 3, 61] {
            let payload: Vec<u8> = (0..size).map(|at| (at * 37 + k) as u8).collect();
            let shards = codec.encode(&payload);
            for pattern in 0..1_usize << n {
                let kept: Vec<usize> = (0..n).filter(|i| (pattern >> i) & 1 == 1).collect();
                let decoded = codec.decode(&pick(&shards, &kept));
                if kept.len() < k {
                    assert_eq!(decoded, Err(ErasureError::TooFew { have: kept.len(), need: k }));
                } else {
                    assert_eq!(decoded.as_ref(), Ok(&payload), "({k}, {n}), {kept:?}");
                    let all: Vec<usize> = (0..n).collect();
                    assert_eq!(codec.restore(&pick(&shards, &kept), &all), Ok(shards.clone()));
                }
            }
        }
    }
}

#[test]
fn every_pair_of_losses_in_a_wide_code_is_mended() {
    let codec = Codec::new(253, 255).unwrap();
    let payload: Vec<u8> = (0..2_000u32).map(|i| (i * 7) as u8).collect();
    let shards = codec.encode(&payload);
    for lost in (0..252).step_by(9) {
        let kept: Vec<usize> = (0..255).filter(|&i| i != lost && i != lost + 1).collect();
        assert_eq!(codec.decode(&pick(&shards, &kept)).unwrap(), payload);
    }
}

#[test]
fn bad_input_is_refused_with_its_reason() {
    assert_eq!(Codec::new(0, 3).unwrap_err(), ErasureError::Shape { k: 0, n: 3 });
    assert_eq!(Codec::new(4, 3).unwrap_err(), ErasureError::Shape { k: 4, n: 3 });
    assert_eq!(Codec::new(256, 256).unwrap_err(), ErasureError::Shape { k: 256, n: 256 });
    assert_eq!(Codec::new(4, 65_536).unwrap_err(), ErasureError::Shape { k: 4, n: 65_536 });
    assert_eq!(Codec::new(usize::MAX, usize::MAX).unwrap_err().code(), "erasure.shape");
    let codec = Codec::new(2, 4).unwrap();
    let shards = codec.encode(b"ten bytes!");
    let (a, b) = (shards[0].as_slice(), shards[3].as_slice());
    assert_eq!(codec.decode(&[(0, a), (4, b)]), Err(ErasureError::Index { index: 4, n: 4 }));
    assert_eq!(codec.decode(&[(0, a), (0, b)]), Err(ErasureError::Conflict { index: 0 }));
    assert_eq!(codec.decode(&[(0, a), (0, a)]), Err(ErasureError::TooFew { have: 1, need: 2 }));
    assert_eq!(codec.decode(&[(0, a), (3, &b[1..])]), Err(ErasureError::Length { index: 3, have: 6, need: 7 }));
    assert_eq!(codec.decode(&[(0, &[]), (1, &[])]), Err(ErasureError::Length { index: 0, have: 0, need: 1 }));
    assert!(matches!(codec.decode(&[(0, &[0xff; 7]), (1, a)]), Err(ErasureError::Frame { .. })));
}

#[test]
fn shards_of_two_payloads_under_one_root_are_refused_by_everyone() {
    let codec = Codec::new(2, 4).unwrap();
    let (one, two) = (codec.encode(b"pay alice"), codec.encode(b"pay mallo"));
    let mixed = [&one[..2], &two[2..]].concat();
    let root = commit(&mixed).root;
    for pair in [[0, 1], [2, 3]] {
        assert_eq!(codec.decode_committed(&root, &pick(&mixed, &pair)), Err(ErasureError::Inconsistent));
    }
}
