//! Laws of trees and proofs, against the RFC's recursive definitions.
#![allow(clippy::unwrap_used)]

use globelet_merkle::{Blake3, ConsistencyProof, Hash, InclusionProof, MerkleError, MultiProof, Tree, TreeHash};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

type Leaf = Vec<u8>;

fn split(size: usize) -> usize {
    (1..).map(|height| 1 << height).find(|power| 2 * power >= size).filter(|_| size > 2).unwrap_or(1)
}

/// MTH of RFC 9162 section 2.1.1.
fn mth(leaves: &[Leaf]) -> Hash {
    match leaves {
        [] => Blake3::empty(),
        [leaf] => Blake3::leaf(leaf),
        more => {
            let (left, right) = more.split_at(split(more.len()));
            Blake3::node(&mth(left), &mth(right))
        }
    }
}

/// PATH of RFC 9162 section 2.1.3.1.
fn path(m: usize, leaves: &[Leaf]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return vec![];
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    if m < k {
        [path(m, left), vec![mth(right)]].concat()
    } else {
        [path(m - k, right), vec![mth(left)]].concat()
    }
}

/// SUBPROOF of RFC 9162 section 2.1.4.1.
fn subproof(m: usize, leaves: &[Leaf], known: bool) -> Vec<Hash> {
    if m == leaves.len() {
        return if known { vec![] } else { vec![mth(leaves)] };
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    if m <= k {
        [subproof(m, left, known), vec![mth(right)]].concat()
    } else {
        [subproof(m - k, right, false), vec![mth(left)]].concat()
    }
}

fn numbered(count: usize) -> Vec<Leaf> {
    (0..count).map(|number| (number as u32).to_le_bytes().to_vec()).collect()
}

fn tree(leaves: &[Leaf]) -> Tree {
    Tree::from_leaves(leaves).unwrap()
}

#[test]
fn every_small_tree_is_the_rfcs() {
    let mut grown = Tree::<Blake3>::default();
    for count in 0..=40 {
        let leaves = numbered(count);
        let made = tree(&leaves);
        assert_eq!(made.root(), mth(&leaves));
        assert_eq!((made.len() as usize, made.is_empty()), (count, count == 0));
        assert_eq!(grown.root(), made.root());
        for (index, leaf) in leaves.iter().enumerate() {
            let proof = made.prove(index as u32).unwrap();
            assert_eq!(proof.path, path(index, &leaves));
            assert!(proof.verify::<Blake3>(&made.root(), leaf));
        }
        for old in 1..=count {
            let proof = made.prove_consistency(old as u32, count as u32).unwrap();
            assert_eq!(proof.path, subproof(old, &leaves, true));
            assert!(proof.verify::<Blake3>(&mth(&leaves[..old]), &made.root()));
        }
        assert_eq!(grown.push(&(count as u32).to_le_bytes()), Ok(count as u32));
    }
    assert_eq!(grown, tree(&numbered(41)), "growing and building give the same tree, level by level");
}

proptest! {
    #[test]
    fn any_leaves_any_place_any_time(leaves in vec(vec(any::<u8>(), 0..70), 1..200), at in any::<(usize, usize)>()) {
        let made = tree(&leaves);
        let size = 1 + at.0 % leaves.len();
        let index = at.1 % size;
        let root = mth(&leaves[..size]);
        prop_assert_eq!(made.root_at(size as u32), Ok(root));
        let proof = made.prove_at(index as u32, size as u32).unwrap();
        prop_assert_eq!(&proof.path, &path(index, &leaves[..size]));
        prop_assert!(proof.verify::<Blake3>(&root, &leaves[index]));
        prop_assert_eq!(InclusionProof::from_bytes(&proof.to_bytes()), Ok(proof.clone()));
        let grown = made.prove_consistency(size as u32, leaves.len() as u32).unwrap();
        prop_assert_eq!(&grown.path, &subproof(size, &leaves, true));
        prop_assert!(grown.verify::<Blake3>(&root, &made.root()));
        prop_assert_eq!(ConsistencyProof::from_bytes(&grown.to_bytes()), Ok(grown.clone()));
    }

    #[test]
    fn many_leaves_share_what_is_common(count in 1_u32..300, chosen in btree_set(0_u32..300, 1..40)) {
        let leaves = numbered(count as usize);
        let made = tree(&leaves);
        let chosen: Vec<u32> = chosen.into_iter().filter(|index| *index < count).collect();
        prop_assume!(!chosen.is_empty());
        let proof = made.prove_many(&chosen).unwrap();
        let some: Vec<&Leaf> = chosen.iter().map(|index| &leaves[*index as usize]).collect();
        prop_assert!(proof.verify::<Blake3, _>(&made.root(), &some));
        prop_assert_eq!(MultiProof::from_bytes(&proof.to_bytes()), Ok(proof.clone()));
        let mut separate: Vec<Hash> = Vec::new();
        for index in &chosen {
            separate.extend(made.prove(*index).unwrap().path);
        }
        prop_assert!(proof.path().iter().all(|hash| separate.contains(hash)));
        if let [only] = chosen[..] {
            prop_assert_eq!(proof.path(), &made.prove(only).unwrap().path);
        }
        let mut other = some.clone();
        let strange = b"another leaf".to_vec();
        other[0] = &strange;
        prop_assert!(!proof.verify::<Blake3, _>(&made.root(), &other));
        prop_assert!(!proof.verify::<Blake3, _>(&made.root(), &some[1..]));
    }
}

#[test]
fn all_leaves_need_no_hash() {
    let leaves = numbered(21);
    let proof = tree(&leaves).prove_many(&(0..21).collect::<Vec<_>>()).unwrap();
    assert!(proof.path().is_empty());
    assert!(proof.verify::<Blake3, _>(&mth(&leaves), &leaves));
}

#[test]
fn what_is_not_there_is_refused() {
    let made = tree(&numbered(3));
    let no_leaf = |index, count| MerkleError::NoSuchLeaf { index, count };
    let no_size = |size, count| MerkleError::NoSuchSize { size, count };
    assert_eq!(made.prove(3), Err(no_leaf(3, 3)));
    assert_eq!(made.prove_at(2, 2), Err(no_leaf(2, 2)));
    assert_eq!(made.prove_at(0, 4), Err(no_size(4, 3)));
    assert_eq!(made.root_at(u32::MAX), Err(no_size(u32::MAX.into(), 3)));
    assert_eq!(made.prove_consistency(3, 2), Err(no_size(3, 2)));
    assert_eq!(made.prove_consistency(1, 4), Err(no_size(4, 3)));
    assert_eq!(made.prove_many(&[]), Err(MerkleError::NotRising));
    assert_eq!(made.prove_many(&[2, 1]), Err(MerkleError::NotRising));
    assert_eq!(made.prove_many(&[0, 3]), Err(no_leaf(3, 3)));
    assert_eq!(Tree::<Blake3>::default().prove(0), Err(no_leaf(0, 0)));
}
