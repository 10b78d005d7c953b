//! What the nodes publish: to the streams of clients, the outbox and the metrics.
mod inside;
mod recovery;

pub use recovery::Recovery;

use crate::entry::{Entry, Key};
use crate::metrics::Metrics;
use crate::outbox::Outbox;
use crate::NodeError;
use globelet_clock::Stamp;
use globelet_protocol::{Publication, Receipt};
use globelet_types::{ChainId, Hash, Micros, NodeId, OrderId, Refusal, Stage};
use inside::Inside;
use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;
use tokio::sync::mpsc;

/// A step of one transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The stage.
    pub stage: Stage,
    /// When.
    pub at: Stamp,
    /// Why, for `refused` and `refunded`.
    pub refusal: Option<Refusal>,
}

/// The feed of one process. Cheap to clone.
#[derive(Clone)]
pub struct Feed {
    inside: Arc<Mutex<Inside>>,
    metrics: Arc<Metrics>,
}

fn now_us() -> Micros {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_micros() as Micros)
}

impl Feed {
    /// A feed that writes to `outbox`.
    ///
    /// # Errors
    /// [`NodeError::Disk`] if the outbox cannot be read.
    pub fn new(outbox: Outbox, metrics: Arc<Metrics>) -> Result<Feed, NodeError> {
        let inside = Inside::open(outbox)?;
        Ok(Feed { inside: Arc::new(Mutex::new(inside)), metrics })
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what the core published until it ends, or until the outbox cannot be written: `fatal` hears of that.
    pub async fn run(
        self,
        mut publications: mpsc::UnboundedReceiver<Vec<(NodeId, Publication)>>,
        fatal: mpsc::UnboundedSender<NodeError>,
    ) {
        while let Some(batch) = publications.recv().await {
            if let Err(error) = self.take(batch) {
                // What is missing now is found again in the logs at the next start.
                let _ = fatal.send(error);
                return;
            }
        }
    }

    fn take(&self, batch: Vec<(NodeId, Publication)>) -> Result<(), NodeError> {
        let mut inside = self.lock();
        let mut entries = Vec::new();
        for (node, publication) in batch {
            match publication {
                Publication::StageReached { order, stage, at, refusal } => {
                    inside.step(&self.metrics, order, Step { stage, at, refusal });
                }
                Publication::ParcelRepaired { .. } => {
                    self.metrics.repairs.inc();
                }
                Publication::Challenged { outcome, .. } => self.metrics.challenged(outcome),
                // The core tells the metrics, also of what was before it started.
                Publication::EpochBegan { .. } => {}
                Publication::Misbehaviour { member, what } => {
                    self.metrics.misbehaviour.inc();
                    crate::error::say(format_args!(
                        "node {node}: member {member} of its chain broke the protocol: {what}"
                    ));
                }
                Publication::ReceiptCompleted(receipt) => {
                    if inside.is_new(Key::of(&receipt)) {
                        inside.complete(&receipt, &mut entries);
                    }
                }
                Publication::BlockCertified { chain, height, hash, items } => {
                    inside.remember(chain, height, hash);
                    if inside.is_new(Key::Block(chain, height)) {
                        entries.push(Entry::Block { chain, height, hash, items, at_us: now_us() });
                    }
                }
            }
        }
        inside.append(&entries)
    }

    /// Begins to take what the logs, handled again, publish and the outbox lacks. Once, before anything else.
    pub fn recovery(&self) -> Recovery<'_> {
        Recovery::begin(self.lock())
    }

    /// From now on, the steps of a transfer.
    pub fn listen(&self, order: OrderId) -> mpsc::UnboundedReceiver<Step> {
        let (sender, steps) = mpsc::unbounded_channel();
        let mut inside = self.lock();
        let listeners = inside.listeners.entry(order).or_default();
        listeners.retain(|l| !l.is_closed());
        listeners.push(sender);
        steps
    }

    /// When the stores had a transfer, if that is still remembered.
    pub fn archived_at(&self, order: &OrderId) -> Option<Stamp> {
        self.lock().kept.get(order)?.archived
    }

    /// A complete receipt from the outbox: replicas forget those that ended long ago.
    ///
    /// # Errors
    /// The system's.
    pub fn receipt(&self, order: &OrderId) -> io::Result<Option<Receipt>> {
        let inside = self.lock();
        inside.kept.get(order).map_or(Ok(None), |kept| inside.outbox.receipt(kept.offset))
    }

    /// Certified blocks above a height, at most `limit` of each chain, as hosted replicas or their logs told them.
    pub fn blocks(&self, after: u64, limit: usize) -> Vec<(ChainId, u64, Hash)> {
        let inside = self.lock();
        let above = |(chain, blocks): (&ChainId, &BTreeSet<(u64, Hash)>)| -> Vec<_> {
            let above = blocks.range((after.saturating_add(1), [0; 32])..);
            above.take(limit).map(|(height, hash)| (*chain, *height, *hash)).collect()
        };
        inside.certified.iter().flat_map(above).collect()
    }

    /// A page of the outbox, and the offset of its newest record.
    ///
    /// # Errors
    /// The system's.
    pub fn page(&self, after: u64, limit: usize) -> io::Result<(Vec<(u64, Entry)>, u64)> {
        let inside = self.lock();
        Ok((inside.outbox.after(after, limit)?, inside.outbox.newest()))
    }

    /// The stores have everything up to this offset: tells whoever listens.
    ///
    /// # Errors
    /// The system's.
    pub fn archive(&self, upto: u64) -> io::Result<u64> {
        let mut inside = self.lock();
        let at = Stamp { micros: now_us(), counter: 0 };
        let upto = inside.outbox.archive(upto, at.micros)?;
        while let Some((_, order)) = inside.waiting.pop_front_if(|(offset, _)| *offset <= upto) {
            // The same receipt may come again, with proofs that were late: it was archived before.
            let Some(kept) = inside.kept.get_mut(&order).filter(|k| k.archived.is_none()) else { continue };
            kept.archived = Some(at);
            inside.step(&self.metrics, order, Step { stage: Stage::Archived, at, refusal: None });
        }
        Ok(upto)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use globelet_erasure::merkle::MerkleProof;
    use globelet_protocol::interval::{IntervalSignature, PostQuantum};
    use globelet_types::{AccountId, Opening, Order, SignedOrder};

    fn receipt(number: u8) -> Box<Receipt> {
        let account = AccountId([number; 32]);
        let order = Order::Opening(Opening { world: 1, municipality: ChainId(0), account, expires_us: 9 });
        Box::new(Receipt::begin(order.id(), SignedOrder { order, signature: [0; 64] }, 0))
    }

    #[test]
    fn receipts_are_written_once_found_again_and_archived_once() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Feed::new(Outbox::open(folder.path(), "tokyo").unwrap(), Arc::new(Metrics::default())).unwrap();
        let told = |receipts: &[&Receipt]| -> Vec<(NodeId, Publication)> {
            let completed = |r: &&Receipt| (NodeId(0), Publication::ReceiptCompleted(Box::new((*r).clone())));
            receipts.iter().map(completed).collect()
        };
        let (first, second, third) = (receipt(1), receipt(2), receipt(3));
        let feed = open();
        feed.take(told(&[&first, &second])).unwrap();
        feed.take(told(&[&second])).unwrap();
        assert_eq!(feed.archive(1).unwrap(), 1);
        assert_eq!((feed.archived_at(&first.id).is_some(), feed.archived_at(&second.id)), (true, None));
        drop(feed);
        // The logs tell all three again; the outbox lacks the third.
        let feed = open();
        let mut recovery = feed.recovery();
        for (_, publication) in told(&[&first, &second, &third]) {
            recovery.take(7, publication).unwrap();
        }
        recovery.finish().unwrap();
        assert_eq!(feed.page(0, 9).unwrap().1, 3);
        for receipt in [&first, &second, &third] {
            assert_eq!(feed.receipt(&receipt.id).unwrap().as_ref(), Some(&**receipt));
        }
        assert_eq!(feed.receipt(&OrderId([9; 32])).unwrap(), None);
        assert_eq!((feed.archived_at(&first.id).is_some(), feed.archived_at(&third.id)), (true, None));
        assert_eq!(feed.archive(9).unwrap(), 3);
        assert!(feed.archived_at(&third.id).is_some());
    }

    #[test]
    fn an_interval_signature_is_written_once_and_its_receipts_are_whole() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Feed::new(Outbox::open(folder.path(), "tokyo").unwrap(), Arc::new(Metrics::default())).unwrap();
        let signed = |place| {
            let interval = IntervalSignature { place, number: 1, count: 1, root: [6; 32], signature: vec![7; 3309] };
            (Arc::new(interval), MerkleProof { index: 0, count: 1, path: Vec::new() })
        };
        let with = |number, places: std::ops::Range<u16>| {
            let at = Stamp { micros: 1, counter: 0 };
            let post_quantum = Some(PostQuantum { at, votes: places.map(signed).collect() });
            Box::new(Receipt { post_quantum, ..*receipt(number) })
        };
        let told = |r: &Receipt| vec![(NodeId(0), Publication::ReceiptCompleted(Box::new(r.clone())))];
        let (first, second, third) = (with(1, 0..3), with(2, 1..4), with(3, 0..4));
        let feed = open();
        feed.take(told(&first)).unwrap();
        feed.take(told(&second)).unwrap();
        drop(feed);
        let feed = open();
        feed.take(told(&third)).unwrap();
        let kinds: String = feed.page(0, 99).unwrap().0.iter().map(|(_, entry)| kind(entry)).collect();
        assert_eq!(kinds, "iiirirr");
        for receipt in [first, second, third] {
            assert_eq!(feed.receipt(&receipt.id).unwrap(), Some(*receipt));
        }
    }

    fn kind(entry: &Entry) -> char {
        match entry {
            Entry::Interval { .. } => 'i',
            Entry::Receipt { .. } => 'r',
            Entry::Block { .. } => 'b',
        }
    }

    #[test]
    fn a_full_disk_ends_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let outbox = Outbox::open(folder.path(), "tokyo").unwrap().over(full);
        let feed = Feed::new(outbox, Arc::new(Metrics::default())).unwrap();
        let (publications, published) = mpsc::unbounded_channel();
        let (fatal, mut failures) = mpsc::unbounded_channel();
        publications.send(vec![(NodeId(0), Publication::ReceiptCompleted(receipt(1)))]).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(feed.run(published, fatal));
        assert!(matches!(failures.try_recv(), Ok(NodeError::DiskFull { .. })));
    }
}
