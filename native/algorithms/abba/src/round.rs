//! What a member has received and sent in one round.

use std::collections::{BTreeMap, BTreeSet};

use borsh::{BorshDeserialize, BorshSerialize};
use globelet_threshold::CoinShare;

/// A set of bits: bit 0 stands for false, bit 1 for true.
pub(crate) type Values = u8;

/// The set that holds one value.
pub(crate) fn only(value: bool) -> Values {
    1 << u8::from(value)
}

/// One round's state; at most one entry for each member in each field.
#[derive(Clone, Debug, Default, PartialEq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Round {
    /// Who supports false, who supports true.
    pub(crate) supporters: [BTreeSet<u16>; 2],
    /// Values this member sent BVAL for.
    pub(crate) supported: Values,
    /// Values with 2f + 1 supporters.
    pub(crate) bin_values: Values,
    /// The first of them.
    pub(crate) first: Option<bool>,
    pub(crate) aux: BTreeMap<u16, bool>,
    pub(crate) conf: BTreeMap<u16, Values>,
    pub(crate) coins: BTreeMap<u16, CoinShare>,
    /// This member's coin share was asked for.
    pub(crate) coin_asked: bool,
    /// Coin shares at hand when the coin was last tried.
    pub(crate) coin_tried: u16,
}

impl Round {
    /// Moves values with enough supporters into bin_values.
    pub(crate) fn admit(&mut self, quorum: usize) {
        for value in [false, true] {
            let enough = self.supporters[usize::from(value)].len() >= quorum;
            if enough && self.bin_values & only(value) == 0 {
                self.bin_values |= only(value);
                self.first.get_or_insert(value);
            }
        }
    }

    /// The values in AUX messages that bin_values confirms, once `enough` members sent such.
    pub(crate) fn seen(&self, enough: usize) -> Option<Values> {
        let sets = self.aux.values().map(|&value| only(value));
        confirmed(sets, self.bin_values, enough)
    }

    /// The values in CONF messages that bin_values confirms, once `enough` members sent such.
    pub(crate) fn agreed(&self, enough: usize) -> Option<Values> {
        confirmed(self.conf.values().copied(), self.bin_values, enough)
    }
}

fn confirmed(sets: impl Iterator<Item = Values>, bin_values: Values, enough: usize) -> Option<Values> {
    let inside = sets.filter(|set| set & !bin_values == 0);
    let (count, union) = inside.fold((0, 0), |(count, union), set| (count + 1, union | set));
    (count >= enough && union != 0).then_some(union)
}
