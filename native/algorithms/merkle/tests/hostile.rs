//! Proofs and trees made to deceive: second preimages, duplicated leaves, bent and moved proofs.
#![allow(clippy::unwrap_used)]

use globelet_merkle::{Blake3, ConsistencyProof, Hash, InclusionProof, MerkleError, MultiProof, Tree, TreeHash};

fn leaves(count: u8) -> Vec<Vec<u8>> {
    (0..count).map(|number| vec![number; 5]).collect()
}

fn tree(count: u8) -> Tree {
    Tree::from_leaves(&leaves(count)).unwrap()
}

/// Without domains, the two children of a node are a leaf that hashes like the node.
#[test]
fn an_inner_node_is_no_leaf() {
    let made = tree(4);
    let children = [Blake3::leaf(&leaves(4)[0]), Blake3::leaf(&leaves(4)[1])].concat();
    let shorter = Tree::<Blake3>::from_leaves(&[children.clone(), leaves(4)[2].clone(), leaves(4)[3].clone()]).unwrap();
    assert_ne!(shorter.root(), made.root());
    let proof = InclusionProof { index: 0, count: 2, path: made.prove(0).unwrap().path[1..].to_vec() };
    assert!(!proof.verify::<Blake3>(&made.root(), &children));
    let with_prefix = [&[1][..], &children].concat();
    assert!(!proof.verify::<Blake3>(&made.root(), &with_prefix));
}

/// Where odd nodes are paired with themselves, a list and the list with its end repeated share a root (CVE-2012-2459).
#[test]
fn repeating_the_end_changes_the_root() {
    for count in 1..20 {
        for repeated in 1..=usize::from(count) {
            let mut longer = leaves(count);
            longer.extend_from_within(longer.len() - repeated..);
            assert_ne!(Tree::<Blake3>::from_leaves(&longer).unwrap().root(), tree(count).root());
        }
    }
}

#[test]
fn roots_bind_every_leaf_and_the_order() {
    let root = tree(7).root();
    for changed in 0..7 {
        let mut other = leaves(7);
        other[changed][0] ^= 1;
        assert_ne!(Tree::<Blake3>::from_leaves(&other).unwrap().root(), root);
        other = leaves(7);
        other.swap(changed, (changed + 1) % 7);
        assert_ne!(Tree::<Blake3>::from_leaves(&other).unwrap().root(), root);
    }
}

/// What the proofs of Certificate Transparency's test suite are bent by.
fn bent(path: &[Hash], root: &Hash) -> Vec<Vec<Hash>> {
    let mut all = vec![
        [path, &[[0; 32]]].concat(),
        [path, &[*root]].concat(),
        [&[[0; 32]], path].concat(),
        [&[*root], path].concat(),
    ];
    if let [first, rest @ ..] = path {
        all.push(rest.to_vec());
        all.push(path[..path.len() - 1].to_vec());
        all.push([&[*first], path].concat());
        all.push(path.iter().rev().copied().collect());
    }
    for place in 0..path.len() {
        let mut flipped = path.to_vec();
        flipped[place][place] ^= 4;
        all.push(flipped);
    }
    all.retain(|other| other != path);
    all
}

#[test]
fn bent_and_moved_inclusion_proofs_fall() {
    for count in 1..17_u8 {
        let (made, root) = (tree(count), tree(count).root());
        for index in 0..count {
            let leaf = &leaves(count)[usize::from(index)];
            let proof = made.prove(index.into()).unwrap();
            for path in bent(&proof.path, &root) {
                assert!(!InclusionProof { path, ..proof.clone() }.verify::<Blake3>(&root, leaf));
            }
            for other in (0..u32::from(count) + 2).filter(|other| *other != u32::from(index)) {
                let moved = InclusionProof { index: other, ..proof.clone() };
                assert!(!moved.verify::<Blake3>(&root, leaf), "leaf {index} of {count} passed as {other}");
            }
            assert!(!InclusionProof { count: 0, ..proof.clone() }.verify::<Blake3>(&root, leaf));
            assert!(!proof.verify::<Blake3>(&Blake3::empty(), leaf));
        }
    }
}

#[test]
fn bent_consistency_proofs_fall() {
    let made = tree(16);
    for new in 1..=16 {
        for old in 1..new {
            let proof = made.prove_consistency(old, new).unwrap();
            let (before, after) = (made.root_at(old).unwrap(), made.root_at(new).unwrap());
            let holds = |proof: &ConsistencyProof| proof.verify::<Blake3>(&before, &after);
            assert!(holds(&proof));
            for path in bent(&proof.path, &before).into_iter().chain(bent(&proof.path, &after)) {
                assert!(!holds(&ConsistencyProof { path, ..proof.clone() }));
            }
            for other in (0..=new + 1).filter(|other| *other != old) {
                assert!(!holds(&ConsistencyProof { old: other, ..proof.clone() }), "{old} of {new} passed as {other}");
            }
            assert!(!proof.verify::<Blake3>(&after, &before), "swapped");
            assert!(!proof.verify::<Blake3>(&[0; 32], &after));
            assert!(!proof.verify::<Blake3>(&before, &[0; 32]));
        }
    }
}

#[test]
fn the_empty_tree_begins_every_tree_and_no_root_poses_as_it() {
    let empty = |new| ConsistencyProof { old: 0, new, path: vec![] };
    assert!(empty(5).verify::<Blake3>(&Blake3::empty(), &tree(5).root()));
    assert!(empty(0).verify::<Blake3>(&Blake3::empty(), &Blake3::empty()));
    assert!(!empty(5).verify::<Blake3>(&[7; 32], &tree(5).root()));
    assert!(!empty(0).verify::<Blake3>(&[7; 32], &[7; 32]));
}

#[test]
fn multi_proofs_take_no_leaf_for_another() {
    let (made, root) = (tree(11), tree(11).root());
    let proof = made.prove_many(&[2, 5, 6]).unwrap();
    let right: Vec<Vec<u8>> = [2, 5, 6].iter().map(|index| leaves(11)[*index].clone()).collect();
    assert!(proof.verify::<Blake3, _>(&root, &right));
    for (one, two) in [(0, 1), (1, 2), (0, 2)] {
        let mut swapped = right.clone();
        swapped.swap(one, two);
        assert!(!proof.verify::<Blake3, _>(&root, &swapped));
    }
    let mut bytes = proof.to_bytes();
    *bytes.last_mut().unwrap() ^= 1;
    assert!(!MultiProof::from_bytes(&bytes).unwrap().verify::<Blake3, _>(&root, &right));
}

#[test]
fn a_decoder_makes_room_for_nothing_that_is_not_there() {
    let huge = [u32::MAX.to_le_bytes(), u32::MAX.to_le_bytes()].concat();
    let expected = 8 + 4 * u64::from(u32::MAX);
    assert_eq!(MultiProof::from_bytes(&huge), Err(MerkleError::Length { expected, found: 8 }));
    let claims = [5_u32, 9, u32::MAX].map(u32::to_le_bytes).concat();
    assert_eq!(InclusionProof::from_bytes(&claims), Err(MerkleError::Length { expected: 140, found: 12 }));
    assert_eq!(ConsistencyProof::from_bytes(&claims[..11]), Err(MerkleError::Length { expected: 172, found: 11 }));
}

#[test]
fn every_cut_and_every_surplus_is_refused() {
    let made = tree(11);
    let proofs = [
        made.prove(9).unwrap().to_bytes(),
        made.prove_consistency(6, 11).unwrap().to_bytes(),
        made.prove_many(&[1, 9, 10]).unwrap().to_bytes(),
    ];
    let decodes = |number: usize, bytes: &[u8]| match number {
        0 => InclusionProof::from_bytes(bytes).is_ok(),
        1 => ConsistencyProof::from_bytes(bytes).is_ok(),
        _ => MultiProof::from_bytes(bytes).is_ok(),
    };
    for (number, bytes) in proofs.iter().enumerate() {
        assert!(decodes(number, bytes));
        assert!((0..bytes.len()).all(|length| !decodes(number, &bytes[..length])));
        assert!(!decodes(number, &[&bytes[..], &[0]].concat()));
        assert!(!decodes(number, &[&bytes[..], &[0; 32]].concat()));
    }
}
