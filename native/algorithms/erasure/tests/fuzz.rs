//! Decoders take any bytes without harm, and only the bytes that they would write.
#![allow(clippy::unwrap_used)]

use globelet_erasure::{commit, Codec, Decoder, Encoder, Manifest, MerkleProof};
use globelet_fuzz::fuzz;

#[test]
fn proof() {
    let shards = Codec::new(4, 7).unwrap().encode(b"tokyo pays paris");
    let commitment = commit(&shards);
    let seeds: Vec<_> = (0..7).map(|index| commitment.proof(index).to_bytes()).collect();
    fuzz("erasure-proof", &seeds, |bytes| {
        if let Ok(proof) = MerkleProof::from_bytes(bytes) {
            assert_eq!(proof.to_bytes(), bytes);
            assert_eq!(borsh::to_vec(&proof).unwrap(), bytes);
            assert!(!proof.verify(&commitment.root, b"no shard of it"));
        }
        // What the protocol reads proofs by.
        if let Ok(proof) = borsh::from_slice::<MerkleProof>(bytes) {
            assert_eq!(proof.to_bytes(), bytes);
            proof.root_of(b"shard");
        }
    });
}

#[test]
fn shards() {
    let (narrow, wide) = (Codec::new(2, 4).unwrap(), Codec::new(3, 300).unwrap());
    let seed = |codec: &Codec, some: [usize; 3]| {
        let shards = codec.encode(b"tokyo pays paris");
        some.iter().flat_map(|i| [&[*i as u8][..], &shards[*i]].concat()).collect::<Vec<u8>>()
    };
    let seeds =
        [seed(&narrow, [0, 2, 3]), seed(&narrow, [1, 2, 3]), seed(&wide, [0, 100, 200]), seed(&wide, [3, 4, 5])];
    fuzz("erasure-shards", &seeds, |bytes| {
        for codec in [&narrow, &wide] {
            let size = codec.shard_len(16) + 1;
            let shards: Vec<(usize, &[u8])> =
                bytes.chunks(size).map(|part| (usize::from(part[0]), &part[1..])).collect();
            if let Ok(payload) = codec.decode(&shards) {
                let again = codec.encode(&payload);
                let used: Vec<_> = shards.iter().filter(|(index, _)| *index < codec.k()).collect();
                assert!(
                    used.iter().all(|(index, shard)| again[*index] == *shard),
                    "a data shard is the payload itself"
                );
            }
        }
    });
}

#[test]
fn manifest() {
    let seed = |k, n, stripe, length| {
        let mut encoder = Encoder::new(Codec::new(k, n).unwrap(), stripe).unwrap();
        encoder.push(&vec![7; length]).unwrap();
        encoder.finish().unwrap().1.to_bytes()
    };
    let seeds = [seed(2, 3, 10, 25), seed(1, 2, 1, 3), seed(4, 7, 1 << 20, 0), seed(200, 300, 64, 64)];
    fuzz("erasure-manifest", &seeds, |bytes| {
        if let Ok(manifest) = Manifest::from_bytes(bytes) {
            assert_eq!(manifest.to_bytes(), bytes);
            let last = manifest.roots().len() - 1;
            let whole: u64 = (0..=last).map(|number| manifest.payload_len(number).unwrap() as u64).sum();
            assert_eq!(whole, manifest.length());
            assert!(!manifest.verify(last, 0, bytes).unwrap());
            let decoder = Decoder::new(manifest).unwrap();
            assert!(decoder.open(0, &[(0, bytes), (1, bytes)]).is_err());
        }
    });
}

#[test]
fn pieces() {
    let mut encoder = Encoder::new(Codec::new(2, 4).unwrap(), 16).unwrap();
    let stripe = encoder.push(b"tokyo pays paris").unwrap().remove(0);
    let manifest = encoder.finish().unwrap().1;
    let size = manifest.piece_len(0, 0).unwrap();
    let seeds = [stripe.pieces[..2].concat(), stripe.pieces[2..].concat(), stripe.pieces.concat()];
    let decoder = Decoder::new(manifest).unwrap();
    fuzz("erasure-pieces", &seeds, |bytes| {
        for from in 0..3 {
            let pieces: Vec<(usize, &[u8])> =
                bytes.chunks(size).enumerate().map(|(i, piece)| ((from + i) % 4, piece)).collect();
            if let Ok(opened) = decoder.open(0, &pieces) {
                assert_eq!(opened.payload, b"tokyo pays paris", "nothing else stands under this manifest");
            }
        }
    });
}
