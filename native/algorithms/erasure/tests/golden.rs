//! The bytes of shards, proofs, manifests and pieces, which cross processes. A change here is a change of format, made on
//! purpose.
#![allow(clippy::unwrap_used)]

use globelet_erasure::{commit, Codec, Encoder, Manifest, MerkleProof};

const PAYLOAD: &[u8] = b"tokyo pays paris";

/// From the definition, worked out apart from this crate.
const SHARDS: [&str; 6] =
    ["10000000746f6b", "796f2070617973", "20706172697300", "69c9714afbe465", "400b335ecc006e", "25c2cd65cc729b"];

fn digest(shards: &[Vec<u8>]) -> String {
    hex::encode(&commit(shards).root[..8])
}

#[test]
fn shards() {
    let made = Codec::new(3, 6).unwrap().encode(PAYLOAD);
    assert_eq!(made.iter().map(hex::encode).collect::<Vec<_>>(), SHARDS);
    let long: Vec<u8> = (0..10_000_u32).map(|at| ((at * at) >> 3) as u8).collect();
    let roots = [(1, 2), (4, 7), (32, 64), (200, 255), (200, 300)]
        .map(|(k, n)| digest(&Codec::new(k, n).unwrap().encode(&long)));
    assert_eq!(
        roots,
        ["9cddc56a5bf3c189", "3ac17572a0ec6c0a", "c308af93eb34cb65", "438b59d98571c560", "3f133d920c751129"]
    );
}

#[test]
fn proof() {
    let proof = MerkleProof { index: 6, count: 7, path: vec![[0xaa; 32], [0xbb; 32]] };
    let golden = format!("060000000700000002000000{}{}", "aa".repeat(32), "bb".repeat(32));
    assert_eq!(hex::encode(proof.to_bytes()), golden);
    assert_eq!(borsh::to_vec(&proof).unwrap(), proof.to_bytes());
    assert_eq!(MerkleProof::from_bytes(&hex::decode(golden).unwrap()), Ok(proof));
}

#[test]
fn manifest_and_pieces() {
    let mut encoder = Encoder::new(Codec::new(2, 3).unwrap(), 10).unwrap();
    let stripes = encoder.push(PAYLOAD).unwrap();
    let (last, manifest) = encoder.finish().unwrap();
    let golden = "676c6531020003000a00000010000000000000000b6d06a461b61d031cb89a3e4c4a99c061e7e14a03dceff7228c68d60a0ab49e6a5f3cfdb1cdc5bde38e028efbe8b8ae76a6f891f33626c0257807f59fea0844";
    assert_eq!(hex::encode(manifest.to_bytes()), golden);
    assert_eq!(Manifest::from_bytes(&manifest.to_bytes()), Ok(manifest));
    assert_eq!(
        hex::encode(&stripes[0].pieces[2]),
        "e8cd20a987908794dc0b4b874428c98497f9a6e83fff2bef9eeb5fef5c60e854d925ebdbee6561"
    );
    assert_eq!(hex::encode(&last.unwrap().pieces[0]), "42496cdfb0553d6ff76921ece9e973ee87f3351b8dc75ba118bb9ee72aced6f60f847ef5f2d0eda09c568494118b45c3fd5d1af7dc58ac406979205fee7a256b0600000020");
}
