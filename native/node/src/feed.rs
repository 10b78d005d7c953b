//! What the nodes publish: to the streams of clients, the outbox and the metrics.
use crate::metrics::Metrics;
use crate::outbox::{Entry, Outbox};
use globelet_clock::Stamp;
use globelet_protocol::Publication;
use globelet_types::{ChainId, Micros, NodeId, OrderId, Refusal, Stage};
use std::collections::{HashMap, VecDeque};
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

/// Transfers whose times are remembered at once, for latency metrics and `archived`.
const REMEMBERED: usize = 100_000;

/// A map that forgets its oldest entries.
struct Recent<T> {
    map: HashMap<OrderId, T>,
    order: VecDeque<OrderId>,
}

impl<T> Recent<T> {
    fn new() -> Self {
        Recent { map: HashMap::new(), order: VecDeque::new() }
    }

    fn put(&mut self, id: OrderId, value: T) {
        if self.map.insert(id, value).is_none() {
            self.order.push_back(id);
        }
        while self.order.len() > REMEMBERED {
            self.order.pop_front().map(|old| self.map.remove(&old));
        }
    }
}

struct Inside {
    listeners: HashMap<OrderId, Vec<mpsc::UnboundedSender<Step>>>,
    admitted: Recent<Micros>,
    archived: Recent<Stamp>,
    heights: HashMap<ChainId, u64>,
    outbox: Outbox,
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
    pub fn new(outbox: Outbox, metrics: Arc<Metrics>) -> Feed {
        let inside = Inside {
            listeners: HashMap::new(),
            admitted: Recent::new(),
            archived: Recent::new(),
            heights: HashMap::new(),
            outbox,
        };
        Feed { inside: Arc::new(Mutex::new(inside)), metrics }
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what the core published until it ends.
    pub async fn run(self, mut publications: mpsc::UnboundedReceiver<Vec<(NodeId, Publication)>>) {
        while let Some(batch) = publications.recv().await {
            self.take(batch);
        }
    }

    fn take(&self, batch: Vec<(NodeId, Publication)>) {
        let mut inside = self.lock();
        let mut entries = Vec::new();
        for (node, publication) in batch {
            match publication {
                Publication::StageReached { order, stage, at, refusal } => {
                    inside.step(&self.metrics, order, Step { stage, at, refusal });
                }
                Publication::ReceiptCompleted(receipt) => entries.push(Entry::Receipt(receipt)),
                Publication::BlockCertified { chain, height, hash, items } => {
                    // Every hosted replica says so; the first one counts.
                    let newest = inside.heights.entry(chain).or_insert(0);
                    if height > *newest {
                        *newest = height;
                        entries.push(Entry::Block { chain, height, hash, items, at_us: now_us() });
                    }
                }
                Publication::ParcelRepaired { .. } => {
                    self.metrics.repairs.inc();
                }
                Publication::Misbehaviour { member, what } => {
                    self.metrics.misbehaviour.inc();
                    crate::error::say(format_args!(
                        "node {node}: member {member} of its chain broke the protocol: {what}"
                    ));
                }
            }
        }
        if let Err(error) = inside.outbox.append(&entries) {
            crate::error::say(format_args!(
                "the outbox cannot be written: {error}; {} records are missing from it",
                entries.len()
            ));
        }
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
        self.lock().archived.map.get(order).copied()
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
        let (after, upto) = inside.outbox.archive(upto)?;
        let at = Stamp { micros: now_us(), counter: 0 };
        for (_, entry) in inside.outbox.after(after, (upto - after) as usize)? {
            if let Entry::Receipt(receipt) = entry {
                if inside.archived.map.contains_key(&receipt.id) {
                    // The same receipt again, now with its post-quantum signatures.
                    continue;
                }
                inside.archived.put(receipt.id, at);
                inside.step(&self.metrics, receipt.id, Step { stage: Stage::Archived, at, refusal: None });
            }
        }
        Ok(upto)
    }
}

impl Inside {
    fn step(&mut self, metrics: &Metrics, order: OrderId, step: Step) {
        if step.stage == Stage::Admitted {
            self.admitted.put(order, step.at.micros);
        }
        if let Some(admitted) = self.admitted.map.get(&order) {
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
