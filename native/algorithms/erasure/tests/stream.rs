//! Streams of stripes: any parts in, any k pieces out, wrong pieces named.
#![allow(clippy::unwrap_used, missing_docs)]

use globelet_erasure::{commit, Codec, Decoder, Encoder, ErasureError, Manifest, MerkleProof, Proven, MAX_STRIPE};
use proptest::prelude::*;

/// The pieces of every stripe and the manifest, with the payload pushed in parts.
fn stream(k: usize, n: usize, stripe: usize, parts: &[&[u8]]) -> (Vec<Vec<Vec<u8>>>, Manifest) {
    let mut encoder = Encoder::new(Codec::new(k, n).unwrap(), stripe).unwrap();
    let mut stripes: Vec<_> = parts.iter().flat_map(|part| encoder.push(part).unwrap()).collect();
    let (last, manifest) = encoder.finish().unwrap();
    stripes.extend(last);
    (stripes.into_iter().map(|stripe| stripe.pieces).collect(), manifest)
}

fn some<'a>(pieces: &'a [Vec<u8>], kept: &[usize]) -> Vec<(usize, &'a [u8])> {
    kept.iter().map(|i| (*i, pieces[*i].as_slice())).collect()
}

proptest! {
    #[test]
    fn any_k_pieces_of_each_stripe_rebuild(
        (k, n) in (1_usize..7, 1_usize..7).prop_map(|(k, more)| (k, k + more)),
        stripe in 1_usize..50,
        payload in prop::collection::vec(any::<u8>(), 0..300),
        cut in 1_usize..60,
        turn in 0_usize..14,
    ) {
        let parts: Vec<&[u8]> = payload.chunks(cut).collect();
        let (stripes, manifest) = stream(k, n, stripe, &parts);
        prop_assert_eq!(&stream(k, n, stripe, &[&payload]), &(stripes.clone(), manifest.clone()), "parts do not matter");
        prop_assert_eq!(stripes.len(), payload.len().div_ceil(stripe).max(1));
        prop_assert_eq!(manifest.length(), payload.len() as u64);
        prop_assert_eq!(Manifest::from_bytes(&manifest.to_bytes()), Ok(manifest.clone()));
        let (doubting, kept) = (Decoder::new(manifest.clone()).unwrap(), (0..k).map(|i| (i + turn) % n).collect::<Vec<_>>());
        let mut whole = Vec::new();
        for (number, pieces) in stripes.iter().enumerate() {
            for (index, piece) in pieces.iter().enumerate() {
                prop_assert_eq!(piece.len(), manifest.piece_len(number, index).unwrap());
                prop_assert!(manifest.verify(number, index, piece).unwrap());
            }
            let opened = doubting.open(number, &some(pieces, &kept)).unwrap();
            prop_assert_eq!(&doubting.clone().trusting().open(number, &some(pieces, &kept)).unwrap(), &opened);
            prop_assert!(opened.wrong.is_empty());
            whole.extend(opened.payload);
        }
        prop_assert_eq!(whole, payload);
    }
}

/// Each bit of each piece, path and shard alike.
#[test]
fn a_flipped_bit_is_always_named_and_never_decoded() {
    let (stripes, manifest) = stream(2, 4, 16, &[b"tokyo pays paris"]);
    let decoder = Decoder::new(manifest.clone()).unwrap();
    for index in 0..4 {
        for bit in 0..stripes[0][index].len() * 8 {
            let mut pieces = stripes[0].clone();
            pieces[index][bit / 8] ^= 1 << (bit % 8);
            assert_eq!(manifest.verify(0, index, &pieces[index]), Ok(false));
            let opened = decoder.open(0, &some(&pieces, &[0, 1, 2, 3])).unwrap();
            assert_eq!(opened, Proven { payload: b"tokyo pays paris".to_vec(), wrong: vec![index] });
            let refused = decoder.open(0, &some(&pieces, &[index, (index + 1) % 4]));
            assert_eq!(refused, Err(ErasureError::Wrong { wrong: vec![index], have: 1, need: 2 }));
        }
    }
}

#[test]
fn pieces_of_another_place_or_length_are_wrong_shards() {
    let (stripes, manifest) = stream(2, 4, 8, &[b"tokyo pays paris"]);
    let decoder = Decoder::new(manifest).unwrap();
    let (here, there) = (&stripes[0], &stripes[1]);
    let [one, two] = [&here[1][..], &here[2][..]];
    for wrong in [&there[0][..], &here[3], &here[0][1..], &here[0][..40], &[], &[here[0].clone(), vec![0]].concat()] {
        let opened = decoder.open(0, &[(0, wrong), (1, one), (2, two)]).unwrap();
        assert_eq!((opened.payload.as_slice(), opened.wrong), (&b"tokyo pa"[..], vec![0]));
    }
    assert_eq!(decoder.open(0, &[(1, one), (1, one)]), Err(ErasureError::TooFew { have: 1, need: 2 }));
    assert_eq!(decoder.open(2, &[]), Err(ErasureError::NoSuchStripe { number: 2, count: 2 }));
    assert_eq!(decoder.open(0, &[(4, one)]), Err(ErasureError::Index { index: 4, n: 4 }));
    assert_eq!(decoder.open(0, &[]), Err(ErasureError::TooFew { have: 0, need: 2 }));
}

#[test]
fn proven_shards_are_named_by_their_proofs() {
    let codec = Codec::new(2, 4).unwrap();
    let shards = codec.encode(b"tokyo pays paris");
    let commitment = commit(&shards);
    let proofs: Vec<MerkleProof> = (0..4).map(|index| commitment.proof(index)).collect();
    let with = |pairs: &[(usize, &[u8])]| {
        let given: Vec<_> = pairs.iter().map(|(index, shard)| (&proofs[*index], *shard)).collect();
        codec.decode_proven(&commitment.root, &given)
    };
    let good = with(&[(3, &shards[3]), (1, &shards[1]), (0, b"false")]).unwrap();
    assert_eq!(good, Proven { payload: b"tokyo pays paris".to_vec(), wrong: vec![0] });
    let bad = with(&[(3, &shards[2]), (1, &shards[1]), (0, b"false")]).unwrap_err();
    assert_eq!((bad.code(), bad.to_string().contains("shards 0, 3 are not")), ("erasure.wrong-shards", true));
    // A proof for a tree of another size is no proof for this code, though its hashes lead to a root.
    let other = commit(&shards[..3]);
    let given = [(&other.proof(0), &shards[0][..]), (&other.proof(1), &shards[1][..])];
    assert!(matches!(codec.decode_proven(&other.root, &given), Err(ErasureError::Wrong { .. })));
}

#[test]
fn a_maker_whose_shards_disagree_is_found_out() {
    let codec = Codec::new(2, 4).unwrap();
    let (one, two) = (codec.encode(b"pay alice"), codec.encode(b"pay mallo"));
    let shards = [&one[..2], &two[2..]].concat();
    let commitment = commit(&shards);
    let manifest = [&b"gle1\x02\0\x04\0\x10\0\0\0\x09\0\0\0\0\0\0\0"[..], &commitment.root].concat();
    let decoder = Decoder::new(Manifest::from_bytes(&manifest).unwrap()).unwrap();
    let piece = |i: usize| [commitment.proof(i).path.as_flattened(), &shards[i]].concat();
    for pair in [[0, 1], [2, 3]] {
        let pieces: Vec<Vec<u8>> = pair.iter().map(|i| piece(*i)).collect();
        let given = [(pair[0], &pieces[0][..]), (pair[1], &pieces[1][..])];
        assert_eq!(decoder.open(0, &given), Err(ErasureError::Inconsistent));
        assert!(decoder.clone().trusting().open(0, &given).is_ok(), "who trusts the maker is not told");
    }
}

#[test]
fn an_impossible_manifest_is_refused() {
    let good = stream(2, 4, 16, &[b"tokyo pays paris"]).1.to_bytes();
    let with = |at: usize, bytes: &[u8]| {
        let mut changed = good.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        Manifest::from_bytes(&changed).unwrap_err().code()
    };
    assert_eq!(with(0, b"gle2"), "erasure.manifest");
    assert_eq!(with(4, &[5, 0]), "erasure.shape");
    assert_eq!(with(4, &[0, 0]), "erasure.shape");
    assert_eq!(with(8, &[0; 4]), "erasure.stripe");
    assert_eq!(with(8, &(MAX_STRIPE + 1).to_le_bytes()), "erasure.stripe");
    assert_eq!(with(12, &17_u64.to_le_bytes()), "erasure.manifest");
    assert_eq!(with(12, &u64::MAX.to_le_bytes()), "erasure.manifest");
    for length in 0..good.len() {
        assert!(Manifest::from_bytes(&good[..length]).is_err());
    }
    let codec = || Codec::new(2, 4).unwrap();
    assert_eq!(Encoder::new(codec(), 0).unwrap_err(), ErasureError::Stripe { stripe: 0 });
    assert_eq!(Encoder::new(codec(), 1 << 40).unwrap_err(), ErasureError::Stripe { stripe: 1 << 40 });
}

#[test]
fn what_has_the_wrong_size_is_refused_before_any_work() {
    let codec = Codec::new(2, 3).unwrap();
    let huge = vec![0; u32::MAX as usize + 1];
    let too_long = ErasureError::TooLong { have: 1 << 32, most: u64::from(u32::MAX) };
    assert_eq!(codec.try_encode(&huge), Err(too_long));
    let (mut a, mut b, mut c) = ([0; 3], [0; 3], [0; 4]);
    assert_eq!(codec.encode_into(b"ab", &mut [&mut a, &mut b]), Err(ErasureError::Count { have: 2, need: 3 }));
    let odd = ErasureError::Length { index: 2, have: 4, need: 3 };
    assert_eq!(codec.encode_into(b"ab", &mut [&mut a, &mut b, &mut c]), Err(odd));
    assert_eq!(codec.parity(&[b"", b""], &mut [&mut []]), Err(ErasureError::Length { index: 0, have: 0, need: 1 }));
    let wide = Codec::new(2, 256).unwrap();
    let odd = ErasureError::Length { index: 0, have: 3, need: 4 };
    assert_eq!(wide.decode(&[(0, b"abc"), (1, b"abc")]), Err(odd));
    assert_eq!(codec.restore(&[(0, b"a"), (1, b"b")], &[3]), Err(ErasureError::Index { index: 3, n: 3 }));
    let commitment = commit(&[b"a", b"b"]);
    assert_eq!(commitment.try_proof(2), Err(ErasureError::Index { index: 2, n: 2 }));
    assert_eq!((commitment.len(), commitment.is_empty()), (2, false));
}
