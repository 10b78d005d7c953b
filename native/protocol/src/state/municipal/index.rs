//! S2 and R4: the index of order ids, by which every replica finds the block of an order, whoever admitted it.
//!
//! Ids stand in sections of [`SECTION`], in the order they were applied. A full section is sealed with a binary fuse
//! filter (`globelet_filters`), and a question goes through the few sections whose filter says "perhaps": 64 filters and
//! one scan instead of 64 scans, for nine bits an order. The newest [`SECTIONS_MOST`] sections are kept.
use super::super::ledger::Settled;
use crate::block::{LaneEntry, Parcel, Seen};
use globelet_clock::Stamp;
use globelet_filters::Fuse;
use globelet_sharding::{Reason, Settlement};
use globelet_types::{ChainId, Order, OrderId, Refusal};
use std::collections::{BTreeMap, VecDeque};

/// Orders of a section.
const SECTION: usize = 1_024;
/// Sections kept: 65,536 orders, of 36 bytes each.
const SECTIONS_MOST: usize = 64;

/// Groups that an order is compared with before it begins one of its own.
const NEAR: usize = 32;

/// What a block did with an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Applied, and nothing left the municipality.
    AtHome,
    /// Applied, and its amount or account left with this parcel.
    Sent { destination: ChainId, number: u64 },
    /// Refused at the source, with nothing moved.
    Refused(Refusal),
    /// It came with this parcel, and was taken in unless there is a refusal.
    Came { source: ChainId, number: u64, certified: Stamp, delivered: Stamp, refusal: Option<Refusal> },
}

/// Orders of one block with one fate.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    height: u64,
    fate: Fate,
}

/// Orders that were applied one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Section {
    ids: Vec<OrderId>,
    /// Place in `groups`, by place in `ids`.
    which: Vec<u16>,
    groups: Vec<Group>,
    /// Once it is full.
    filter: Option<Fuse<u8>>,
}

impl Section {
    fn push(&mut self, id: OrderId, height: u64, fate: Fate) {
        // The parcels of one block are few, and refusals rare: what repeats itself stands near the end.
        let near = self.groups.iter().rev().take(NEAR).position(|g| g.height == height && g.fate == fate);
        let group = near.map_or(self.groups.len(), |back| self.groups.len() - 1 - back);
        if near.is_none() {
            self.groups.push(Group { height, fate });
        }
        self.ids.push(id);
        self.which.push(group as u16);
    }

    /// Without a filter, which one in 2^100 sections has to do without, every question is let through.
    fn seal(&mut self, seed: u64) {
        let ids: Vec<&[u8]> = self.ids.iter().map(|id| id.0.as_slice()).collect();
        self.filter = Fuse::new(&ids, seed).ok();
        self.groups.shrink_to_fit();
    }

    fn of(&self, id: OrderId) -> impl Iterator<Item = &Group> {
        let perhaps = self.filter.as_ref().is_none_or(|filter| filter.contains(&id.0));
        let ids = if perhaps { self.ids.as_slice() } else { &[] };
        let found = ids.iter().zip(&self.which).filter(move |(known, _)| **known == id);
        found.filter_map(|(_, group)| self.groups.get(usize::from(*group)))
    }
}

/// What the destination said of a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settling {
    pub delivered: Stamp,
    pub credited: Stamp,
}

/// Orders in the newest blocks of one replica.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Index {
    seed: u64,
    /// Of the block under construction.
    building: Vec<(OrderId, Fate)>,
    sections: VecDeque<Section>,
    /// Parcels that orders in the sections left with, and what became of them.
    parcels: BTreeMap<(ChainId, u64), Option<Settling>>,
    /// Those of their orders that could not be credited.
    refunded: BTreeMap<OrderId, Refusal>,
}

impl Index {
    /// An empty index. Nobody else should know the seed: who does can choose orders that the filters mistake.
    pub fn new(seed: u64) -> Index {
        let (parcels, refunded) = (BTreeMap::new(), BTreeMap::new());
        Index { seed, building: Vec::new(), sections: VecDeque::new(), parcels, refunded }
    }

    /// The block under construction applied or refused an order.
    pub fn applied(&mut self, id: OrderId, order: &Order, refusal: Option<&Refusal>) {
        let fate = match (refusal, order.leaves_for()) {
            // Whoever put that order here was not its signer, whose own may still come, here or where it belongs.
            (Some(Refusal::BadSignature | Refusal::WrongMunicipality { .. } | Refusal::WrongWorld { .. }), _) => return,
            (Some(refusal), _) => Fate::Refused(refusal.clone()),
            (None, Some(destination)) => Fate::Sent { destination, number: 0 },
            (None, None) => Fate::AtHome,
        };
        self.building.push((id, fate));
    }

    /// The block under construction took in a parcel, and answers with this settlement.
    pub fn came(&mut self, parcel: &Parcel, (certified, delivered): (Stamp, Stamp), settlement: &Settlement) {
        // Mostly there is nothing in them.
        let refused: BTreeMap<_, _> = settlement.refused.iter().map(|(id, reason)| (id, reason)).collect();
        let returned: BTreeMap<_, _> = settlement.returned.iter().map(|(id, reason)| (id, reason)).collect();
        let transfers = parcel.transfers().map(|r| (r.id, refused.get(&r.id)));
        let moves = parcel.relocations.iter().map(|r| (r.order, returned.get(&r.id)));
        let (source, number) = (parcel.source, parcel.number);
        for (id, reason) in moves.chain(transfers) {
            let refusal = reason.map(|reason| Refusal::from(Reason::clone(reason)));
            self.building.push((id, Fate::Came { source, number, certified, delivered, refusal }));
        }
    }

    /// The block is built: its orders can be found from now on.
    pub fn close(&mut self, height: u64, lanes: &[LaneEntry]) {
        for (id, mut fate) in std::mem::take(&mut self.building) {
            if let Fate::Sent { destination, number } = &mut fate {
                *number = lanes.iter().find(|l| l.destination == *destination).map_or(0, |l| l.number);
                self.parcels.entry((*destination, *number)).or_default();
            }
            if self.sections.back().is_none_or(|s| s.ids.len() >= SECTION) {
                self.sections.push_back(Section::default());
                self.forget();
            }
            let Some(open) = self.sections.back_mut() else { return };
            open.push(id, height, fate);
            if open.ids.len() == SECTION {
                open.seal(self.seed);
            }
        }
    }

    /// The destination settled a parcel; `credited` is when it had its certificate there.
    pub fn settled(&mut self, settled: &Settled, seen: Option<&Seen>, credited: Stamp) {
        let Some(parcel) = self.parcels.get_mut(&(settled.destination, settled.number)) else { return };
        *parcel = Some(Settling { delivered: seen.map_or(credited, |s| s.delivered.min(credited)), credited });
        self.refunded.extend(settled.refused.iter().map(|(id, refusal)| (*id, refusal.clone())));
    }

    /// The block of an order, at most `certified` high, and what it did with it. An order may have been applied once
    /// and refused again and again: then the application counts, and our own before what others say of it.
    pub fn find(&self, id: &OrderId, certified: u64) -> Option<(u64, &Fate)> {
        let groups = self.sections.iter().rev().flat_map(|section| section.of(*id));
        let found = groups.filter(|group| group.height <= certified).min_by_key(|group| match group.fate {
            Fate::AtHome | Fate::Sent { .. } => 0,
            Fate::Came { .. } => 1,
            Fate::Refused(_) => 2,
        });
        found.map(|group| (group.height, &group.fate))
    }

    /// What became of a parcel that left here.
    pub fn settling(&self, destination: ChainId, number: u64) -> Option<Settling> {
        *self.parcels.get(&(destination, number))?
    }

    /// Why an order was refunded.
    pub fn refund(&self, id: &OrderId) -> Option<&Refusal> {
        self.refunded.get(id)
    }

    /// Forgets the oldest section, if there are too many, and what belongs to it alone.
    fn forget(&mut self) {
        if self.sections.len() <= SECTIONS_MOST {
            return;
        }
        let Some(oldest) = self.sections.pop_front() else { return };
        oldest.ids.iter().for_each(|id| {
            self.refunded.remove(id);
        });
        let next = self.sections.front().map_or(&[][..], |s| s.groups.as_slice());
        for group in oldest.groups.iter().filter(|group| !next.contains(group)) {
            if let Fate::Sent { destination, number } = group.fate {
                self.parcels.remove(&(destination, number));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use globelet_types::{AccountId, Transfer};

    const HOME: ChainId = ChainId(0);
    const AWAY: ChainId = ChainId(1);

    fn id(n: u64) -> OrderId {
        OrderId(*blake3::hash(&n.to_le_bytes()).as_bytes())
    }

    fn at(micros: u64) -> Stamp {
        Stamp { micros, counter: 0 }
    }

    fn order(destination: ChainId) -> Order {
        let (from, to) = (AccountId([1; 32]), AccountId([2; 32]));
        Order::Transfer(Transfer { world: 0, source: HOME, destination, from, to, amount: 1, nonce: 1, expires_us: 0 })
    }

    fn lane(number: u64) -> LaneEntry {
        LaneEntry {
            destination: AWAY,
            number,
            digest: [0; 32],
            shards: [0; 32],
            amount: 1,
            key_number: 0,
            key: [0; 32],
        }
    }

    /// Blocks of `each` orders, all to the other municipality, the parcel's number being the height.
    fn filled(blocks: u64, each: u64) -> Index {
        let mut index = Index::new(7);
        for height in 1..=blocks {
            ((height - 1) * each..height * each).for_each(|n| index.applied(id(n), &order(AWAY), None));
            index.close(height, &[lane(height)]);
        }
        index
    }

    #[test]
    fn every_order_is_found_in_its_block_and_no_stranger_in_any() {
        for each in [1, 7, 300, 2_500] {
            let blocks = 9_000_u64.div_ceil(each);
            let index = filled(blocks, each);
            for n in 0..blocks * each {
                let number = n / each + 1;
                let sent = Fate::Sent { destination: AWAY, number };
                assert_eq!(index.find(&id(n), blocks), Some((number, &sent)));
                assert_eq!(index.find(&id(n), number - 1), None, "not before it is certified");
            }
            let strangers = (blocks * each..blocks * each + 20_000).filter(|n| index.find(&id(*n), blocks).is_some());
            assert_eq!(strangers.count(), 0);
        }
    }

    #[test]
    fn filters_spare_all_but_one_scan_in_a_hundred() {
        let index = filled(60, SECTION as u64);
        assert!(index.sections.iter().all(|section| section.filter.is_some()));
        let asked = |n| index.sections.iter().filter(move |s| s.filter.as_ref().unwrap().contains(&id(n).0)).count();
        let scans: usize = (1_000_000..1_005_000).map(asked).sum();
        assert!(scans < 60 * 5_000 / 100, "{scans} of {} sections", 60 * 5_000);
    }

    #[test]
    fn it_holds_so_many_orders_and_so_many_bytes_of_each() {
        let index = filled(400, 250);
        let kept = SECTIONS_MOST * SECTION;
        let orders: usize = index.sections.iter().map(|s| s.ids.len()).sum();
        assert!(orders <= kept && orders > kept - SECTION, "{orders}");
        let bytes = |s: &Section| {
            let groups = s.groups.capacity() * std::mem::size_of::<Group>();
            s.ids.len() * 34 + groups + s.filter.as_ref().unwrap().size()
        };
        let sealed = index.sections.iter().filter(|s| s.filter.is_some());
        let (many, sum) = sealed.fold((0, 0), |(many, sum), s| (many + s.ids.len(), sum + bytes(s)));
        assert!(sum < 36 * many, "{sum} bytes for {many} orders");
        assert_eq!(index.find(&id(0), 400), None);
        assert!(index.find(&id(99_999), 400).is_some());
        let oldest = 400 - (kept as u64).div_ceil(250);
        assert!(index.parcels.keys().all(|(_, number)| *number >= oldest), "{:?}", index.parcels.keys().next());
        assert_eq!(index, filled(400, 250), "the same orders make the same index");
    }

    #[test]
    fn a_settlement_tells_what_was_refunded_and_unknown_ones_are_passed_over() {
        let mut index = filled(2, 2);
        let settle = |number, refused| Settled { destination: AWAY, number, refused };
        let seen = Seen { number: 2, certified: at(5), delivered: at(8), route: None };
        index.settled(&settle(2, BTreeMap::from([(id(3), Refusal::UnknownRecipient)])), Some(&seen), at(9));
        index.settled(&settle(77, BTreeMap::from([(id(1), Refusal::UnknownRecipient)])), None, at(9));
        assert_eq!(index.settling(AWAY, 1), None);
        assert_eq!(index.settling(AWAY, 2), Some(Settling { delivered: at(8), credited: at(9) }));
        assert_eq!(index.refund(&id(3)), Some(&Refusal::UnknownRecipient));
        assert_eq!((index.refund(&id(2)), index.refund(&id(1)), index.parcels.len()), (None, None, 2));
        (1_000..80_000).for_each(|n| index.applied(id(n), &order(HOME), None));
        index.close(3, &[]);
        assert_eq!((index.parcels.len(), index.refunded.len()), (0, 0), "forgotten with its orders");
    }

    #[test]
    fn an_application_counts_before_refusals_and_a_forged_order_is_none() {
        let mut index = Index::new(7);
        let replayed = Refusal::Replayed { nonce: 1, highest: 1 };
        index.applied(id(1), &order(HOME), Some(&Refusal::BadSignature));
        index.close(1, &[]);
        assert_eq!(index.find(&id(1), 1), None);
        index.applied(id(1), &order(HOME), Some(&Refusal::ZeroAmount));
        index.close(2, &[]);
        assert_eq!(index.find(&id(1), 2), Some((2, &Fate::Refused(Refusal::ZeroAmount))));
        index.applied(id(1), &order(HOME), None);
        index.applied(id(1), &order(HOME), Some(&replayed));
        index.close(3, &[]);
        assert_eq!(index.find(&id(1), 3), Some((3, &Fate::AtHome)));
    }
}
