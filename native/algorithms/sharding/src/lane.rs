//! The two lanes between this municipality and another one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::{Parcel, Relocation, Remittance, Settlement};

/// Parcels of one lane that may be in before an earlier one is.
pub const AHEAD_MOST: u64 = 16_384;

/// A parcel of ours that is not done with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outstanding {
    pub parcel: Arc<Parcel>,
    pub settled: bool,
}

/// What the block under construction sends down a lane.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Departing {
    pub relocations: Vec<Relocation>,
    pub remittances: Vec<Remittance>,
    pub settlements: Vec<Settlement>,
}

impl Departing {
    pub fn is_empty(&self) -> bool {
        self.relocations.is_empty() && self.remittances.is_empty() && self.settlements.is_empty()
    }
}

/// The lane to another municipality and the lane back, as one of the two sees them. Amounts include balances of
/// accounts that move.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lane {
    /// Number of the newest parcel sent.
    pub newest: u64,
    /// All that was ever sent.
    pub sent: u128,
    /// What was sent and came back.
    pub refunded: u128,
    /// The other side has every parcel up to this number, as far as it has said.
    pub acknowledged: u64,
    /// Every parcel of the lane back up to this number is in.
    pub cursor: u64,
    /// Numbers above the cursor that are in.
    pub beyond: BTreeSet<u64>,
    /// Newest parcel of the lane back that is known of.
    pub known: u64,
    /// All that was ever taken from the lane back.
    pub taken: u128,
    /// What was taken and refused.
    pub refused: u128,
    pub(crate) outstanding: BTreeMap<u64, Outstanding>,
    pub(crate) departing: Departing,
}

impl Lane {
    /// Whether this parcel of the lane back is in.
    pub fn seen(&self, number: u64) -> bool {
        number <= self.cursor || self.beyond.contains(&number)
    }

    /// The numbers below the newest one known that are not in, the first `most` of them.
    pub fn missing(&self, most: usize) -> Vec<u64> {
        (self.cursor + 1..=self.known).filter(|n| !self.beyond.contains(n)).take(most).collect()
    }

    /// Parcels that the other side may not have, oldest first.
    pub fn unacknowledged(&self) -> impl Iterator<Item = &Arc<Parcel>> {
        self.outstanding.range(self.acknowledged + 1..).map(|(_, o)| &o.parcel)
    }

    /// Numbers of the parcels whose settlement has not come, oldest first.
    pub fn unsettled(&self) -> impl Iterator<Item = u64> + '_ {
        self.outstanding.iter().filter(|(_, o)| !o.settled).map(|(number, _)| *number)
    }

    /// Whether so many parcels are outstanding that the other side might take in no more: its own limit for what comes
    /// before an earlier one. What is kept for a side that does not answer is bounded by it.
    pub fn is_full(&self) -> bool {
        self.outstanding.len() as u64 >= AHEAD_MOST
    }

    /// What the block under construction says of the parcel of the lane back that it took in last, of those that want to
    /// be settled.
    pub fn settling(&self) -> Option<&Settlement> {
        self.departing.settlements.last()
    }

    /// Whether all that was sent is acknowledged and settled, and nothing known of is missing.
    pub fn is_at_rest(&self) -> bool {
        self.outstanding.is_empty() && self.cursor == self.known && self.departing.is_empty()
    }

    /// Takes a number into the seen-set; the cursor goes as far as there is no gap.
    pub(crate) fn mark(&mut self, number: u64) {
        self.known = self.known.max(number);
        if number > self.cursor + 1 {
            self.beyond.insert(number);
            return;
        }
        self.cursor = number;
        while self.beyond.remove(&(self.cursor + 1)) {
            self.cursor += 1;
        }
    }

    /// The other side has every parcel of ours up to this number. One that claims more than was sent gains nothing.
    pub(crate) fn acknowledge(&mut self, cursor: u64) {
        let cursor = cursor.min(self.newest);
        if cursor <= self.acknowledged {
            return;
        }
        let arrived = self.outstanding.range(self.acknowledged + 1..=cursor);
        let done: Vec<u64> = arrived.filter(|(_, o)| o.settled).map(|(number, _)| *number).collect();
        for number in done {
            self.outstanding.remove(&number);
        }
        self.acknowledged = cursor;
    }

    /// What departs in the block under construction, in money.
    pub(crate) fn departing_amount(&self) -> u128 {
        let remitted: u128 = self.departing.remittances.iter().map(|r| u128::from(r.amount)).sum();
        remitted + self.departing.relocations.iter().map(|r| u128::from(r.account.balance)).sum::<u128>()
    }
}
