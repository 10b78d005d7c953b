//! The driver: one queue, one clock, every node's [`globelet_protocol::State`].
mod clients;
mod faults;
mod judgement;
mod probes;
mod selection;
mod waiting;

use crate::account::Account;
use crate::checks::agreement::Agreement;
use crate::checks::homes::Homes;
use crate::checks::{double_credit, time, Violation};
use crate::ladder::Ladder;
use crate::link::Links;
use crate::node::{Input, Node, Out, Step};
use crate::queue::{Due, Queue};
use crate::random::Random;
use crate::trace::{kind, Trace};
use globelet_protocol::{Deal, Event, Genesis, Message, Publication};
use globelet_types::world::{Role, WorldError, WorldSpec};
use globelet_types::{decode, AccountId, ChainId, Hash, Micros, NodeId, OrderId, Refusal, RegionId, Stage};
pub use probes::Delays;
use probes::Probes;
use selection::Selection;
pub use selection::Selector;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Virtual time at which every simulation begins, microseconds since the Unix epoch.
pub const START_US: Micros = 1_700_000_000_000_000;
/// What one sync of a disk costs, microseconds.
const SYNC_US: u64 = 100;
/// Clocks are this far off at most, unless the world's bound is tighter: what a time server gives.
const CLOCK_US: u64 = 500;
/// The ledgers are checked after this many handled events, and at the end of every run.
const CHECK_EVERY: u64 = 64;
/// How long an order that the simulation signs may wait to be admitted.
const EXPIRY_US: u64 = 3_600_000_000;

/// Sees every message as it arrives: virtual time, sender, receiver, message.
pub type Listener = Box<dyn FnMut(Micros, NodeId, NodeId, &Message) + Send>;

/// A whole world in virtual time.
pub struct Simulation {
    genesis: Arc<Genesis>,
    tag: u64,
    seed: u64,
    now: Micros,
    nodes: Vec<Node>,
    links: Links,
    queue: Queue,
    trace: Trace,
    ladder: Ladder,
    agreement: Agreement,
    homes: Homes,
    treasuries: BTreeMap<ChainId, Account>,
    treasury_seeds: BTreeMap<ChainId, [u8; 32]>,
    opening: BTreeMap<AccountId, u64>,
    accounts: BTreeSet<AccountId>,
    requests: BTreeMap<u64, Vec<OrderId>>,
    latest: BTreeMap<AccountId, OrderId>,
    misbehaviours: Vec<(NodeId, u16, String)>,
    repaired: u64,
    paused: BTreeMap<NodeId, Vec<Due>>,
    probes: Probes,
    violation: Option<Violation>,
    listener: Option<Listener>,
    selection: Option<Selection>,
    selection_refused: Vec<String>,
}

impl Simulation {
    /// Deals a world's keys from a seed and starts every node.
    ///
    /// # Errors
    /// [`WorldError`] if the resolved world is not usable.
    pub fn new(world: WorldSpec, seed: u64) -> Result<Simulation, WorldError> {
        let randomness = blake3::derive_key("globelet simulator 1: genesis", &seed.to_le_bytes());
        let deal = Deal::new(world, &randomness)?;
        let genesis = Arc::new(deal.genesis);
        let tag = genesis.tag();
        let mut clocks = Random::new(seed, "clocks");
        let bound = CLOCK_US.min(genesis.world.parameters.skew_us / 4);
        let mut node = |secrets| {
            let offset = clocks.below(2 * bound + 1) as i64 - bound as i64;
            Node::new(genesis.clone(), secrets, offset, SYNC_US, seed)
        };
        let nodes: Vec<Node> = deal.secrets.into_iter().map(&mut node).collect();
        let treasury_seeds = deal.treasuries.clone();
        let treasury = |(chain, key): (ChainId, [u8; 32])| (chain, Account::new(&key, tag, chain, 0));
        let treasuries: BTreeMap<_, _> = deal.treasuries.into_iter().map(treasury).collect();
        let held = genesis.world.parameters.treasury;
        let mut simulation = Simulation {
            links: Links::new(&genesis.world, seed),
            opening: treasuries.values().map(|t: &Account| (t.id, held)).collect(),
            accounts: treasuries.values().map(|t| t.id).collect(),
            genesis,
            tag,
            seed,
            now: START_US,
            nodes,
            queue: Queue::default(),
            trace: Trace::default(),
            ladder: Ladder::default(),
            agreement: Agreement::default(),
            homes: Homes::default(),
            treasuries,
            treasury_seeds,
            requests: BTreeMap::new(),
            latest: BTreeMap::new(),
            misbehaviours: Vec::new(),
            repaired: 0,
            paused: BTreeMap::new(),
            probes: Probes::default(),
            violation: None,
            listener: None,
            selection: None,
            selection_refused: Vec::new(),
        };
        for index in 0..simulation.nodes.len() {
            simulation.start(NodeId(index as u16));
        }
        Ok(simulation)
    }

    fn start(&mut self, node: NodeId) {
        let life = self.nodes[node.index()].life;
        self.queue.push(self.now, Due::Local { node, life, event: Event::Started });
    }

    /// The world's genesis.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The tag of the world, which orders are signed for.
    pub fn tag(&self) -> u64 {
        self.tag
    }

    /// What all of it repeats from.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The resolved world.
    pub fn world(&self) -> &WorldSpec {
        &self.genesis.world
    }

    /// Virtual time, microseconds since the Unix epoch.
    pub fn now(&self) -> Micros {
        self.now
    }

    /// Every order submitted, and how far it came.
    pub fn ladder(&self) -> &Ladder {
        &self.ladder
    }

    /// Every municipality, in chain order.
    pub fn municipalities(&self) -> Vec<ChainId> {
        self.treasuries.keys().copied().collect()
    }

    /// The chain of a name.
    pub fn chain(&self, name: &str) -> Option<ChainId> {
        self.world().chains.iter().position(|c| c.name == name).map(|i| ChainId(i as u16))
    }

    /// The region of a name.
    pub fn region(&self, name: &str) -> Option<RegionId> {
        self.world().regions.iter().position(|r| r == name).map(|i| RegionId(i as u16))
    }

    /// A chain's replicas, by member index.
    pub fn replicas(&self, chain: ChainId) -> Vec<NodeId> {
        self.world().members(chain, Role::Replica)
    }

    /// Highest certified height of a chain that any honest node showed.
    pub fn height(&self, chain: ChainId) -> u64 {
        self.agreement.height(chain)
    }

    /// Misbehaviour that honest nodes reported: who, the member accused, and what it did.
    pub fn misbehaviours(&self) -> &[(NodeId, u16, String)] {
        &self.misbehaviours
    }

    /// Parcels that nodes brought home by repair.
    pub fn repaired(&self) -> u64 {
        self.repaired
    }

    /// Events handled so far.
    pub fn steps(&self) -> u64 {
        self.trace.steps()
    }

    /// The hash of everything that happened so far.
    pub fn fingerprint(&self) -> Hash {
        self.trace.fingerprint()
    }

    /// Lets someone listen to every message that arrives, to look into a run. It changes nothing.
    pub fn listen(&mut self, listener: Listener) {
        self.listener = Some(listener);
    }

    /// Runs for so many microseconds of virtual time.
    ///
    /// # Errors
    /// The first [`Violation`] of an invariant.
    pub fn run_for(&mut self, us: u64) -> Result<(), Violation> {
        self.run_until(|_| false, us).map(|_| ())
    }

    /// Runs until a condition holds, at most for so long. Returns whether it holds.
    ///
    /// # Errors
    /// The first [`Violation`] of an invariant.
    pub fn run_until(
        &mut self,
        mut condition: impl FnMut(&Simulation) -> bool,
        limit_us: u64,
    ) -> Result<bool, Violation> {
        let end = self.now + limit_us;
        let mut held = condition(self);
        while !held {
            let Some((at, due)) = self.queue.pop(end) else {
                self.now = end;
                break;
            };
            self.now = at;
            self.carry_out(due);
            self.verdict()?;
            held = condition(self);
        }
        self.check_books();
        self.verdict().map(|()| held)
    }

    fn carry_out(&mut self, due: Due) {
        if let Some(kept) = due.node().and_then(|node| self.paused.get_mut(&node)) {
            kept.push(due);
            return;
        }
        match due {
            Due::Arrival { from, to, route, bytes } => self.handle(to, Input::Message { from, route, bytes }),
            Due::Local { node, life, event } if self.alive(node, life) => self.handle(node, Input::Fact(event)),
            Due::Leaving { node, life, outs } if self.alive(node, life) => self.release(node, outs),
            Due::Local { .. } | Due::Leaving { .. } => {}
            Due::Asking(asking) => self.ask(asking),
            Due::Presence => self.presence_due(),
            Due::Probe { from, to, route, sent } => self.probes.arrived((from, to, route), self.now - sent),
        }
    }

    fn alive(&self, node: NodeId, life: u32) -> bool {
        let node = &self.nodes[node.index()];
        node.up && node.life == life
    }

    fn handle(&mut self, node: NodeId, input: Input) {
        if !self.nodes[node.index()].up {
            return;
        }
        let kind = match &input {
            Input::Message { .. } => 1,
            Input::Fact(event) => kind(event),
        };
        if let (Some(listener), Input::Message { from, bytes, .. }) = (&mut self.listener, &input) {
            if let Ok(message) = decode(bytes) {
                listener(self.now, *from, node, &message);
            }
        }
        match self.nodes[node.index()].handle(self.now, input) {
            Ok(step) => self.apply(node, kind, step),
            Err(error) => self.judge("codec", Err(format!("node {node} cannot read a message: {error}"))),
        }
        if self.trace.steps().is_multiple_of(CHECK_EVERY) {
            self.check_books();
        }
    }

    fn apply(&mut self, node: NodeId, kind: u8, step: Step) {
        let both = [&step.first.1[..], &step.durable.1[..]];
        self.trace.step(self.now, node, kind, both);
        let life = self.nodes[node.index()].life;
        for (at, outs) in [step.first, step.durable] {
            if outs.is_empty() {
                continue;
            }
            if at <= self.now {
                self.release(node, outs);
            } else {
                self.queue.push(at, Due::Leaving { node, life, outs });
            }
        }
    }

    fn release(&mut self, node: NodeId, outs: Vec<Out>) {
        for out in outs {
            match out {
                Out::Send { to, bytes } => to.into_iter().for_each(|to| self.send(node, to, &bytes)),
                Out::StartTimer { after_us, timer } => {
                    let life = self.nodes[node.index()].life;
                    let event = Event::TimerExpired(timer);
                    self.queue.push(self.now + after_us, Due::Local { node, life, event });
                }
                Out::Reply { request, outcomes } => self.replied(node, request, outcomes),
                Out::Publish(publication) => self.published(node, publication),
            }
        }
    }

    fn send(&mut self, from: NodeId, to: NodeId, bytes: &Arc<[u8]>) {
        let Some(receiver) = self.nodes.get(to.index()).filter(|_| to != from) else {
            return self.judge("seam", Err(format!("node {from} sends to node {to}")));
        };
        let (here, there) = (self.nodes[from.index()].region, receiver.region);
        let route = self.links.route(self.now, here, there);
        for delay in self.links.carry(self.now, here, there) {
            self.queue.push(self.now + delay, Due::Arrival { from, to, route, bytes: bytes.clone() });
        }
    }

    fn replied(&mut self, node: NodeId, request: u64, outcomes: Vec<Result<OrderId, Refusal>>) {
        let ids = self.requests.get(&request).cloned().unwrap_or_default();
        if ids.len() != outcomes.len() {
            let text = format!("node {node} answers {} orders with {} outcomes", ids.len(), outcomes.len());
            self.judge("seam", Err(text));
        }
        for (id, outcome) in ids.iter().zip(&outcomes) {
            let Some(climb) = self.ladder.at(node, id) else { continue };
            climb.answered = true;
            if let Err(refusal) = outcome {
                climb.refusal = Some(refusal.clone());
            }
        }
    }

    fn published(&mut self, node: NodeId, publication: Publication) {
        if !self.nodes[node.index()].honest() {
            return;
        }
        match publication {
            Publication::StageReached { order, stage, at, refusal } => {
                // The settlement tells when the first replica had the certificate: the receipt's steps before it
                // may be earlier than they were published.
                let settled = stage == Stage::Delivered;
                let receipt = if settled { self.nodes[node.index()].state().receipt(&order) } else { None };
                let Some(climb) = self.ladder.at(node, &order) else { return };
                climb.stages.entry(stage).or_insert(at);
                climb.route = climb.route.or(receipt.as_ref().and_then(|r| r.route));
                for (stage, at) in receipt.into_iter().flat_map(|r| r.stages) {
                    climb.stages.entry(stage).and_modify(|known| *known = at);
                }
                climb.refusal = refusal.or(climb.refusal.take());
                let (end, stamps) = (double_credit::one_end(climb), time::check(climb));
                self.judge("no double credit", end);
                self.judge("time", stamps);
            }
            Publication::ReceiptCompleted(receipt) => {
                if let Some(climb) = self.ladder.at(node, &receipt.id) {
                    climb.receipt = Some(receipt);
                }
            }
            Publication::BlockCertified { chain, height, hash, .. } => {
                let finding = self.agreement.observe(node, chain, height, hash);
                self.judge("agreement", finding);
            }
            Publication::ParcelRepaired { .. } => self.repaired += 1,
            // The ledgers tell.
            Publication::Challenged { .. } | Publication::EpochBegan { .. } => {}
            Publication::Misbehaviour { member, what } => self.misbehaviours.push((node, member, what)),
        }
    }
}
