//! What a municipal replica has booked, as audits see it.
use crate::holding::HolderView;
use globelet_sharding::{Books, Lane};
use globelet_types::{ChainId, Hash, NodeId};
use serde::Serialize;
use std::collections::BTreeMap;

/// What a municipal replica has booked, for audits: amounts in the smallest unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LedgerView {
    /// Chain.
    pub chain: ChainId,
    /// Last applied height (committed height above municipal level).
    pub height: u64,
    /// Hash of that block's header.
    #[serde(with = "hex::serde")]
    pub head: Hash,
    /// Last certified height.
    pub certified: u64,
    /// Sum of all balances.
    pub balances: u64,
    /// What waits for accounts on their way here.
    pub parked: u64,
    /// What the municipality held at genesis.
    pub genesis: u64,
    /// Per lane out: amount of all remittances and accounts sent.
    pub sent: BTreeMap<ChainId, u64>,
    /// Per lane out: amount that came back as refunds.
    pub refunded: BTreeMap<ChainId, u64>,
    /// Per lane out: newest number.
    pub sent_numbers: BTreeMap<ChainId, u64>,
    /// Per lane out: parcels with remittances or accounts and no settlement yet.
    pub unsettled: BTreeMap<ChainId, u64>,
    /// Per lane in: amount credited.
    pub credited: BTreeMap<ChainId, u64>,
    /// Per lane in: amount refused, to be refunded at the source.
    pub refused: BTreeMap<ChainId, u64>,
    /// Per lane in: every number up to this one was applied.
    pub cursors: BTreeMap<ChainId, u64>,
    /// Per lane in: applied numbers beyond the cursor.
    pub beyond: BTreeMap<ChainId, Vec<u64>>,
    /// Accounts that came here or went from here.
    pub moved: u64,
    /// Blocks in which one did.
    pub map_epoch: u64,
    /// What the map of their homes is committed to by.
    #[serde(with = "hex::serde")]
    pub map_digest: Hash,
    /// Parcels brought home by R2 to R4.
    pub repairs: u64,
    /// What this replica saw of each holder of its municipality.
    pub holders: BTreeMap<NodeId, HolderView>,
    /// Epoch of the municipality's committee.
    pub epoch: u64,
    /// Its members, in a world of epochs.
    pub members: Vec<NodeId>,
    /// Stake behind each candidate now, in a world of epochs.
    pub stakes: BTreeMap<NodeId, u64>,
}

impl LedgerView {
    /// What these books hold of a municipality that began with so much; the chain's own figures are left empty.
    pub(crate) fn of(books: &Books, genesis: u64) -> LedgerView {
        fn by_chain<'a, T>(
            lanes: impl Iterator<Item = (&'a ChainId, &'a Lane)>,
            figure: impl Fn(&Lane) -> T,
        ) -> BTreeMap<ChainId, T> {
            lanes.map(|(chain, lane)| (*chain, figure(lane))).collect()
        }
        let out = || books.lanes().iter().filter(|(_, lane)| lane.newest > 0);
        let inn = || books.lanes().iter().filter(|(_, lane)| lane.cursor > 0 || !lane.beyond.is_empty());
        LedgerView {
            balances: books.balances(),
            parked: narrow(books.parked()),
            genesis,
            sent: by_chain(out(), |lane| narrow(lane.sent)),
            refunded: by_chain(out(), |lane| narrow(lane.refunded)),
            sent_numbers: by_chain(out(), |lane| lane.newest),
            unsettled: by_chain(out(), |lane| lane.unsettled().count() as u64),
            credited: by_chain(inn(), |lane| narrow(lane.taken - lane.refused)),
            refused: by_chain(inn(), |lane| narrow(lane.refused)),
            cursors: by_chain(inn(), |lane| lane.cursor),
            beyond: by_chain(inn(), |lane| lane.beyond.iter().copied().collect()),
            ..LedgerView::default()
        }
    }
}

/// JSON and its readers have 64 bits for an amount; a lane would have to carry every balance there is many times over.
fn narrow(amount: u128) -> u64 {
    u64::try_from(amount).unwrap_or(u64::MAX)
}
