//! What is still to happen, by time and then by the order it was asked for.
use globelet_protocol::Event;
use globelet_types::world::Route;
use globelet_types::{Micros, NodeId, OrderId, RegionId, SignedOrder};
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::sync::Arc;

use crate::node::Out;

/// Something due at a time.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "the size of an event is that of its message, which here is never inside"
)]
pub(crate) enum Due {
    /// Encoded message bytes reach a node.
    Arrival { from: NodeId, to: NodeId, route: Option<Route>, bytes: Arc<[u8]> },
    /// A fact from the node's own driver: a timer, a submission, a start.
    Local { node: NodeId, life: u32, event: Event },
    /// Effects that waited for the disk.
    Leaving { node: NodeId, life: u32, outs: Vec<Out> },
    /// A client hands in its order.
    Asking(Box<Asking>),
    /// Presence is looked at again.
    Presence,
    /// A probe reaches the other end of a link, over this route.
    Probe { from: RegionId, to: RegionId, route: Route, sent: Micros },
}

/// An order that a client hands in until it is answered.
#[derive(Debug)]
pub(crate) struct Asking {
    pub order: SignedOrder,
    /// The account's order before this one.
    pub after: Option<OrderId>,
    /// The ingress asked last.
    pub last: Option<NodeId>,
    /// The client gives up then.
    pub until: Micros,
}

impl Due {
    /// The node that this is about.
    pub fn node(&self) -> Option<NodeId> {
        match self {
            Due::Arrival { to: node, .. } | Due::Local { node, .. } | Due::Leaving { node, .. } => Some(*node),
            Due::Asking(_) | Due::Presence | Due::Probe { .. } => None,
        }
    }
}

struct Entry {
    at: Micros,
    sequence: u64,
    due: Due,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        (self.at, self.sequence) == (other.at, other.sequence)
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Entry) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    fn cmp(&self, other: &Entry) -> Ordering {
        (self.at, self.sequence).cmp(&(other.at, other.sequence))
    }
}

/// A queue that gives equal times back in the order they were put in.
#[derive(Default)]
pub(crate) struct Queue {
    heap: BinaryHeap<Reverse<Entry>>,
    sequence: u64,
}

impl Queue {
    pub fn push(&mut self, at: Micros, due: Due) {
        self.sequence += 1;
        self.heap.push(Reverse(Entry { at, sequence: self.sequence, due }));
    }

    /// Takes the first thing due at or before `until`.
    pub fn pop(&mut self, until: Micros) -> Option<(Micros, Due)> {
        if self.heap.peek()?.0.at > until {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| (entry.at, entry.due))
    }
}
