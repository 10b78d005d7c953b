//! The invariants as executable checks over what the nodes have booked and published.
pub mod agreement;
pub mod completeness;
pub mod conservation;
pub mod double_credit;
pub mod homes;
pub mod lanes;
pub mod time;

use globelet_protocol::LedgerView;
use globelet_types::{ChainId, Micros};
use std::collections::BTreeMap;

/// A broken invariant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{invariant} is broken at {at_us} us: {detail}; run again with this seed to repeat it")]
pub struct Violation {
    /// Which invariant.
    pub invariant: &'static str,
    /// Virtual time at which it was seen.
    pub at_us: Micros,
    /// What was seen.
    pub detail: String,
}

/// What a check says: nothing, or how the invariant is broken.
pub type Finding = Result<(), String>;

/// What the replicas of every municipality have booked at one instant.
pub type Books = BTreeMap<ChainId, Vec<LedgerView>>;

/// The farthest view of one municipality. A certified block was applied by a quorum, so whatever was
/// credited elsewhere is in the farthest source view of the same instant.
pub(crate) fn farthest(views: &[LedgerView]) -> Option<&LedgerView> {
    views.iter().max_by_key(|view| view.height)
}

/// An amount or number of a lane; an absent lane is zero.
pub(crate) fn lane(map: &BTreeMap<ChainId, u64>, other: ChainId) -> u64 {
    map.get(&other).copied().unwrap_or(0)
}

#[cfg(test)]
pub(crate) mod canary {
    //! Books that hold, for each check's canary to spoil.
    use super::*;

    /// Chain 0 sent 100 to chain 1, which credited 60 of it; 40 are on their way.
    pub fn books() -> Books {
        let source = LedgerView {
            chain: ChainId(0),
            height: 2,
            balances: 900,
            genesis: 1_000,
            sent: [(ChainId(1), 100)].into(),
            sent_numbers: [(ChainId(1), 2)].into(),
            ..LedgerView::default()
        };
        let destination = LedgerView {
            chain: ChainId(1),
            height: 1,
            balances: 1_060,
            genesis: 1_000,
            credited: [(ChainId(0), 60)].into(),
            cursors: [(ChainId(0), 1)].into(),
            ..LedgerView::default()
        };
        [(ChainId(0), vec![source]), (ChainId(1), vec![destination])].into()
    }
}
