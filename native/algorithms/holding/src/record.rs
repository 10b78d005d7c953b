//! What each node has held, for elections.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use globelet_types::encode;

use crate::codec::canonical;
use crate::{HoldingError, Key};

/// A whole, in millionths.
pub const WHOLE_PPM: u32 = 1_000_000;
/// Most nodes that records are kept of.
pub const MAX_RECORDS: usize = 65_536;

/// What came of asking a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Outcome {
    /// It acknowledged a request, durably and in time.
    Acknowledged,
    /// It answered a challenge rightly and in time.
    Passed,
    /// It did not answer a challenge, or too late.
    Missed,
    /// It signed a wrong answer.
    Wrong,
}

impl Outcome {
    /// Its name in metrics and documents.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Acknowledged => "acknowledged",
            Outcome::Passed => "passed",
            Outcome::Missed => "missed",
            Outcome::Wrong => "wrong",
        }
    }
}

/// Counts of one node, older ones at less weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Record {
    /// Requests acknowledged.
    pub acknowledged: u64,
    /// Challenges passed.
    pub passed: u64,
    /// Challenges missed.
    pub missed: u64,
    /// Wrong answers.
    pub wrong: u64,
}

impl Record {
    /// How much of a node's stake counts, in millionths: `(s + 1) / (s + 2 + 4 · missed + 64 · wrong)` with
    /// `s = passed + acknowledged / 16`.
    ///
    /// The rule of succession (Laplace 1774) with failures weighed more: one of whom nothing is known counts half, one
    /// who always passed nearly all, and one wrong answer outweighs sixty-four right ones. An acknowledgement is only
    /// a promise, so sixteen of them count as one challenge passed.
    pub fn score_ppm(&self) -> u32 {
        let sound = u128::from(self.passed) + u128::from(self.acknowledged / 16);
        let failed = 4 * u128::from(self.missed) + 64 * u128::from(self.wrong);
        // At most the whole, as the numerator is below the denominator.
        (u128::from(WHOLE_PPM) * (sound + 1) / (sound + 2 + failed)) as u32
    }

    fn halved(self) -> Record {
        let Record { acknowledged, passed, missed, wrong } = self;
        Record { acknowledged: acknowledged / 2, passed: passed / 2, missed: missed / 2, wrong: wrong / 2 }
    }
}

/// The records of all nodes, by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    records: BTreeMap<Key, Record>,
}

impl Records {
    /// Nothing is known of anybody.
    pub fn new() -> Records {
        Records::default()
    }

    /// Notes what came of asking a node. The order of notes within an epoch does not matter. O(log nodes).
    ///
    /// # Errors
    /// `NoRoom` beyond [`MAX_RECORDS`] nodes.
    pub fn note(&mut self, key: Key, outcome: Outcome) -> Result<(), HoldingError> {
        if self.records.len() >= MAX_RECORDS && !self.records.contains_key(&key) {
            return Err(HoldingError::NoRoom { wanted: 1, room: 0 });
        }
        let record = self.records.entry(key).or_default();
        let count = match outcome {
            Outcome::Acknowledged => &mut record.acknowledged,
            Outcome::Passed => &mut record.passed,
            Outcome::Missed => &mut record.missed,
            Outcome::Wrong => &mut record.wrong,
        };
        *count = count.saturating_add(1);
        Ok(())
    }

    /// Closes an epoch: all counts are halved, and who has none left is forgotten. O(nodes).
    pub fn close_epoch(&mut self) {
        self.records.values_mut().for_each(|record| *record = record.halved());
        self.records.retain(|_, record| *record != Record::default());
    }

    /// The record of a node; empty for one of whom nothing is known.
    pub fn record(&self, key: &Key) -> Record {
        self.records.get(key).copied().unwrap_or_default()
    }

    /// Nodes of whom something is known.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether nothing is known of anybody.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The canonical encoding: ascending by key.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(&self.records.iter().map(|(key, record)| (*key, *record)).collect::<Vec<_>>())
    }

    /// Reads records from their canonical encoding.
    ///
    /// # Errors
    /// `Malformed` for anything but exactly one canonical list of at most [`MAX_RECORDS`], ascending by key.
    pub fn from_bytes(bytes: &[u8]) -> Result<Records, HoldingError> {
        let list: Vec<(Key, Record)> = canonical(bytes, 4 + 64 * MAX_RECORDS)?;
        if !list.windows(2).all(|pair| pair[0].0 < pair[1].0) {
            return Err(HoldingError::Malformed { reason: "keys are not ascending, one record each".into() });
        }
        Ok(Records { records: list.into_iter().collect() })
    }
}
