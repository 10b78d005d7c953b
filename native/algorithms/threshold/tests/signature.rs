//! Threshold BLS: any quorum gives the same signature, nobody else does, cheats are named.
#![allow(clippy::unwrap_used, missing_docs)]

use globelet_threshold::signature::{deal_signing, SigningCommittee};
use globelet_threshold::ThresholdError;

#[test]
fn any_three_of_four_make_the_same_signature() {
    let (committee, shares) = deal_signing(4, 3, &[1; 32]).unwrap();
    let all: Vec<_> = shares.iter().map(|s| (s.index(), s.sign(b"checkpoint"))).collect();
    let whole = committee.combine(b"checkpoint", &all).unwrap();
    for left_out in 0..4 {
        let three: Vec<_> = all.iter().filter(|(i, _)| *i != left_out).copied().collect();
        assert_eq!(committee.combine(b"checkpoint", &three), Ok(whole));
    }
    assert!(committee.verify(b"checkpoint", &whole) && !committee.verify(b"another", &whole));
    assert_eq!(committee.combine(b"checkpoint", &all[..2]), Err(ThresholdError::NotEnough { have: 2, needed: 3 }));
    let twice = [all[0], all[0], all[1]];
    assert_eq!(committee.combine(b"checkpoint", &twice), Err(ThresholdError::NotEnough { have: 2, needed: 3 }));
}

#[test]
fn bad_shares_are_named() {
    let (committee, shares) = deal_signing(4, 3, &[1; 32]).unwrap();
    let mut all: Vec<_> = shares.iter().map(|s| (s.index(), s.sign(b"checkpoint"))).collect();
    all[1].1 = shares[1].sign(b"another");
    all[2].1 = [0xff; 48];
    assert_eq!(committee.combine(b"checkpoint", &all), Err(ThresholdError::BadShares { indices: vec![1, 2] }));
    let mut infinity = [0; 48];
    infinity[0] = 0xc0;
    assert!(!committee.verify(b"checkpoint", &infinity));
}

#[test]
fn keys_travel_and_other_deals_do_not_fit() {
    let (committee, shares) = deal_signing(7, 5, &[2; 32]).unwrap();
    assert_eq!(deal_signing(7, 5, &[2; 32]).unwrap(), (committee.clone(), shares.clone()));
    let bytes = borsh::to_vec(&committee).unwrap();
    assert_eq!(borsh::from_slice::<SigningCommittee>(&bytes).unwrap(), committee);
    let mut broken = bytes.clone();
    broken[10] ^= 1;
    assert!(borsh::from_slice::<SigningCommittee>(&broken).is_err());
    let (other, _) = deal_signing(7, 5, &[3; 32]).unwrap();
    let five: Vec<_> = shares.iter().take(5).map(|s| (s.index(), s.sign(b"x"))).collect();
    let signature = committee.combine(b"x", &five).unwrap();
    assert!(!other.verify(b"x", &signature));
    assert!(deal_signing(3, 4, &[0; 32]).is_err() && deal_signing(3, 0, &[0; 32]).is_err());
    assert!(!format!("{:?}", shares[0]).contains("secret: ["));
}

/// Every subset of a committee of nine, and members far apart, whose coefficients are large.
#[test]
fn coefficients_of_every_size_give_one_signature() {
    let (committee, shares) = deal_signing(9, 4, &[1; 32]).unwrap();
    let all: Vec<_> = shares.iter().map(|s| (s.index(), s.sign(b"checkpoint"))).collect();
    let whole = committee.combine(b"checkpoint", &all).unwrap();
    for set in (0_u16..1 << 9).filter(|set| set.count_ones() == 4).step_by(5) {
        let four: Vec<_> = all.iter().filter(|(index, _)| set >> index & 1 == 1).copied().collect();
        assert_eq!(committee.combine(b"checkpoint", &four), Ok(whole));
    }
    let (committee, shares) = deal_signing(300, 12, &[1; 32]).unwrap();
    let far: Vec<_> = shares.iter().step_by(23).map(|s| (s.index(), s.sign(b"checkpoint"))).collect();
    let near: Vec<_> = shares.iter().skip(270).map(|s| (s.index(), s.sign(b"checkpoint"))).collect();
    assert_eq!(committee.combine(b"checkpoint", &far), committee.combine(b"checkpoint", &near));
    assert!(committee.combine(b"checkpoint", &far).is_ok());
}

/// A share that is on the curve but outside of the group never gives a wrong signature, and is named.
#[test]
fn a_share_outside_of_the_group_is_named() {
    let (committee, shares) = deal_signing(4, 3, &[1; 32]).unwrap();
    let mut all: Vec<_> = shares.iter().map(|s| (s.index(), s.sign(b"checkpoint"))).collect();
    // Small x are on the curve half of the time, and hardly ever in the group.
    let outside = (0_u8..20).find_map(|x| {
        let mut bytes = [0; 48];
        (bytes[0], bytes[47]) = (0x80, x);
        let point: Option<blstrs::G1Affine> = blstrs::G1Affine::from_compressed_unchecked(&bytes).into();
        point.filter(|point| !bool::from(point.is_torsion_free())).map(|_| bytes)
    });
    all[1].1 = outside.unwrap();
    assert_eq!(committee.combine(b"checkpoint", &all), Err(ThresholdError::BadShares { indices: vec![1] }));
}
