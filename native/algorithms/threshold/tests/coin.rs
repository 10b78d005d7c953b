//! The common coin: one value, whoever contributes.
#![allow(clippy::unwrap_used, missing_docs)]

use globelet_threshold::{combine_coin, deal, verify_coin_share, CoinShare, KeyShare, ThresholdError};

fn shares(keys: &[KeyShare], members: &[usize], name: &[u8]) -> Vec<CoinShare> {
    members.iter().map(|&member| keys[member].coin_share(name)).collect()
}

#[test]
fn every_subset_draws_the_same_coin() {
    let (key, keys) = deal(7, 3, &[4; 32]).unwrap();
    let coin = combine_coin(&key, b"a", &shares(&keys, &[0, 1, 2], b"a")).unwrap();
    for a in 0..7 {
        for b in 0..a {
            for c in 0..b {
                assert_eq!(combine_coin(&key, b"a", &shares(&keys, &[c, a, b], b"a")).unwrap(), coin);
            }
        }
    }
    assert_ne!(combine_coin(&key, b"b", &shares(&keys, &[0, 1, 2], b"b")).unwrap(), coin);
}

#[test]
fn invalid_shares_do_not_count() {
    let (key, keys) = deal(4, 2, &[4; 32]).unwrap();
    let mut given = shares(&keys, &[0], b"a");
    given.extend(shares(&keys, &[1], b"b"));
    given.extend(shares(&keys, &[0], b"a"));
    assert!(!verify_coin_share(&key, b"a", &given[1]));
    assert_eq!(combine_coin(&key, b"a", &given), Err(ThresholdError::NotEnough { have: 1, needed: 2 }));
    given.extend(shares(&keys, &[1], b"a"));
    let coin = combine_coin(&key, b"a", &shares(&keys, &[2, 3], b"a")).unwrap();
    assert_eq!(combine_coin(&key, b"a", &given).unwrap(), coin);
}

#[test]
fn low_bits_of_many_coins_are_balanced() {
    let (key, keys) = deal(4, 2, &[4; 32]).unwrap();
    let heads = (0u32..256).filter(|name| {
        let name = name.to_le_bytes();
        combine_coin(&key, &name, &shares(&keys, &[0, 3], &name)).unwrap()[0] & 1 == 1
    });
    // Six standard deviations around 128: fails for a fair coin less than once in 10^8 names.
    assert!((80..=176).contains(&heads.count()));
}
