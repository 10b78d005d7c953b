//! The order of candidates for a key.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::logarithm::minus_log2;

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

/// What a candidate is ordered by: smaller comes first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Score {
    weightless: bool,
    distance: u128,
    draw: u64,
    id: u64,
}

fn score(key: &[u8; 32], candidate: &Candidate) -> Score {
    let hash = blake3::keyed_hash(key, &candidate.id.to_le_bytes());
    let draw = hash.as_bytes().first_chunk::<8>().map_or(0, |head| u64::from_le_bytes(*head));
    // 55 bits of logarithm shifted by 64 leave 9 to spare, and weights up to 2^64 stay apart.
    let logarithm = u128::from(minus_log2(draw)) << 64;
    Score {
        weightless: candidate.weight == 0,
        distance: logarithm / u128::from(candidate.weight.max(1)),
        draw,
        id: candidate.id,
    }
}

/// All candidates' indices, the first choice for `key` first.
///
/// The order does not depend on the order of `candidates`, as long as their ids are unique.
pub fn rank(key: &[u8], candidates: &[Candidate]) -> Vec<usize> {
    let key = blake3::derive_key("globelet weighted rendezvous v1", key);
    let mut order: Vec<(Score, usize)> = candidates.iter().enumerate().map(|(i, c)| (score(&key, c), i)).collect();
    order.sort_unstable();
    order.into_iter().map(|(_, index)| index).collect()
}

/// The indices of the first `k` choices for `key`, fewer if there are not as many candidates.
pub fn top_k(key: &[u8], candidates: &[Candidate], k: usize) -> Vec<usize> {
    let mut order = rank(key, candidates);
    order.truncate(k);
    order
}

/// As [`top_k`], with at most `per_place` from each place.
///
/// Fewer than `k` come back when the places cannot give as many: the caller decides whether to
/// loosen the rule.
pub fn top_k_spread(key: &[u8], candidates: &[Candidate], k: usize, per_place: usize) -> Vec<usize> {
    let mut taken: BTreeMap<u32, usize> = BTreeMap::new();
    let allowed = |index: &usize| {
        let here = taken.entry(candidates[*index].place).or_default();
        *here += 1;
        *here <= per_place
    };
    rank(key, candidates).into_iter().filter(allowed).take(k).collect()
}
