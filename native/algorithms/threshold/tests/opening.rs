//! Opening: who can, who can't, and who is to blame.
#![allow(clippy::unwrap_used, missing_docs)]

use globelet_threshold::{
    check, combine, deal, encrypt, verify_share, Ciphertext, DecryptionShare, KeyShare, PublicKey, ThresholdError,
};
use proptest::prelude::*;

const LABEL: &[u8] = b"round 7 of tokyo";

fn committee() -> (PublicKey, Vec<KeyShare>) {
    deal(7, 3, &[9; 32]).unwrap()
}

fn shares(keys: &[KeyShare], members: &[usize], c: &Ciphertext) -> Vec<DecryptionShare> {
    members.iter().map(|&member| keys[member].decryption_share(c, &[0; 32])).collect()
}

#[test]
fn every_three_of_seven_open() {
    let (key, keys) = committee();
    let c = encrypt(&key, LABEL, b"one cherry blossom", &[1; 32]);
    assert_eq!(check(&key, LABEL, &c), Ok(()));
    for a in 0..7 {
        for b in 0..a {
            for d in 0..b {
                let opened = combine(&key, LABEL, &c, &shares(&keys, &[a, b, d], &c)).unwrap();
                assert_eq!(opened, b"one cherry blossom");
            }
        }
    }
}

#[test]
fn two_do_not_open_even_if_one_repeats_itself() {
    let (key, keys) = committee();
    let c = encrypt(&key, LABEL, b"secret", &[1; 32]);
    let refused = combine(&key, LABEL, &c, &shares(&keys, &[4, 2, 2, 4], &c));
    assert_eq!(refused, Err(ThresholdError::NotEnough { have: 2, needed: 3 }));
    // A third share made with another committee's key does not stand in for a real one.
    let (_, strangers) = deal(7, 3, &[8; 32]).unwrap();
    let mut forged = shares(&keys, &[4, 2], &c);
    forged.extend(shares(&strangers, &[0], &c));
    assert_eq!(combine(&key, LABEL, &c, &forged), Err(ThresholdError::BadShares { indices: vec![0] }));
}

#[test]
fn bad_shares_are_named_and_the_rest_opens() {
    let (key, keys) = committee();
    let c = encrypt(&key, LABEL, b"secret", &[1; 32]);
    let other = encrypt(&key, LABEL, b"other", &[2; 32]);
    let mut given = shares(&keys, &[0, 1, 2, 3, 4], &c);
    given[1] = keys[1].decryption_share(&other, &[0; 32]);
    given[4] = keys[4].decryption_share(&other, &[0; 32]);
    assert_eq!(combine(&key, LABEL, &c, &given), Err(ThresholdError::BadShares { indices: vec![1, 4] }));
    given.retain(|share| verify_share(&key, &c, share));
    assert_eq!(combine(&key, LABEL, &c, &given).unwrap(), b"secret");
}

#[test]
fn the_label_is_bound() {
    let (key, keys) = committee();
    let c = encrypt(&key, LABEL, b"secret", &[1; 32]);
    assert_eq!(check(&key, b"round 8 of tokyo", &c), Err(ThresholdError::Label));
    let given = shares(&keys, &[0, 1, 2], &c);
    assert_eq!(combine(&key, b"round 8 of tokyo", &c, &given), Err(ThresholdError::Label));
    // Relabelling the ciphertext by force breaks its proof.
    let moved = Ciphertext { label: encrypt(&key, b"round 8 of tokyo", b"", &[3; 32]).label, ..c };
    assert_eq!(check(&key, b"round 8 of tokyo", &moved), Err(ThresholdError::Proof));
}

#[test]
fn an_encryptor_who_cheats_is_told_apart_from_bad_members() {
    let (key, keys) = committee();
    let mut c = encrypt(&key, LABEL, b"secret", &[1; 32]);
    c.commitment[0] ^= 1;
    let given = shares(&keys, &[0, 1, 2], &c);
    assert_eq!(combine(&key, LABEL, &c, &given), Err(ThresholdError::Unopenable));
}

#[test]
fn impossible_thresholds_are_refused() {
    for (n, needed) in [(4, 0), (4, 5), (0, 0)] {
        assert_eq!(deal(n, needed, &[0; 32]).unwrap_err(), ThresholdError::Threshold { n, needed });
    }
}

#[test]
fn secrets_are_not_printed() {
    let (_, keys) = committee();
    let secret = borsh::to_vec(&keys[0]).unwrap()[2..34].to_vec();
    let printed = format!("{:?}", keys[0]);
    assert!(printed.contains("redacted"));
    assert!(!printed.contains(&format!("{}, {}", secret[0], secret[1])));
}

#[test]
fn everything_survives_encoding() {
    let (key, keys) = committee();
    let c = encrypt(&key, LABEL, b"secret", &[1; 32]);
    let share = keys[5].decryption_share(&c, &[0; 32]);
    assert_eq!(borsh::from_slice::<PublicKey>(&borsh::to_vec(&key).unwrap()).unwrap(), key);
    assert_eq!(borsh::from_slice::<KeyShare>(&borsh::to_vec(&keys[5]).unwrap()).unwrap(), keys[5]);
    assert_eq!(borsh::from_slice::<Ciphertext>(&borsh::to_vec(&c).unwrap()).unwrap(), c);
    assert_eq!(borsh::from_slice::<DecryptionShare>(&borsh::to_vec(&share).unwrap()).unwrap(), share);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_flipped_bit_is_refused(bit in 0usize..8 * 300, length in 0usize..60) {
        let (key, _) = committee();
        let c = encrypt(&key, LABEL, &vec![5; length], &[1; 32]);
        let mut bytes = borsh::to_vec(&c).unwrap();
        let bit = bit % (8 * bytes.len());
        bytes[bit / 8] ^= 1 << (bit % 8);
        let refused = borsh::from_slice::<Ciphertext>(&bytes).map_or(true, |c| check(&key, LABEL, &c).is_err());
        prop_assert!(refused);
    }

    #[test]
    fn a_flipped_bit_in_a_share_is_refused(bit in 0usize..8 * 98) {
        let (key, keys) = committee();
        let c = encrypt(&key, LABEL, b"secret", &[1; 32]);
        let mut bytes = borsh::to_vec(&keys[2].decryption_share(&c, &[0; 32])).unwrap();
        prop_assert_eq!(bytes.len(), 98);
        bytes[bit / 8] ^= 1 << (bit % 8);
        let holds = borsh::from_slice::<DecryptionShare>(&bytes).is_ok_and(|share| verify_share(&key, &c, &share));
        prop_assert!(!holds);
    }

    #[test]
    fn any_bytes_decode_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = borsh::from_slice::<Ciphertext>(&bytes);
        let _ = borsh::from_slice::<PublicKey>(&bytes);
    }
}

#[test]
fn a_public_key_in_which_a_member_has_none_is_refused() {
    let mut bytes = deal(4, 2, &[1; 32]).unwrap().0.to_bytes();
    let last = bytes.len() - 32;
    // The encoding of the identity: anybody could make this member's shares.
    bytes[last..].fill(0);
    assert_eq!(PublicKey::from_bytes(&bytes).unwrap_err().code(), "threshold.encoding");
}
