//! The core thread: it owns the states of the hosted nodes and hands them one event at a time.
mod input;

pub use input::{CoreHandle, Input};

use crate::clock::WallClock;
use crate::directory::{Directory, Way};
use crate::gate::Gate;
use crate::metrics::Metrics;
use crate::schedule::{Jitter, Schedule};
use crate::transport::Outward;
use crate::work::work;
use crate::writer::Append;
use bytes::Bytes;
use globelet_protocol::{Effect, Event, Message, Publication, State};
use globelet_types::world::Route;
use globelet_types::{encode, Micros, NodeId, OrderId, Refusal};
use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU64;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// One outcome per order.
pub type Outcomes = Vec<Result<OrderId, Refusal>>;
/// The states of the hosted nodes, for questions.
pub type States = BTreeMap<NodeId, State>;

/// An effect that waits behind its node's gate.
enum Outgoing {
    Send { to: Vec<NodeId>, message: Box<Message> },
    Reply { request: u64, outcomes: Outcomes },
    Publish(Publication),
}

enum Due {
    Timer(NodeId, globelet_protocol::Timer),
    Message(Input),
    Probe(Instant, oneshot::Sender<Duration>),
}

/// Where the core's output goes.
pub struct Outputs {
    /// Events for each node's log.
    pub logs: BTreeMap<NodeId, Sender<Append>>,
    /// Messages for other processes.
    pub outward: Outward,
    /// Facts for clients, the outbox and metrics.
    pub publications: mpsc::UnboundedSender<Vec<(NodeId, Publication)>>,
}

/// The states and all that drives them.
pub struct Core {
    directory: Arc<Directory>,
    clock: WallClock,
    states: States,
    gates: BTreeMap<NodeId, Gate<Outgoing>>,
    schedule: Schedule<Due>,
    jitter: Jitter,
    outputs: Outputs,
    replies: HashMap<u64, oneshot::Sender<Outcomes>>,
    next_request: u64,
    published: Vec<(NodeId, Publication)>,
    metrics: Arc<Metrics>,
}

/// The record of an event: its time, then the event.
pub fn record(now: Micros, event: &Event) -> Vec<u8> {
    encode(&(now, event))
}

/// The record of a message as it came, without encoding it again.
fn message_record(now: Micros, from: NodeId, route: Option<Route>, raw: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(raw.len() + 13);
    bytes.extend(now.to_le_bytes());
    bytes.push(1);
    bytes.extend(from.0.to_le_bytes());
    bytes.extend(encode(&route));
    bytes.extend_from_slice(raw);
    bytes
}

/// Reads a record.
///
/// # Errors
/// The codec's, for bytes that are no record.
pub fn read_record(bytes: &[u8]) -> Result<(Micros, Event), globelet_types::DecodeError> {
    globelet_types::decode(bytes)
}

impl Core {
    /// A core over recovered states.
    pub fn new(
        directory: Arc<Directory>,
        clock: WallClock,
        states: States,
        outputs: Outputs,
        metrics: Arc<Metrics>,
    ) -> Core {
        let gates = states.keys().map(|n| (*n, Gate::default())).collect();
        let jitter = Jitter::new(directory.world().seed ^ u64::from(directory.process) << 32);
        metrics.nodes.set(states.len() as i64);
        for (node, view) in states.iter().map(|(node, state)| (*node, state.ledger())) {
            metrics.seated(directory.world(), node, view.epoch, &view.members);
        }
        Core {
            directory,
            clock,
            states,
            gates,
            schedule: Schedule::default(),
            jitter,
            outputs,
            replies: HashMap::new(),
            next_request: 1,
            published: Vec::new(),
            metrics,
        }
    }

    /// Runs until told to stop or until nobody can tell it anything any more.
    pub fn run(mut self, inputs: &Receiver<Input>, handle: &CoreHandle) {
        // The kernel's default slack of 50 us would be added to every delay.
        let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
        let nodes: Vec<NodeId> = self.states.keys().copied().collect();
        for node in nodes {
            self.handle(node, Event::Started, None);
        }
        loop {
            while let Some(due) = self.schedule.take_due(Instant::now()) {
                self.fire(due);
            }
            let input = inputs.try_recv().map_or_else(
                |_| {
                    self.publish();
                    self.wait(inputs)
                },
                |input| Ok(Some(input)),
            );
            match input {
                Ok(Some(Input::Stop)) | Err(()) => break,
                Ok(Some(input)) => {
                    handle.took(&input);
                    self.take(input);
                }
                Ok(None) => {}
            }
        }
        self.publish();
    }

    fn wait(&self, inputs: &Receiver<Input>) -> Result<Option<Input>, ()> {
        let Some(due) = self.schedule.next_due() else {
            return inputs.recv().map(Some).map_err(|_| ());
        };
        match inputs.recv_timeout(due.saturating_duration_since(Instant::now())) {
            Ok(input) => Ok(Some(input)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(()),
        }
    }

    fn fire(&mut self, due: Due) {
        match due {
            Due::Timer(node, timer) => self.handle(node, Event::TimerExpired(timer), None),
            Due::Message(input) => self.take(input),
            Due::Probe(begun, reply) => {
                let _ = reply.send(begun.elapsed());
            }
        }
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Message { to, from, route, message, raw } => {
                self.handle(to, Event::MessageReceived { from, route, message: *message }, Some(raw));
            }
            Input::Submit { node, orders, reply } => {
                let request = self.next_request;
                self.next_request += 1;
                self.replies.insert(request, reply);
                self.metrics.orders.inc_by(orders.len() as u64);
                self.handle(node, Event::Submitted { request, orders }, None);
            }
            Input::Candidates { node, holders } => self.handle(node, Event::CandidatesChanged { holders }, None),
            Input::Sources { node, source, replicas } => {
                self.handle(node, Event::SourcesChanged { source, replicas }, None);
            }
            Input::Synced { node, upto } => {
                let open = self.gates.get_mut(&node).map(|g| g.open(upto)).unwrap_or_default();
                open.into_iter().for_each(|effect| self.carry_out(node, effect));
            }
            Input::Ask(question) => question(&self.states),
            Input::Probe { way, reply } => {
                let begun = Instant::now();
                let delay = self.directory.link(&way).map_or(Duration::ZERO, |l| self.jitter.delay_at(l, begun));
                self.schedule.add(begun + delay, Due::Probe(begun, reply));
            }
            Input::Stop => {}
        }
    }

    fn handle(&mut self, node: NodeId, event: Event, raw: Option<Bytes>) {
        let Some(state) = self.states.get_mut(&node) else { return };
        let now = self.clock.now();
        let record = match (&event, raw) {
            (Event::Started, _) => None,
            (Event::MessageReceived { from, route, .. }, Some(raw)) => Some(message_record(now, *from, *route, &raw)),
            (event, _) => Some(record(now, event)),
        };
        let (work, begun) = (work(&event), Instant::now());
        let effects = state.handle(now, event);
        self.metrics.worked(work, begun.elapsed());
        let persist = effects.iter().any(|e| matches!(e, Effect::Persist));
        let sync = persist.then(|| self.gates.entry(node).or_default().ask());
        match (record, self.outputs.logs.get(&node)) {
            (Some(record), Some(log)) => {
                let _ = log.send(Append { node, record, sync });
            }
            // A start is not logged, so there is nothing of it to make durable.
            (None, _) => {
                let open = sync.map(|upto| self.gates.entry(node).or_default().open(upto)).unwrap_or_default();
                open.into_iter().for_each(|effect| self.carry_out(node, effect));
            }
            (Some(_), None) => {}
        }
        self.sort(node, effects);
    }

    fn sort(&mut self, node: NodeId, effects: Vec<Effect>) {
        for effect in effects {
            let outgoing = match effect {
                Effect::Persist => continue,
                Effect::StartTimer { after_us, timer } => {
                    self.schedule.add(Instant::now() + Duration::from_micros(after_us), Due::Timer(node, timer));
                    continue;
                }
                Effect::Send { to, message } => Outgoing::Send { to, message: Box::new(message) },
                Effect::Reply { request, outcomes } => Outgoing::Reply { request, outcomes },
                Effect::Publish(publication) => Outgoing::Publish(publication),
            };
            if let Some(free) = self.gates.entry(node).or_default().pass(outgoing) {
                self.carry_out(node, free);
            }
        }
        self.metrics.gated.set(self.gates.values().map(Gate::len).sum::<usize>() as i64);
    }

    fn carry_out(&mut self, node: NodeId, outgoing: Outgoing) {
        match outgoing {
            Outgoing::Send { to, message } => self.send(node, to, &message),
            Outgoing::Reply { request, outcomes } => {
                if let Some(reply) = self.replies.remove(&request) {
                    let _ = reply.send(outcomes);
                }
            }
            Outgoing::Publish(publication) => self.published.push((node, publication)),
        }
    }

    /// Encodes once for all receivers; those inside the process get a decoded copy after the link's delay.
    fn send(&mut self, from: NodeId, to: Vec<NodeId>, message: &Message) {
        let begun = Instant::now();
        let raw = Bytes::from(encode(message));
        let mut ways: BTreeMap<Way, Vec<NodeId>> = BTreeMap::new();
        for node in to {
            if let Some(way) = self.directory.way(from, node) {
                ways.entry(way).or_default().push(node);
            }
        }
        for (way, receivers) in ways {
            if !self.directory.inside(&way) {
                self.outputs.outward.send(way, from, receivers, raw.clone());
                continue;
            }
            let Some(link) = self.directory.link(&way) else { continue };
            for to in receivers {
                let Ok(message) = globelet_types::decode(&raw) else { continue };
                let now = Instant::now();
                let due = now + self.jitter.delay_at(link, now);
                let input = Input::Message { to, from, route: None, message: Box::new(message), raw: raw.clone() };
                self.schedule.add(due, Due::Message(input));
            }
        }
        self.metrics.sent_by_core(begun.elapsed());
    }

    fn publish(&mut self) {
        for (node, publication) in &self.published {
            if let Publication::EpochBegan { epoch, members, .. } = publication {
                self.metrics.seated(self.directory.world(), *node, *epoch, members);
            }
        }
        if !self.published.is_empty() {
            let _ = self.outputs.publications.send(std::mem::take(&mut self.published));
        }
        self.replies.retain(|_, reply| !reply.is_closed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use globelet_types::ChainId;

    #[test]
    fn the_record_of_raw_bytes_is_the_record_of_the_event() {
        let message = Message::LaneHead { source: ChainId(3), number: 9 };
        let raw = encode(&message);
        for (route, bytes) in [(None, "00"), (Some(Route::Backbone), "0100"), (Some(Route::Internet), "0101")] {
            let event = Event::MessageReceived { from: NodeId(7), route, message: message.clone() };
            let made = message_record(55, NodeId(7), route, &raw);
            assert_eq!(made, record(55, &event));
            let expected = format!("3700000000000000010700{bytes}{}", hex::encode(&raw));
            assert_eq!(hex::encode(&made), expected, "the log's format: a change makes another log::VERSION");
            assert!(matches!(read_record(&made), Ok((55, Event::MessageReceived { route: r, .. })) if r == route));
        }
    }
}
