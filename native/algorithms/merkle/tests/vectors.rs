//! The tree of eight leaves that Certificate Transparency's logs are tested by (RFC 6962), with the proofs published for it
//! in `certificate-transparency-go` and `transparency-dev/merkle`.
#![allow(clippy::unwrap_used)]

use globelet_merkle::{ConsistencyProof, Hash, InclusionProof, Sha256, Tree, TreeHash};

const LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/// Leaf (from 0), size, path.
const INCLUSION: [(u32, u32, &[&str]); 5] = [
    (0, 1, &[]),
    (
        0,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        &[
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        &[
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
];

/// Old size, new size, path.
const CONSISTENCY: [(u32, u32, &[&str]); 5] = [
    (1, 1, &[]),
    (
        1,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        &[
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        &[
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
    (
        6,
        7,
        &[
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
];

fn hash(text: &str) -> Hash {
    hex::decode(text).unwrap().try_into().unwrap()
}

fn hashes(path: &[&str]) -> Vec<Hash> {
    path.iter().map(|text| hash(text)).collect()
}

fn leaves() -> Vec<Vec<u8>> {
    LEAVES.iter().map(|leaf| hex::decode(leaf).unwrap()).collect()
}

fn tree() -> Tree<Sha256> {
    Tree::from_leaves(&leaves()).unwrap()
}

#[test]
fn roots_of_every_size() {
    for (size, root) in ROOTS.iter().enumerate() {
        assert_eq!(tree().root_at(size as u32), Ok(hash(root)));
        assert_eq!(Tree::<Sha256>::from_leaves(&leaves()[..size]).unwrap().root(), hash(root));
    }
    assert_eq!(Sha256::empty(), hash(ROOTS[0]));
}

#[test]
fn inclusion_proofs() {
    for (index, count, path) in INCLUSION {
        let published = InclusionProof { index, count, path: hashes(path) };
        assert_eq!(tree().prove_at(index, count).as_ref(), Ok(&published));
        assert!(published.verify::<Sha256>(&hash(ROOTS[count as usize]), &leaves()[index as usize]));
    }
}

#[test]
fn consistency_proofs() {
    for (old, new, path) in CONSISTENCY {
        let published = ConsistencyProof { old, new, path: hashes(path) };
        assert_eq!(tree().prove_consistency(old, new).as_ref(), Ok(&published));
        assert!(published.verify::<Sha256>(&hash(ROOTS[old as usize]), &hash(ROOTS[new as usize])));
    }
}

/// The example of RFC 9162 section 2.1.5: seven leaves, and which nodes stand in which proof.
#[test]
fn the_rfcs_example_of_seven_leaves() {
    let data: Vec<[u8; 2]> = (0..7).map(|number| [b'd', b'0' + number]).collect();
    let tree = Tree::<Sha256>::from_leaves(&data).unwrap();
    let [a, b, c, d, e, f, j] = std::array::from_fn(|number| Sha256::leaf(&data[number]));
    let node = |left: &Hash, right: &Hash| Sha256::node(left, right);
    let (g, h, i) = (node(&a, &b), node(&c, &d), node(&e, &f));
    let (k, l) = (node(&g, &h), node(&i, &j));
    assert_eq!(tree.root(), node(&k, &l));
    assert_eq!(tree.prove(0).unwrap().path, [b, h, l]);
    assert_eq!(tree.prove(3).unwrap().path, [c, g, l]);
    assert_eq!(tree.prove(4).unwrap().path, [f, j, k]);
    assert_eq!(tree.prove(6).unwrap().path, [i, k]);
    assert_eq!(tree.prove_consistency(3, 7).unwrap().path, [c, d, g, l]);
    assert_eq!(tree.prove_consistency(4, 7).unwrap().path, [l]);
    assert_eq!(tree.prove_consistency(6, 7).unwrap().path, [i, j, k]);
}
