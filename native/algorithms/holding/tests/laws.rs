//! Laws of holding: losses are caught as often as stated, and no proof outlives its time to live.
#![allow(clippy::unwrap_used, missing_docs)]

use globelet_holding::{
    caught, ranges_needed, Answer, Challenge, Content, Extension, Holder, HoldingError, HoldingProof, Limits, Outcome,
    Record, Records, Request, Shard, Stamp, Wanted, WHOLE_PPM,
};
use globelet_signatures::SigningKey;
use proptest::prelude::*;

const LIMITS: Limits = Limits { bytes: 1 << 20, shards: 64, longest_us: 1_000_000 };

fn key(number: u8) -> SigningKey {
    SigningKey::from_seed(&[number; 32])
}

fn at(micros: u64) -> Stamp {
    Stamp { micros, counter: 0 }
}

fn challenge(number: u64, ranges: u16, width: u16) -> Challenge {
    let seed = *blake3::hash(&number.to_le_bytes()).as_bytes();
    Challenge { vertex: [1; 32], shard: 4, holder: 9, seed, ranges, width, due_us: 5_000 }
}

/// A holder that lost some pieces and kept the tree: zeros stand where it does not know better, and it signs them.
fn cheat(lossy: &[bool], number: u64, ranges: u16, width: u16, shard: &Shard) -> bool {
    let asked = challenge(number, ranges, width);
    let mut answer = Answer::make(&key(9), &asked, shard).unwrap();
    for (piece, index) in answer.pieces.iter_mut().zip(asked.pieces(&shard.commitment()).unwrap()) {
        if lossy[index as usize] {
            piece.fill(0);
        }
    }
    answer.signature = key(9).sign(&answer.signing_bytes(&asked));
    match answer.verify(&shard.commitment(), &asked, &key(9).public(), 1) {
        Ok(()) => false,
        Err(HoldingError::WrongAnswer { .. }) => true,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn who_lost_a_part_is_caught_as_often_as_stated() {
    let (pieces, tries) = (200u32, 1_500u64);
    let shard = Shard::cut((0..pieces * 8).map(|i| (i % 251) as u8 | 1).collect(), 8).unwrap();
    for (lost, ranges, width, scattered) in [
        (2, 10, 1, false),
        (10, 10, 1, true),
        (20, 5, 3, false),
        (20, 5, 3, true),
        (1, 40, 2, false),
        (100, 3, 1, true),
    ] {
        let step = if scattered { pieces / lost } else { 1 };
        let lossy: Vec<bool> = (0..pieces).map(|i| i % step == 0 && i / step < lost).collect();
        assert_eq!(lossy.iter().filter(|l| **l).count(), lost as usize);
        let found = (0..tries).filter(|n| cheat(&lossy, n + 10_000 * u64::from(lost), ranges, width, &shard)).count();
        let stated = caught(pieces, lost, ranges, width);
        let (mean, deviation) = (tries as f64 * stated, (tries as f64 * stated * (1.0 - stated)).sqrt());
        // Seeds are fixed; 4.5 standard deviations are met once in 150,000.
        assert!(found as f64 >= mean - 4.5 * deviation, "{found} of {tries}, {mean} stated, {lost} lost");
        let exact = !scattered || width == 1;
        assert!(!exact || found as f64 <= mean + 4.5 * deviation, "{found} of {tries}, {mean} stated, {lost} lost");
    }
}

#[test]
fn the_stated_chance_is_that_of_counting() {
    // Of C(6, 2) = 15 pairs of pieces, C(4, 2) = 6 miss two lost ones.
    assert!((caught(6, 2, 2, 1) - 9.0 / 15.0).abs() < 1e-12);
    assert_eq!(caught(100, 0, 50, 4), 0.0);
    assert_eq!(caught(100, 100, 1, 1), 1.0);
    assert_eq!(caught(100, 1, 100, 1), 1.0);
    assert_eq!(caught(0, 0, 1, 1), 0.0);
    assert!((caught(1_000, 10, 1, 91) - 0.1).abs() < 1e-12);
    // The example of Ateniese and others: 1 % of 10,000 blocks lost, 460 drawn, 99 % caught.
    assert!((0.99..0.992).contains(&caught(10_000, 100, 460, 1)));
    assert_eq!(ranges_needed(10_000, 100, 1, 0.99), Some(448));
    assert_eq!(ranges_needed(10_000, 0, 1, 0.5), None);
    assert_eq!(ranges_needed(1 << 30, 1, 1, 0.99), None);
}

proptest! {
    #[test]
    fn challenges_draw_different_ranges_within_the_shard(length in 0usize..5_000, piece in 1u32..64, ranges in 1u16..60, width in 1u16..8, number: u64) {
        let shard = Shard::cut((0..length).map(|i| i as u8).collect(), piece).unwrap();
        let commitment = shard.commitment();
        let count = commitment.pieces().unwrap();
        prop_assert_eq!(count, (length as u32).div_ceil(piece).max(1));
        let asked = challenge(number, ranges, width);
        let drawn = asked.pieces(&commitment).unwrap();
        prop_assert!(drawn.windows(2).all(|pair| pair[0] < pair[1]) && drawn.iter().all(|i| *i < count));
        let least = (u32::from(ranges).min(count) + u32::from(width) - 1).min(count);
        prop_assert!(drawn.len() as u32 >= least && drawn.len() as u32 <= u32::from(ranges) * u32::from(width));
        let answer = Answer::make(&key(9), &asked, &shard).unwrap();
        answer.verify(&commitment, &asked, &key(9).public(), 5_000).unwrap();
        let read = Answer::from_bytes(&answer.to_bytes()).unwrap();
        prop_assert_eq!(&read, &answer);
        prop_assert_eq!(answer.verify(&commitment, &asked, &key(9).public(), 5_001).unwrap_err().code(), "holding.late");
        prop_assert_eq!(answer.verify(&commitment, &asked, &key(8).public(), 1), Err(HoldingError::BadSignature));
        let other = challenge(number.wrapping_add(1), ranges, width);
        prop_assert!(answer.verify(&commitment, &other, &key(9).public(), 1).is_err(), "answers one challenge only");
    }

    /// Whatever is asked of a holder and when: nothing that it ever signed verifies after the time it names, it never
    /// names more than the longest time from the moment of signing, and it forgets what is over. One whose
    /// requests something else vouches for says the same.
    #[test]
    fn no_proof_outlives_its_time_to_live(steps in prop::collection::vec((0u8..4, 0u8..3, 0u64..400_000, 0u64..1_300_000), 1..60)) {
        let (mut holder, mut vouched) = (Holder::new(9, key(9), LIMITS), Holder::<u8>::new(9, key(9), LIMITS));
        let mut now = 1_000;
        let mut signed: Vec<(u64, [u8; 32], HoldingProof)> = Vec::new();
        for (what, which, later, span) in steps {
            now += later;
            let (vertex, shard) = ([which; 32], Shard::cut(vec![which; 100], 7).unwrap());
            let extension = Extension::sign(&key(1), vertex, 4, now + span);
            let made = match what {
                0 | 1 => holder.hold(at(now), &Request::sign(&key(1), vertex, 4, shard.commitment(), span), vec![which; 100]),
                2 => holder.extend(now, &extension),
                _ => {
                    holder.expire(now);
                    Err(HoldingError::NotHeld)
                }
            };
            let content = Content::Checked { piece: 7 };
            let wanted = Wanted { place: which, vertex, shard: 4, asker: key(1).public(), content, ttl_us: span };
            let same = match what {
                0 | 1 => vouched.keep(at(now), &wanted, vec![which; 100], || true).ok(),
                2 => vouched.extend_at(now, which, &extension).ok(),
                _ => vouched.expire(now).pop().and(None),
            };
            prop_assert_eq!(made.as_ref().ok(), same.as_ref());
            if let Ok(proof) = made {
                prop_assert!(proof.until_us > now && proof.until_us - now <= LIMITS.longest_us);
                signed.push((now, vertex, proof));
            }
            for (_, vertex, proof) in &signed {
                let stands = proof.verify(&key(9).public(), vertex, now, LIMITS.longest_us).is_ok();
                prop_assert_eq!(stands, proof.until_us > now);
                let asked = Challenge { vertex: *vertex, due_us: u64::MAX, ..challenge(now, 2, 1) };
                let newest = signed.iter().filter(|s| s.1 == *vertex).map(|s| s.2.until_us).max().unwrap();
                prop_assert_eq!(holder.answer(now, &asked).is_ok(), newest > now, "held just as long as was signed");
                prop_assert_eq!(vouched.answer_at(now, vertex[0], &asked), holder.answer(now, &asked));
            }
        }
        holder.expire(now + LIMITS.longest_us);
        prop_assert!(vouched.expire(now + LIMITS.longest_us).len() <= 3 && vouched.is_empty());
        prop_assert!(holder.is_empty() && holder.bytes_held() == 0);
    }
}

#[test]
fn a_holder_refuses_what_it_should() {
    let mut holder = Holder::new(9, key(9), Limits { bytes: 150, shards: 2, longest_us: 1_000 });
    let shard = Shard::cut(vec![5; 100], 16).unwrap();
    let request = Request::sign(&key(1), [1; 32], 4, shard.commitment(), 500);
    let refused =
        |holder: &mut Holder, request: &Request, bytes| holder.hold(at(10), request, bytes).unwrap_err().code();
    assert_eq!(refused(&mut holder, &request, vec![5; 99]), "holding.wrong-shard");
    assert_eq!(refused(&mut holder, &request, vec![6; 100]), "holding.wrong-shard");
    let forged = Request { ttl_us: 501, ..request.clone() };
    assert_eq!(refused(&mut holder, &forged, vec![5; 100]), "holding.bad-signature");
    for ttl in [0, 1_001, u64::MAX] {
        let request = Request::sign(&key(1), [1; 32], 4, shard.commitment(), ttl);
        assert_eq!(refused(&mut holder, &request, vec![5; 100]), "holding.out-of-time");
    }
    let first = holder.hold(at(10), &request, vec![5; 100]).unwrap();
    assert_eq!(holder.hold(at(99), &request, vec![5; 100]).unwrap(), first, "the same again");
    let stranger = Request::sign(&key(2), [1; 32], 4, shard.commitment(), 500);
    assert_eq!(refused(&mut holder, &stranger, vec![5; 100]), "holding.conflict");
    let more = Request::sign(&key(1), [2; 32], 4, shard.commitment(), 500);
    assert_eq!(refused(&mut holder, &more, vec![5; 100]), "holding.no-room");
    let by_stranger = Extension::sign(&key(2), [1; 32], 4, 900);
    assert_eq!(holder.extend(20, &by_stranger).unwrap_err().code(), "holding.bad-signature");
    assert_eq!(holder.extend(20, &Extension::sign(&key(1), [1; 32], 5, 900)).unwrap_err(), HoldingError::NotHeld);
    assert_eq!(
        holder.extend(20, &Extension::sign(&key(1), [1; 32], 4, 1_021)).unwrap_err().code(),
        "holding.out-of-time"
    );
    let longer = holder.extend(20, &Extension::sign(&key(1), [1; 32], 4, 1_020)).unwrap();
    assert_eq!((longer.since, longer.until_us), (first.since, 1_020));
    let shorter = holder.extend(30, &Extension::sign(&key(1), [1; 32], 4, 100)).unwrap();
    assert_eq!(shorter.until_us, 1_020, "a promise is never taken back");
    assert_eq!(holder.shard(1_019, &[1; 32], 4), Some(&[5; 100][..]));
    assert_eq!(holder.shard(1_020, &[1; 32], 4), None);
    assert_eq!(holder.answer(30, &Challenge { holder: 8, ..challenge(1, 1, 1) }).unwrap_err(), HoldingError::NotHeld);
    let asked = Challenge { due_us: 40, ..challenge(1, 1, 1) };
    assert!(holder.answer(40, &asked).is_ok());
    assert_eq!(holder.answer(41, &asked).unwrap_err().code(), "holding.late");
    for (ranges, width) in [(0, 1), (1, 0), (64, 65), (u16::MAX, u16::MAX)] {
        assert_eq!(holder.answer(30, &challenge(1, ranges, width)).unwrap_err().code(), "holding.malformed");
    }
    let coarse = globelet_holding::Commitment { root: [0; 32], length: 1 << 32, piece: 65_536 };
    assert!(challenge(1, 128, 1).pieces(&coarse).is_ok());
    assert_eq!(challenge(1, 129, 1).pieces(&coarse).unwrap_err().code(), "holding.malformed");
    for (length, piece) in [(5, 0), (5, 65_537), (1 << 33, 1), (1 << 32, 1)] {
        let commitment = globelet_holding::Commitment { root: [0; 32], length, piece };
        assert_eq!(commitment.pieces().unwrap_err().code(), "holding.malformed");
    }
}

/// Under places of the caller's, the holder promises what a signed request would have got.
#[test]
fn a_request_that_something_else_vouches_for_needs_no_signature_of_its_own() {
    let limits = Limits { bytes: 150, shards: 2, longest_us: 1_000 };
    let (mut holder, mut other) = (Holder::<u64>::new(9, key(9), limits), Holder::new(9, key(9), limits));
    let wanted = |place, vertex, shard, ttl_us| Wanted {
        place,
        vertex: [vertex; 32],
        shard,
        asker: key(1).public(),
        content: Content::Checked { piece: 16 },
        ttl_us,
    };
    let bytes: Vec<u8> = (0..100).collect();
    let refused = |holder: &mut Holder<u64>, wanted, stands| {
        holder.keep(at(10), &wanted, bytes.clone(), || stands).unwrap_err().code()
    };
    let asked = wanted(7, 1, 4, 500);
    assert_eq!(refused(&mut holder, asked, false), "holding.bad-signature");
    assert_eq!(refused(&mut holder, wanted(7, 1, 4, 1_001), true), "holding.out-of-time");
    let no_piece = Wanted { content: Content::Checked { piece: 0 }, ..asked };
    assert_eq!(refused(&mut holder, no_piece, true), "holding.malformed");
    assert!(holder.is_empty() && holder.bytes_held() == 0, "what is refused is not kept");

    let first = holder.keep(at(10), &asked, bytes.clone(), || true).unwrap();
    let commitment = Shard::cut(bytes.clone(), 16).unwrap().commitment();
    let request = Request::sign(&key(1), [1; 32], 4, commitment, 500);
    assert_eq!(first, other.hold(at(10), &request, bytes.clone()).unwrap());
    let again = holder.keep(at(99), &asked, bytes.clone(), || panic!("it is kept: nobody is asked")).unwrap();
    assert_eq!(again, first);
    for conflict in [wanted(7, 2, 4, 500), wanted(7, 1, 5, 500), Wanted { asker: key(2).public(), ..asked }] {
        assert_eq!(refused(&mut holder, conflict, true), "holding.conflict");
    }
    assert_eq!(refused(&mut holder, wanted(8, 2, 4, 500), true), "holding.no-room");

    let shown = Challenge { due_us: 500, ..challenge(1, 3, 1) };
    assert_eq!(holder.answer_at(40, 7, &shown).unwrap(), other.answer(40, &shown).unwrap());
    holder.answer_at(40, 7, &shown).unwrap().verify(&commitment, &shown, &key(9).public(), 41).unwrap();
    for strange in
        [Challenge { vertex: [2; 32], ..shown }, Challenge { shard: 5, ..shown }, Challenge { holder: 8, ..shown }]
    {
        assert_eq!(holder.answer_at(40, 7, &strange).unwrap_err(), HoldingError::NotHeld);
    }
    assert_eq!(holder.answer_at(40, 8, &shown).unwrap_err(), HoldingError::NotHeld);
    assert_eq!(holder.extend_at(40, 7, &Extension::sign(&key(2), [1; 32], 4, 900)), Err(HoldingError::BadSignature));
    let longer = holder.extend_at(40, 7, &Extension::sign(&key(1), [1; 32], 4, 900)).unwrap();
    assert_eq!((longer.since, longer.until_us), (first.since, 900));
    assert_eq!((holder.expire(899), holder.expire(900), holder.bytes_held()), (vec![], vec![7], 0));
    assert_eq!(holder.keep(at(901), &wanted(7, 2, 4, 500), bytes.clone(), || true).unwrap().until_us, 1_401);
}

#[test]
fn what_is_over_is_forgotten_in_the_order_of_its_end() {
    let mut holder = Holder::<u8>::new(9, key(9), LIMITS);
    for (place, ttl_us) in [(1, 300), (2, 100), (3, 200), (4, 100)] {
        let content = Content::Checked { piece: 4 };
        let wanted = Wanted { place, vertex: [place; 32], shard: 0, asker: key(1).public(), content, ttl_us };
        holder.keep(at(10), &wanted, vec![place; 9], || true).unwrap();
    }
    assert!(holder.expire(109).is_empty());
    assert_eq!(holder.expire(210), vec![2, 4, 3]);
    assert_eq!((holder.len(), holder.bytes_held()), (1, 9));
}

#[test]
fn a_wrong_answer_is_wrong_in_every_part() {
    let shard = Shard::cut((0..200).collect(), 16).unwrap();
    let asked = challenge(3, 4, 2);
    let good = Answer::make(&key(9), &asked, &shard).unwrap();
    let judge = |mut answer: Answer| {
        answer.signature = key(9).sign(&answer.signing_bytes(&asked));
        answer.verify(&shard.commitment(), &asked, &key(9).public(), 1).map_err(|e| e.code())
    };
    assert_eq!(judge(good.clone()), Ok(()));
    for piece in 0..good.pieces.len() {
        let mut changed = good.clone();
        changed.pieces[piece][0] ^= 1;
        assert_eq!(judge(changed), Err("holding.wrong-answer"));
    }
    for byte in 0..good.proof.len() {
        let mut changed = good.clone();
        changed.proof[byte] ^= 1;
        assert_eq!(judge(changed), Err("holding.wrong-answer"), "byte {byte} of the proof");
    }
    let mut fewer = good.clone();
    fewer.pieces.pop();
    assert_eq!(judge(fewer), Err("holding.wrong-answer"));
    let mut moved = good.clone();
    moved.pieces.swap(0, 1);
    assert_eq!(judge(moved), Err("holding.wrong-answer"));
}

#[test]
fn records_reward_who_keeps_and_forget_slowly() {
    let mut records = Records::new();
    let mut note = |who: u8, outcome, times: u32| (0..times).for_each(|_| records.note([who; 32], outcome).unwrap());
    note(1, Outcome::Passed, 998);
    note(2, Outcome::Passed, 998);
    note(2, Outcome::Wrong, 1);
    note(3, Outcome::Passed, 998);
    note(3, Outcome::Missed, 10);
    note(4, Outcome::Missed, 1);
    note(5, Outcome::Acknowledged, 160);
    let score = |records: &Records, who: u8| records.record(&[who; 32]).score_ppm();
    assert_eq!(score(&records, 0), WHOLE_PPM / 2, "nothing is known");
    assert_eq!(score(&records, 1), 999_000);
    assert_eq!(score(&records, 2), 938_909);
    assert_eq!(score(&records, 3), 960_576);
    assert_eq!(score(&records, 4), 166_666);
    assert_eq!(score(&records, 5), 916_666);
    assert_eq!(Records::from_bytes(&records.to_bytes()).unwrap(), records);
    for _ in 0..10 {
        records.close_epoch();
    }
    assert!(records.is_empty(), "who did nothing for ten epochs is unknown again");
    assert_eq!(Record { passed: u64::MAX, acknowledged: u64::MAX, ..Record::default() }.score_ppm(), 999_999);
    assert_eq!(Record { wrong: u64::MAX, missed: u64::MAX, ..Record::default() }.score_ppm(), 0);
}
