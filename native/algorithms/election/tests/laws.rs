//! Laws of elections: the same set on every node, no place above its share, fairness.
#![allow(clippy::unwrap_used, missing_docs)]

use globelet_election::{chances, elect, Candidate, ElectionError, Removals, Rules, UNIT, WHOLE_PPM};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn candidate(number: u16, place: u32, stake: u64) -> Candidate {
    let key = *blake3::hash(&number.to_le_bytes()).as_bytes();
    Candidate { key, place, stake, holding_ppm: WHOLE_PPM, bonus_ppm: WHOLE_PPM }
}

fn seed(epoch: u64) -> [u8; 32] {
    *blake3::hash(&epoch.to_le_bytes()).as_bytes()
}

fn field() -> impl Strategy<Value = Vec<Candidate>> {
    let one = (0u32..6, any::<u64>(), 0u32..=WHOLE_PPM, 1u32..=16 * WHOLE_PPM, 0u32..64);
    prop::collection::vec(one, 1..60).prop_map(|all| {
        let make = |(i, (place, stake, holding_ppm, bonus_ppm, shift)): (usize, _)| Candidate {
            holding_ppm,
            bonus_ppm,
            ..candidate(i as u16, place, stake >> shift)
        };
        all.into_iter().enumerate().map(make).collect()
    })
}

proptest! {
    #[test]
    fn every_election_keeps_its_laws(
        all in field(), seats in 1u16..24, share in 100_000u32..=WHOLE_PPM, epoch: u64, shuffle in any::<prop::sample::Index>(),
    ) {
        let rules = Rules { seats, place_share_ppm: share };
        let found = elect(&rules, &seed(epoch), &all, &Removals::new());
        let mut other = all.clone();
        other.rotate_left(shuffle.index(all.len()));
        other.reverse();
        prop_assert_eq!(&found, &elect(&rules, &seed(epoch), &other, &Removals::new()));
        match found {
            Ok(keys) => {
                prop_assert_eq!(keys.len(), usize::from(seats));
                prop_assert!(keys.windows(2).all(|pair| pair[0] < pair[1]));
                let limit = usize::from(rules.place_limit().unwrap());
                let mut places: BTreeMap<u32, usize> = BTreeMap::new();
                for key in &keys {
                    let member = all.iter().find(|c| c.key == *key).unwrap();
                    prop_assert!(member.weight() > 0);
                    *places.entry(member.place).or_default() += 1;
                }
                prop_assert!(places.values().all(|count| *count <= limit), "{:?} above {}", places, limit);
            }
            Err(ElectionError::Unfillable { fillable, .. }) => prop_assert!(fillable < u32::from(seats)),
            Err(ElectionError::BadRules { .. }) => prop_assert!(u64::from(seats) * u64::from(share) < 1_000_000),
            Err(other) => prop_assert!(false, "{other}"),
        }
    }

    #[test]
    fn chances_add_up_and_follow_the_weights(all in field(), seats in 1u16..24, share in 100_000u32..=WHOLE_PPM) {
        let rules = Rules { seats, place_share_ppm: share };
        let Ok(found) = chances(&rules, &all) else { return Ok(()) };
        prop_assert_eq!(found.iter().map(|c| c.parts).sum::<u64>(), u64::from(seats) * UNIT);
        prop_assert!(found.iter().all(|c| c.parts <= UNIT));
        let limit = u64::from(rules.place_limit().unwrap()) * UNIT;
        let mut places: BTreeMap<u32, u64> = BTreeMap::new();
        for chance in &found {
            *places.entry(chance.place).or_default() += chance.parts;
        }
        prop_assert!(places.values().all(|parts| *parts <= limit));
        // In one place nobody with more weight has less chance, but for what rounding left over.
        let weight = |key: &[u8; 32]| all.iter().find(|c| c.key == *key).unwrap().weight();
        for a in &found {
            for b in found.iter().filter(|b| b.place == a.place && weight(&b.key) >= weight(&a.key)) {
                prop_assert!(b.parts + found.len() as u64 >= a.parts);
            }
        }
    }
}

/// Ten thousand epochs of one field: five places, of which one has two thirds of all stake.
fn served(epochs: u64) -> (Vec<Candidate>, Rules, BTreeMap<[u8; 32], u64>) {
    let mut all: Vec<Candidate> = (0..12).map(|i| candidate(i, 0, 40_000 + 1_000 * u64::from(i))).collect();
    all.extend((12..40).map(|i| candidate(i, 1 + u32::from(i) % 4, 500 * u64::from(i))));
    let rules = Rules { seats: 10, place_share_ppm: 333_334 };
    let mut served = BTreeMap::new();
    for epoch in 0..epochs {
        for key in elect(&rules, &seed(epoch), &all, &Removals::new()).unwrap() {
            *served.entry(key).or_default() += 1;
        }
    }
    (all, rules, served)
}

#[test]
fn ten_thousand_epochs_are_fair() {
    let epochs = 10_000;
    let (all, rules, served) = served(epochs);
    let mut chi_square = 0.0;
    for chance in chances(&rules, &all).unwrap() {
        let p = chance.parts as f64 / UNIT as f64;
        let (mean, variance) = (epochs as f64 * p, epochs as f64 * p * (1.0 - p));
        let seen = *served.get(&chance.key).unwrap_or(&0) as f64;
        // Seeds are fixed, so this is one draw: 4.5 standard deviations are met once in 150,000.
        assert!((seen - mean).abs() <= 4.5 * variance.sqrt() + 1e-9, "{seen} of {mean}");
        chi_square += (seen - mean).powi(2) / variance;
    }
    // Forty candidates; those of one epoch are drawn without replacement, so the sum stays below 40 degrees of
    // freedom, of which 76 is met once in 2,000.
    assert!(chi_square < 76.0, "{chi_square}");
    // Place 0 has more than its share of the stake and gets its share of the seats: three of ten, always.
    let first: u64 = all.iter().filter(|c| c.place == 0).filter_map(|c| served.get(&c.key)).sum();
    assert_eq!(first, 3 * epochs);
}

#[test]
fn stake_holding_record_and_bonus_all_count() {
    let mut all: Vec<Candidate> = (0..40).map(|i| candidate(i, u32::from(i), 1_000_000)).collect();
    all[1].stake = 2_000_000;
    all[2].holding_ppm = WHOLE_PPM / 2;
    all[3].bonus_ppm = 3 * WHOLE_PPM;
    all[4].holding_ppm = 0;
    let rules = Rules { seats: 4, place_share_ppm: 250_000 };
    let found = chances(&rules, &all).unwrap();
    let parts = |i: usize| found.iter().find(|c| c.key == all[i].key).map(|c| c.parts);
    let base = parts(0).unwrap();
    assert!(parts(1).unwrap().abs_diff(2 * base) < 4 * 40);
    assert!(parts(2).unwrap().abs_diff(base / 2) < 4 * 40);
    assert!(parts(3).unwrap().abs_diff(3 * base) < 4 * 40);
    assert_eq!(parts(4), None, "who keeps nothing is never elected");
}

#[test]
fn everybody_serves_when_all_are_needed_and_nobody_when_too_few() {
    let all: Vec<Candidate> = (0..4).map(|i| candidate(i, u32::from(i), 1 << (i * 8))).collect();
    let rules = Rules { seats: 4, place_share_ppm: 250_000 };
    let mut keys: Vec<_> = all.iter().map(|c| c.key).collect();
    keys.sort_unstable();
    assert_eq!(elect(&rules, &seed(1), &all, &Removals::new()).unwrap(), keys);
    let few = elect(&rules, &seed(1), &all[..3], &Removals::new()).unwrap_err();
    assert_eq!(few, ElectionError::Unfillable { fillable: 3, seats: 4 });
    assert_eq!(few.code(), "election.unfillable");
    let none = elect(&rules, &seed(1), &[], &Removals::new()).unwrap_err();
    assert_eq!(none, ElectionError::Unfillable { fillable: 0, seats: 4 });
}

#[test]
fn bad_rules_and_candidates_are_refused() {
    let all: Vec<Candidate> = (0..4).map(|i| candidate(i, u32::from(i), 5)).collect();
    for (seats, place_share_ppm) in [(0, 1), (1025, WHOLE_PPM), (4, 0), (4, WHOLE_PPM + 1), (4, 249_999)] {
        let refused = chances(&Rules { seats, place_share_ppm }, &all).unwrap_err();
        assert_eq!(refused.code(), "election.bad-rules", "{seats} {place_share_ppm}");
    }
    let rules = Rules { seats: 1, place_share_ppm: WHOLE_PPM };
    let wrong = [
        Candidate { holding_ppm: WHOLE_PPM + 1, ..all[0] },
        Candidate { bonus_ppm: 16 * WHOLE_PPM + 1, ..all[0] },
        Candidate { stake: 9, ..all[1] },
    ];
    for candidate in wrong {
        let refused = chances(&rules, &[all[1], candidate]).unwrap_err();
        assert_eq!(refused.code(), "election.bad-candidate");
    }
}

#[test]
fn a_large_field_of_the_largest_weights_does_not_overflow() {
    let heavy = |i: u16| Candidate { bonus_ppm: 16 * WHOLE_PPM, ..candidate(i, u32::from(i) % 7, u64::MAX) };
    let all: Vec<Candidate> = (0..20_000).map(heavy).collect();
    let rules = Rules { seats: 1024, place_share_ppm: 200_000 };
    assert_eq!(elect(&rules, &seed(3), &all, &Removals::new()).unwrap().len(), 1024);
}
