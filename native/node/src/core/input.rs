//! The way into the core thread.
use super::{Outcomes, States};
use crate::clock::WallClock;
use crate::directory::Way;
use crate::metrics::Metrics;
use bytes::Bytes;
use globelet_protocol::{Message, Weighted};
use globelet_types::world::Route;
use globelet_types::{ChainId, Micros, NodeId, SignedOrder};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// What others tell the core.
pub enum Input {
    /// A message came for a hosted node, decoded, with the bytes it came as.
    Message {
        /// The receiver.
        to: NodeId,
        /// The sender, authenticated.
        from: NodeId,
        /// Which of the two routes it took, where its link has two.
        route: Option<Route>,
        /// The message.
        message: Box<Message>,
        /// Its encoding.
        raw: Bytes,
    },
    /// Orders for one ingress.
    Submit {
        /// The ingress.
        node: NodeId,
        /// The orders.
        orders: Vec<SignedOrder>,
        /// Who waits.
        reply: oneshot::Sender<Outcomes>,
    },
    /// Presence changed for one replica.
    Candidates {
        /// The replica.
        node: NodeId,
        /// Holders, nearest first, with their weights.
        holders: Vec<Weighted>,
    },
    /// A selection policy weighed the replicas of a source for one replica.
    Sources {
        /// The replica.
        node: NodeId,
        /// The source.
        source: ChainId,
        /// Its replicas with their weights.
        replicas: Vec<Weighted>,
    },
    /// Everything up to this sync is durable.
    Synced {
        /// Whose log.
        node: NodeId,
        /// The sync's number.
        upto: u64,
    },
    /// A question about the states.
    Ask(Box<dyn FnOnce(&States) + Send>),
    /// Measures a link inside the process.
    Probe {
        /// The way.
        way: Way,
        /// Gets the delay met.
        reply: oneshot::Sender<Duration>,
    },
    /// Ends the thread.
    Stop,
}

/// A way into the core, cheap to clone.
#[derive(Clone)]
pub struct CoreHandle {
    inputs: Sender<Input>,
    waiting: Arc<AtomicU64>,
    clock: WallClock,
    metrics: Arc<Metrics>,
}

impl CoreHandle {
    /// A handle over a channel whose other end is a core's, with the core's clock.
    pub fn new(inputs: Sender<Input>, clock: WallClock, metrics: Arc<Metrics>) -> CoreHandle {
        CoreHandle { inputs, waiting: Arc::default(), clock, metrics }
    }

    /// The time that the core goes by.
    pub fn now(&self) -> Micros {
        self.clock.now()
    }

    /// Hands an input over; one that comes after the core's end is lost.
    pub fn tell(&self, input: Input) {
        self.metrics.core_queue.set(self.waiting.fetch_add(1, Ordering::Relaxed) as i64 + 1);
        let _ = self.inputs.send(input);
    }

    /// Notes that the core took an input; what the log threads report was never counted as waiting.
    pub(super) fn took(&self, input: &Input) {
        if !matches!(input, Input::Synced { .. }) {
            self.metrics.core_queue.set(self.waiting.fetch_sub(1, Ordering::Relaxed) as i64 - 1);
        }
    }

    /// Asks about the states; `None` once the core has ended.
    pub async fn ask<T: Send + 'static>(&self, question: impl FnOnce(&States) -> T + Send + 'static) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.tell(Input::Ask(Box::new(move |states| {
            let _ = reply.send(question(states));
        })));
        answer.await.ok()
    }
}
