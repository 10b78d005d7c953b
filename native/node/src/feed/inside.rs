//! What a feed remembers: who listens, and what the outbox has.
use super::Step;
use crate::entry::{Entry, Key};
use crate::metrics::Metrics;
use crate::outbox::Outbox;
use crate::recent::Recent;
use crate::NodeError;
use globelet_clock::Stamp;
use globelet_protocol::brief::Names;
use globelet_protocol::{Brief, Receipt};
use globelet_types::{ChainId, Hash, Micros, OrderId, Stage};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use tokio::sync::mpsc;

/// Transfers that are remembered at once: their times for latency metrics, and what the outbox has of them.
const REMEMBERED: usize = 100_000;

/// Certified blocks of a chain that are remembered at once.
const BLOCKS: usize = 16_384;

/// Interval signatures that are remembered at once: one that is forgotten is written again when a receipt names it.
const INTERVALS: usize = 16_384;

/// What is known of a receipt that the outbox has.
#[derive(Clone, Copy)]
pub(super) struct Kept {
    /// Of its newest record.
    pub offset: u64,
    pub late_proofs: u8,
    pub archived: Option<Stamp>,
}

pub(super) struct Inside {
    pub listeners: HashMap<OrderId, Vec<mpsc::UnboundedSender<Step>>>,
    pub admitted: Recent<OrderId, Micros>,
    pub kept: Recent<OrderId, Kept>,
    /// Where the outbox has the newest interval signatures, by name.
    pub intervals: Recent<Hash, u64>,
    pub names: Names,
    /// Receipts in the outbox that the stores have not, with their offsets.
    pub waiting: VecDeque<(u64, OrderId)>,
    pub heights: HashMap<ChainId, u64>,
    /// The newest blocks that hosted replicas saw certified, by height.
    pub certified: BTreeMap<ChainId, BTreeSet<(u64, Hash)>>,
    /// All that the outbox had when it was opened; recovery needs and empties it.
    pub known: BTreeSet<Key>,
    pub outbox: Outbox,
}

impl Inside {
    /// Reads what the outbox has.
    pub fn open(outbox: Outbox) -> Result<Inside, NodeError> {
        let mut inside = Inside {
            listeners: HashMap::new(),
            admitted: Recent::new(REMEMBERED),
            kept: Recent::new(REMEMBERED),
            intervals: Recent::new(INTERVALS),
            names: Names::default(),
            waiting: VecDeque::new(),
            heights: HashMap::new(),
            certified: BTreeMap::new(),
            known: BTreeSet::new(),
            outbox,
        };
        let mut known = Vec::new();
        let read = inside.outbox.each(|offset, entry| known.push((offset, entry.key())));
        read.map_err(|e| NodeError::unwritable(inside.outbox.path(), &e))?;
        known.iter().for_each(|(offset, key)| inside.has(*offset, *key));
        inside.known = known.into_iter().map(|(_, key)| key).collect();
        Ok(inside)
    }

    pub fn remember(&mut self, chain: ChainId, height: u64, hash: Hash) {
        let blocks = self.certified.entry(chain).or_default();
        blocks.insert((height, hash));
        while blocks.len() > BLOCKS {
            blocks.pop_first();
        }
    }

    /// The record of a receipt, behind those of the interval signatures that the outbox lacks. `entries` are appended
    /// next.
    pub fn complete(&mut self, receipt: &Receipt, entries: &mut Vec<Entry>) {
        let Key::Receipt(id, late_proofs) = Key::of(receipt) else { return };
        let (brief, parts) = Brief::of(receipt, &mut self.names);
        let mut intervals = Vec::with_capacity(parts.len());
        for (cut, encoded) in brief.cuts.iter().zip(parts) {
            let place = self.intervals.get(&cut.name).copied();
            intervals.push(place.unwrap_or_else(|| {
                entries.push(Entry::Interval { name: cut.name, encoded });
                let place = self.outbox.newest() + entries.len() as u64;
                self.intervals.put(cut.name, place);
                place
            }));
        }
        entries.push(Entry::Receipt { id, late_proofs, brief, intervals });
    }

    /// Every hosted replica tells of a block, and an event that was not logged before a crash happens again: the
    /// first time counts.
    pub fn is_new(&mut self, key: Key) -> bool {
        match key {
            Key::Interval(name) => self.intervals.get(&name).is_none(),
            Key::Receipt(id, late_proofs) => self.kept.get(&id).is_none_or(|k| k.late_proofs < late_proofs),
            Key::Block(chain, height) => {
                let newest = self.heights.entry(chain).or_insert(0);
                let new = height > *newest;
                *newest = height.max(*newest);
                new
            }
        }
    }

    pub fn append(&mut self, entries: &[Entry]) -> Result<(), NodeError> {
        if entries.is_empty() {
            return Ok(());
        }
        let newest = self.outbox.newest();
        self.outbox.append(entries).map_err(|e| NodeError::unwritable(self.outbox.path(), &e))?;
        (newest + 1..).zip(entries).for_each(|(offset, entry)| self.has(offset, entry.key()));
        Ok(())
    }

    /// The outbox has a record at an offset.
    pub fn has(&mut self, offset: u64, key: Key) {
        match key {
            Key::Receipt(id, late_proofs) => {
                let archived = self.outbox.archived_at(offset).map(|micros| Stamp { micros, counter: 0 });
                if archived.is_none() {
                    self.waiting.push_back((offset, id));
                }
                let before = self.kept.get(&id).copied();
                let archived = before.and_then(|k| k.archived).or(archived);
                let late_proofs = before.map_or(0, |k| k.late_proofs).max(late_proofs);
                self.kept.put(id, Kept { offset, late_proofs, archived });
            }
            Key::Block(chain, height) => {
                let newest = self.heights.entry(chain).or_insert(0);
                *newest = height.max(*newest);
            }
            Key::Interval(name) => self.intervals.put(name, offset),
        }
    }

    pub fn step(&mut self, metrics: &Metrics, order: OrderId, step: Step) {
        if step.stage == Stage::Admitted {
            self.admitted.put(order, step.at.micros);
        }
        if let Some(admitted) = self.admitted.get(&order) {
            metrics.stage(step.stage, step.at.micros.saturating_sub(*admitted) as f64 / 1e6);
        }
        if let Some(listeners) = self.listeners.get_mut(&order) {
            listeners.retain(|l| l.send(step.clone()).is_ok());
            if listeners.is_empty() {
                self.listeners.remove(&order);
            }
        }
    }
}
