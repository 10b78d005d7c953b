//! The two lanes between this municipality and another one.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Parcel, Relocation, Remittance, Settlement};

/// Parcels of one lane that may be in before an earlier one is.
pub const AHEAD_MOST: u64 = 16_384;

/// A parcel of ours that is not done with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outstanding {
    pub parcel: Parcel,
    pub arrived: bool,
    pub settled: bool,
}

/// What the block under construction sends down a lane.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Departing {
    pub relocations: Vec<Relocation>,
    pub remittances: Vec<Remittance>,
    pub settlements: Vec<Settlement>,
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
    pub fn unacknowledged(&self) -> impl Iterator<Item = &Parcel> {
        self.outstanding.values().filter(|o| !o.arrived).map(|o| &o.parcel)
    }

    /// Whether all that was sent is acknowledged and settled, and nothing known of is missing.
    pub fn is_at_rest(&self) -> bool {
        self.outstanding.is_empty() && self.cursor == self.known && self.departing == Departing::default()
    }

    /// Takes a number into the seen-set; the cursor goes as far as there is no gap.
    pub(crate) fn mark(&mut self, number: u64) {
        self.beyond.insert(number);
        self.known = self.known.max(number);
        while self.beyond.remove(&(self.cursor + 1)) {
            self.cursor += 1;
        }
    }

    /// The other side has every parcel of ours up to this number.
    pub(crate) fn acknowledged(&mut self, cursor: u64) {
        for (_, outstanding) in self.outstanding.range_mut(..=cursor) {
            outstanding.arrived = true;
        }
        self.outstanding.retain(|_, o| !(o.arrived && o.settled));
    }

    /// What departs in the block under construction, in money.
    pub(crate) fn departing_amount(&self) -> u128 {
        let remitted: u128 = self.departing.remittances.iter().map(|r| u128::from(r.amount)).sum();
        remitted + self.departing.relocations.iter().map(|r| u128::from(r.account.balance)).sum::<u128>()
    }
}
