//! Choices among candidates.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::order::{distance, draw, drawing_key};
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

/// All candidates' indices, the first choice for `key` first. O(n log n).
///
/// The order does not depend on the order of `candidates`, as long as their ids are unique.
pub fn rank(key: &[u8], candidates: &[Candidate]) -> Vec<usize> {
    let key = drawing_key(key);
    let score = |(index, candidate): (usize, &Candidate)| {
        let draw = draw(&key, candidate.id);
        (candidate.weight == 0, distance(draw, candidate.weight), draw, candidate.id, index)
    };
    let mut order: Vec<_> = candidates.iter().enumerate().map(score).collect();
    order.sort_unstable();
    order.into_iter().map(|(.., index)| index).collect()
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
