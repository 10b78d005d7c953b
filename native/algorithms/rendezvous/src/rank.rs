//! Choices among candidates.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::draw::{drawing_key, draws};
use crate::order::{bounds, distance};
use crate::Order;

/// Someone who may be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Candidate {
    /// Its identity, unique among the candidates.
    pub id: u64,
    /// Its share of the choices; zero is chosen only when all others are.
    pub weight: u64,
    /// Where it is, as a number; candidates with the same number share a place.
    pub place: u32,
}

/// What a candidate drew, and between what its distance from the front lies.
struct Drawn {
    weightless: bool,
    least: u128,
    most: u128,
    draw: u64,
    id: u64,
    index: usize,
    weight: u64,
}

impl Drawn {
    fn new(index: usize, candidate: &Candidate, draw: u64) -> Drawn {
        let Candidate { id, weight, .. } = *candidate;
        let (least, most) = bounds(draw, weight);
        Drawn { weightless: weight == 0, least, most, draw, id, index, weight }
    }
}

/// Orders candidates whose distances may be any way round: only they need exact ones.
fn settle(run: &mut [Drawn]) {
    if run.len() > 1 {
        run.iter_mut().for_each(|d| d.least = distance(d.draw, d.weight));
        run.sort_unstable_by_key(|d| (d.least, d.draw, d.id, d.index));
    }
}

/// All candidates' indices, the first choice for `key` first. O(n log n).
///
/// The order does not depend on the order of `candidates`, as long as their ids are unique.
pub fn rank(key: &[u8], candidates: &[Candidate]) -> Vec<usize> {
    let draws = draws(&drawing_key(key), candidates.iter().map(|c| c.id));
    let drawn = candidates.iter().enumerate().zip(draws);
    let mut order: Vec<Drawn> = drawn.map(|((index, candidate), draw)| Drawn::new(index, candidate, draw)).collect();
    order.sort_unstable_by_key(|d| (d.weightless, d.least));
    let mut rest = order.as_mut_slice();
    while let Some(first) = rest.first() {
        let (weightless, mut most) = (first.weightless, first.most);
        let together = |d: &&Drawn| {
            let overlaps = d.weightless == weightless && d.least <= most;
            most = most.max(d.most);
            overlaps
        };
        let length = rest.iter().take_while(together).count();
        let (run, others) = rest.split_at_mut(length);
        settle(run);
        rest = others;
    }
    order.into_iter().map(|d| d.index).collect()
}

/// The indices of the first `k` choices for `key`, fewer if there are not as many candidates.
pub fn top_k(key: &[u8], candidates: &[Candidate], k: usize) -> Vec<usize> {
    Order::new(key, candidates).take(k).collect()
}

/// As [`top_k`], with at most `per_place` from each place.
///
/// Fewer than `k` come back when the places cannot give as many: the caller decides whether to
/// loosen the rule. [`crate::Sites`] knows two levels of places and refuses instead.
pub fn top_k_spread(key: &[u8], candidates: &[Candidate], k: usize, per_place: usize) -> Vec<usize> {
    let mut taken: BTreeMap<u32, usize> = BTreeMap::new();
    let allowed = |index: &usize| {
        let here = taken.entry(candidates[*index].place).or_default();
        *here += 1;
        *here <= per_place
    };
    Order::new(key, candidates).filter(allowed).take(k).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn weights() -> impl Strategy<Value = u64> {
        prop_oneof![Just(0), Just(1), 1..20_u64, Just(u64::MAX), u64::MAX - 9..u64::MAX, any::<u64>()]
    }

    proptest! {
        #[test]
        fn exact_distances_are_left_out_only_where_they_change_nothing(
            key: [u8; 4],
            weights in proptest::collection::vec(weights(), 0..300),
        ) {
            let candidate = |(id, weight): (usize, u64)| Candidate { id: id as u64, weight, place: 0 };
            let all: Vec<Candidate> = weights.into_iter().enumerate().map(candidate).collect();
            let drawn = draws(&drawing_key(&key), all.iter().map(|c| c.id));
            let exact = |i: &usize| (all[*i].weight == 0, distance(drawn[*i], all[*i].weight), drawn[*i], all[*i].id);
            let mut expected: Vec<usize> = (0..all.len()).collect();
            expected.sort_by_key(exact);
            prop_assert_eq!(rank(&key, &all), expected);
        }
    }
}
