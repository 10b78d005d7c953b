//! The order of candidates for a key, as far as it is asked for.

use std::cmp::Reverse;
use std::collections::binary_heap::{BinaryHeap, PeekMut};

use crate::draw::{drawing_key, draws};
use crate::logarithm::{at_least, minus_log2, SLACK};
use crate::Candidate;

/// What a candidate is ordered by: smaller comes first.
///
/// Until it is settled, `distance` is a bound from below. One that is not settled comes before one that is, at the same
/// distance: so nobody is given out while another might still be nearer.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    weightless: bool,
    distance: u128,
    settled: bool,
    draw: u64,
    id: u64,
    index: usize,
    weight: u64,
}

/// Between what [`distance`] lies, for a twentieth of its time.
pub(crate) fn bounds(draw: u64, weight: u64) -> (u128, u128) {
    let (log, share) = (u128::from(at_least(draw)), u128::from(u64::MAX / weight.max(1)));
    // Quotients rounded down are below, and rounded up above, whatever they are multiplied by.
    (log * share, (log + u128::from(SLACK)) * (share + 1))
}

/// How far a draw is from the front.
pub(crate) fn distance(draw: u64, weight: u64) -> u128 {
    // 55 bits of logarithm shifted by 64 leave 9 to spare, and weights up to 2^64 stay apart.
    (u128::from(minus_log2(draw)) << 64) / u128::from(weight.max(1))
}

impl Entry {
    fn new(index: usize, candidate: &Candidate, draw: u64) -> Entry {
        let Candidate { id, weight, .. } = *candidate;
        let (distance, _) = bounds(draw, weight);
        Entry { weightless: weight == 0, distance, settled: false, draw, id, index, weight }
    }
}

/// The candidates' indices in their order for a key: the first choice first.
///
/// The front costs a logarithm for those that come near it only; to take all of them, [`crate::rank`] is faster.
#[derive(Debug)]
pub struct Order(BinaryHeap<Reverse<Entry>>);

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.id)
    }
}

impl Order {
    /// The order of `candidates` for `key`. It does not depend on the order they are given in, if their ids are unique.
    pub fn new(key: &[u8], candidates: &[Candidate]) -> Order {
        let draws = draws(&drawing_key(key), candidates.iter().map(|c| c.id));
        let entry = |((index, candidate), draw)| Reverse(Entry::new(index, candidate, draw));
        Order(candidates.iter().enumerate().zip(draws).map(entry).collect::<Vec<_>>().into())
    }
}

impl Iterator for Order {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        loop {
            let mut first = self.0.peek_mut()?;
            if first.0.settled {
                return Some(PeekMut::pop(first).0.index);
            }
            first.0.distance = distance(first.0.draw, first.0.weight);
            first.0.settled = true;
        }
    }
}
