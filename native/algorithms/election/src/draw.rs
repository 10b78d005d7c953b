//! The draw of an epoch.

use std::collections::BTreeSet;

use crate::chances::{chances, Chance, Rules, MAX_BONUS_PPM, MAX_CANDIDATES, UNIT};
use crate::error::short;
use crate::{ElectionError, Key, Removals};

/// A whole, in millionths.
pub const WHOLE_PPM: u32 = 1_000_000;

/// Someone who may be elected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its identity and signing key, unique among the candidates.
    pub key: Key,
    /// Where it is, as a number; candidates with the same number share a place.
    pub place: u32,
    /// Stake behind it, from [`crate::Votes::tally`], in the world's smallest unit.
    pub stake: u64,
    /// Its holding record, in millionths, 0 to 1,000,000: what fraction of its stake counts.
    pub holding_ppm: u32,
    /// The bonus of its place, in millionths; 1,000,000 is none, at most [`MAX_BONUS_PPM`].
    pub bonus_ppm: u32,
}

impl Candidate {
    /// `stake · holding record · bonus`, rounded down.
    pub fn weight(&self) -> u128 {
        let product = u128::from(self.stake) * u128::from(self.holding_ppm) * u128::from(self.bonus_ppm);
        product / (u128::from(WHOLE_PPM) * u128::from(WHOLE_PPM))
    }

    fn check(&self) -> Result<(), ElectionError> {
        let reason = match () {
            () if self.holding_ppm > WHOLE_PPM => format!("a holding record is at most {WHOLE_PPM} millionths"),
            () if self.bonus_ppm > MAX_BONUS_PPM => format!("a bonus is at most {MAX_BONUS_PPM} millionths"),
            () => return Ok(()),
        };
        Err(ElectionError::BadCandidate { key: short(&self.key), reason })
    }
}

/// The candidates by key; refuses what is out of bounds.
pub(crate) fn sorted(candidates: &[Candidate]) -> Result<Vec<Candidate>, ElectionError> {
    if candidates.len() > MAX_CANDIDATES {
        let reason = format!("{} candidates, at most {MAX_CANDIDATES} are taken", candidates.len());
        return Err(ElectionError::BadRules { reason });
    }
    let mut sorted = candidates.to_vec();
    sorted.sort_unstable_by_key(|c| c.key);
    let mut keys = BTreeSet::new();
    for candidate in &sorted {
        candidate.check()?;
        if !keys.insert(candidate.key) {
            let reason = "its key stands twice".into();
            return Err(ElectionError::BadCandidate { key: short(&candidate.key), reason });
        }
    }
    Ok(sorted)
}

/// Elects a committee: the keys of its members, ascending.
///
/// Every candidate is elected with exactly the probability that [`chances`] gives it, over random seeds, and every
/// place has the whole seats just below or just above what its candidates' chances add up to: never more than the
/// limit. Candidates and places are laid on a line in an order drawn from the seed, each as long as its chance, and
/// the points `u, u + 1, u + 2, …` with `u` drawn from the seed fall on the elected (Madow 1949, section 2).
///
/// `seed`, 32 bytes, must be agreed on, and unknown while `candidates` can still change. O(n log n) in candidates.
///
/// # Errors
/// As [`chances`], of those candidates that were not removed.
pub fn elect(
    rules: &Rules,
    seed: &[u8; 32],
    candidates: &[Candidate],
    removals: &Removals,
) -> Result<Vec<Key>, ElectionError> {
    let eligible: Vec<Candidate> = candidates.iter().filter(|c| !removals.bars(&c.key)).copied().collect();
    let mut line = chances(rules, &eligible)?;
    let key = blake3::derive_key("globelet committee election v1", seed);
    line.sort_by_cached_key(|c| (mark(&key, b"place", &c.place.to_le_bytes()), mark(&key, b"candidate", &c.key)));
    let start = mark(&key, b"start", &[]).first_chunk::<8>().map_or(0, |head| u64::from_le_bytes(*head)) % UNIT;
    let mut elected = fall(&line, start);
    elected.sort_unstable();
    Ok(elected)
}

/// A number drawn from the seed for one thing.
fn mark(key: &[u8; 32], what: &[u8], name: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(&[what.len() as u8]).update(what).update(name);
    *hasher.finalize().as_bytes()
}

/// Those on whom a point falls: their stretch of the line contains `start` plus a whole number of units.
fn fall(line: &[Chance], start: u64) -> Vec<Key> {
    let mut next = start;
    let mut end = 0;
    let mut elected = Vec::new();
    for chance in line {
        end += chance.parts;
        if next < end {
            elected.push(chance.key);
            next += UNIT;
        }
    }
    elected
}
