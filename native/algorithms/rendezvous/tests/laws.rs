//! Laws of weighted rendezvous.
#![allow(clippy::unwrap_used, missing_docs)]

use globelet_rendezvous::{rank, top_k, top_k_spread, Candidate};
use proptest::prelude::*;
use proptest::sample::Index;

fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
    prop::collection::btree_map(any::<u64>(), (0u64..1_000_000, 0u32..5), 1..30)
        .prop_map(|map| map.into_iter().map(|(id, (weight, place))| Candidate { id, weight, place }).collect())
}

fn ids(order: &[usize], candidates: &[Candidate]) -> Vec<u64> {
    order.iter().map(|&i| candidates[i].id).collect()
}

proptest! {
    #[test]
    fn one_that_leaves_moves_nobody_else(all in candidates(), key: [u8; 8], leaver: Index) {
        let leaver = leaver.index(all.len());
        let mut before = ids(&rank(&key, &all), &all);
        before.retain(|id| *id != all[leaver].id);
        let mut rest = all.clone();
        rest.remove(leaver);
        prop_assert_eq!(ids(&rank(&key, &rest), &rest), before);
    }

    #[test]
    fn more_weight_never_moves_one_back(all in candidates(), key: [u8; 8], who: Index, more in 1u64..1_000_000) {
        let who = who.index(all.len());
        let at = |all: &[Candidate]| rank(&key, all).iter().position(|&i| i == who).unwrap();
        let before = at(&all);
        let mut heavier = all.clone();
        heavier[who].weight += more;
        prop_assert!(at(&heavier) <= before);
    }

    #[test]
    fn the_order_of_candidates_does_not_matter(all in candidates(), key: [u8; 8]) {
        let reversed: Vec<Candidate> = all.iter().rev().copied().collect();
        prop_assert_eq!(ids(&rank(&key, &all), &all), ids(&rank(&key, &reversed), &reversed));
    }

    #[test]
    fn a_spread_choice_is_the_best_that_keeps_the_rule(all in candidates(), key: [u8; 8], k in 0usize..12, per_place in 0usize..4) {
        let chosen = top_k_spread(&key, &all, k, per_place);
        prop_assert!(chosen.len() <= k);
        let held = |chosen: &[usize], place| chosen.iter().filter(|&&i| all[i].place == place).count();
        let mut kept: Vec<usize> = Vec::new();
        for index in rank(&key, &all) {
            if kept.len() < k && held(&kept, all[index].place) < per_place {
                kept.push(index);
            }
        }
        prop_assert_eq!(chosen, kept);
    }
}

#[test]
fn choices_follow_the_weights() {
    let all: Vec<Candidate> = (1..=4).map(|id| Candidate { id, weight: id * 1_000, place: 0 }).collect();
    let mut wins = [0u32; 4];
    for key in 0..20_000u32 {
        wins[top_k(&key.to_le_bytes(), &all, 1)[0]] += 1;
    }
    for (i, won) in wins.iter().enumerate() {
        let expected = 2_000 * (i as u32 + 1);
        assert!(won.abs_diff(expected) < 250, "weight {} won {won}", i + 1);
    }
}

#[test]
fn the_weightless_come_last_and_the_order_is_fixed_for_good() {
    let all: Vec<Candidate> =
        (0..6).map(|id| Candidate { id, weight: if id == 3 { 0 } else { 10 + id }, place: 0 }).collect();
    let order = rank(b"fixed", &all);
    assert_eq!(order.last(), Some(&3));
    assert_eq!(order, FIXED, "a change here moves every stored shard");
    assert!(top_k(b"fixed", &[], 3).is_empty());
}

const FIXED: [usize; 6] = [5, 2, 0, 4, 1, 3];
