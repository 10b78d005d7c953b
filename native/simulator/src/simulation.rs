//! The driver: one queue, one clock, every node's [`globelet_protocol::State`].
use crate::account::Account;
use crate::adversaries;
use crate::checks::agreement::Agreement;
use crate::checks::{completeness, conservation, double_credit, lanes, time, Books, Finding, Violation};
use crate::ladder::{Climb, Ladder};
use crate::link::{Fault, Links};
use crate::node::{Input, Node, Out, Step};
use crate::queue::{Due, Queue};
use crate::random::Random;
use crate::trace::{kind, Trace};
use globelet_clock::Stamp;
use globelet_protocol::{Deal, Event, Genesis, LedgerView, Message, Publication, Receipt};
use globelet_types::world::{ChainKind, Role, WorldError, WorldSpec};
use globelet_types::{decode, AccountId, ChainId, Hash, Micros, NodeId, OrderId, Refusal, RegionId, SignedOrder, Stage};
use std::collections::BTreeMap;
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
pub type Listener = Box<dyn FnMut(Micros, NodeId, NodeId, &Message)>;

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
    treasuries: BTreeMap<ChainId, Account>,
    opening: BTreeMap<AccountId, u64>,
    accounts: BTreeMap<AccountId, ChainId>,
    requests: BTreeMap<u64, Vec<OrderId>>,
    misbehaviours: Vec<(NodeId, u16, String)>,
    repaired: u64,
    violation: Option<Violation>,
    listener: Option<Listener>,
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
        let treasury = |(chain, key): (ChainId, [u8; 32])| (chain, Account::new(&key, tag, chain, 0));
        let treasuries: BTreeMap<_, _> = deal.treasuries.into_iter().map(treasury).collect();
        let held = genesis.world.parameters.treasury;
        let mut simulation = Simulation {
            links: Links::new(&genesis.world, seed),
            opening: treasuries.values().map(|t: &Account| (t.id, held)).collect(),
            accounts: treasuries.values().map(|t| (t.id, t.municipality)).collect(),
            genesis,
            tag,
            seed,
            now: START_US,
            nodes,
            queue: Queue::default(),
            trace: Trace::default(),
            ladder: Ladder::default(),
            agreement: Agreement::default(),
            treasuries,
            requests: BTreeMap::new(),
            misbehaviours: Vec::new(),
            repaired: 0,
            violation: None,
            listener: None,
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

    // What there is.

    /// The world's genesis.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
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

    // Clients.

    /// The `number`th client of a municipality: a seeded key. Open the account before paying it.
    pub fn client(&self, municipality: ChainId, number: u32) -> Account {
        let mut hasher = blake3::Hasher::new_derive_key("globelet simulator 1: client");
        hasher.update(&self.seed.to_le_bytes()).update(&municipality.0.to_le_bytes());
        let seed = *hasher.update(&number.to_le_bytes()).finalize().as_bytes();
        let replicas = self.replicas(municipality).len() as u32;
        Account::new(&seed, self.tag, municipality, (number % replicas.max(1)) as u16)
    }

    /// Submits the opening of an account.
    pub fn open(&mut self, account: &Account) -> OrderId {
        let order = account.opening(self.now + EXPIRY_US);
        self.submit(account.municipality, account.ingress, vec![order])[0]
    }

    /// Signs and submits a transfer.
    pub fn pay(&mut self, from: &mut Account, to: (AccountId, ChainId), amount: u64) -> OrderId {
        let order = from.transfer(to.0, to.1, amount, self.now + EXPIRY_US);
        self.submit(from.municipality, from.ingress, vec![order])[0]
    }

    /// Pays an account from its municipality's treasury, through the account's own ingress. `None` if
    /// there is no such municipality.
    pub fn fund(&mut self, account: &Account, amount: u64) -> Option<OrderId> {
        let expires = self.now + EXPIRY_US;
        let treasury = self.treasuries.get_mut(&account.municipality)?;
        let order = treasury.transfer(account.id, account.municipality, amount, expires);
        Some(self.submit(account.municipality, account.ingress, vec![order])[0])
    }

    /// Submits signed orders, in one request, to one member of a municipality. Returns their ids.
    pub fn submit(&mut self, municipality: ChainId, ingress: u16, orders: Vec<SignedOrder>) -> Vec<OrderId> {
        let replicas = self.replicas(municipality);
        let node = replicas[usize::from(ingress) % replicas.len()];
        let ids: Vec<OrderId> = orders.iter().map(|order| self.ladder.submitted(order, node)).collect();
        for order in &orders {
            self.accounts.insert(order.order.signer(), order.order.municipality());
        }
        let request = self.requests.len() as u64 + 1;
        self.requests.insert(request, ids.clone());
        let life = self.nodes[node.index()].life;
        self.queue.push(self.now, Due::Local { node, life, event: Event::Submitted { request, orders } });
        ids
    }

    /// Tells the replicas of a municipality which holders are present, nearest first.
    pub fn present(&mut self, municipality: ChainId, holders: &[NodeId]) {
        for node in self.replicas(municipality) {
            let life = self.nodes[node.index()].life;
            let event = Event::CandidatesChanged { holders: holders.to_vec() };
            self.queue.push(self.now, Due::Local { node, life, event });
        }
    }

    /// The receipt of an order, from its ingress.
    pub fn receipt(&self, order: &OrderId) -> Option<Receipt> {
        let climb = self.ladder.get(order)?;
        self.nodes[climb.ingress.index()].state().receipt(order)
    }

    /// When each step of an order was reached.
    pub fn stage_times(&self, order: &OrderId) -> BTreeMap<Stage, Stamp> {
        self.ladder.get(order).map(|climb| climb.stages.clone()).unwrap_or_default()
    }

    /// True if an order reached a step.
    pub fn reached(&self, order: &OrderId, stage: Stage) -> bool {
        self.ladder.get(order).is_some_and(|climb| climb.stages.contains_key(&stage))
    }

    /// Spendable balance of an account, at the farthest honest replica of its municipality.
    pub fn balance(&self, municipality: ChainId, account: &AccountId) -> Option<u64> {
        let far = self.farthest(municipality)?;
        far.state().account(account).map(|(balance, _)| balance)
    }

    /// Spendable balance of a client as its own ingress knows it: what its next order is judged by.
    pub fn balance_at_ingress(&self, account: &Account) -> Option<u64> {
        let replicas = self.replicas(account.municipality);
        let node = replicas[usize::from(account.ingress) % replicas.len()];
        self.nodes[node.index()].state().account(&account.id).map(|(balance, _)| balance)
    }

    fn farthest(&self, chain: ChainId) -> Option<&Node> {
        let honest = self.replicas(chain).into_iter().map(|n| &self.nodes[n.index()]).filter(|n| n.honest());
        honest.max_by_key(|n| n.ledger().height)
    }

    // Faults.

    /// Makes a node an adversary, by name. False if there is none of that name.
    pub fn corrupt(&mut self, node: NodeId, adversary: &str) -> bool {
        let Some(adversary) = adversaries::by_name(adversary) else { return false };
        self.nodes[node.index()].adversary = Some(adversary);
        true
    }

    /// Power fails at a node: memory and the unsynced tail of its log are gone.
    pub fn crash(&mut self, node: NodeId) {
        let now = self.now;
        self.nodes[node.index()].crash(now);
    }

    /// A crashed node comes back from its log; one that is up stays as it is.
    ///
    /// # Errors
    /// A [`Violation`] if its own log cannot be read.
    pub fn restart(&mut self, node: NodeId) -> Result<(), Violation> {
        if self.nodes[node.index()].up {
            return Ok(());
        }
        let back = self.nodes[node.index()].restart();
        self.judge("codec", back.map_err(|e| format!("node {node} cannot read its log: {e}")));
        self.start(node);
        self.verdict()
    }

    /// Cuts the link from one region to another. The way back is another link.
    pub fn cut(&mut self, from: RegionId, to: RegionId) {
        self.links.set(from, to, Fault { cut: true, ..Fault::default() });
    }

    /// Lays a fault over a link; see [`Fault`].
    pub fn fault(&mut self, from: RegionId, to: RegionId, fault: Fault) {
        self.links.set(from, to, fault);
    }

    /// Loses messages of a link for good, with this probability.
    pub fn lossy(&mut self, from: RegionId, to: RegionId, loss: f64) {
        self.links.set(from, to, Fault { loss, ..Fault::default() });
    }

    /// Heals every link.
    pub fn heal(&mut self) {
        self.links.heal();
    }

    // Time.

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
        match due {
            Due::Arrival { from, to, bytes } => self.handle(to, Input::Message { from, bytes }),
            Due::Local { node, life, event } if self.alive(node, life) => self.handle(node, Input::Fact(event)),
            Due::Leaving { node, life, outs } if self.alive(node, life) => self.release(node, outs),
            Due::Local { .. } | Due::Leaving { .. } => {}
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
        if let (Some(listener), Input::Message { from, bytes }) = (&mut self.listener, &input) {
            if let Ok(message) = decode(bytes) {
                listener(self.now, *from, node, &message);
            }
        }
        match self.nodes[node.index()].handle(self.now, input) {
            Ok(step) => self.apply(node, kind, step),
            Err(error) => self.judge("codec", Err(format!("node {node} cannot read a message: {error}"))),
        }
        if self.trace.steps() % CHECK_EVERY == 0 {
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
        let delays = self.links.carry(self.nodes[from.index()].region, receiver.region);
        for delay in delays {
            self.queue.push(self.now + delay, Due::Arrival { from, to, bytes: bytes.clone() });
        }
    }

    fn replied(&mut self, node: NodeId, request: u64, outcomes: Vec<Result<OrderId, Refusal>>) {
        let ids = self.requests.get(&request).cloned().unwrap_or_default();
        if ids.len() != outcomes.len() {
            let text = format!("node {node} answers {} orders with {} outcomes", ids.len(), outcomes.len());
            self.judge("seam", Err(text));
        }
        for (id, outcome) in ids.iter().zip(&outcomes) {
            if let (Some(climb), Err(refusal)) = (self.ladder.at(node, id), outcome) {
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
                let Some(climb) = self.ladder.at(node, &order) else { return };
                climb.stages.entry(stage).or_insert(at);
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
            Publication::Misbehaviour { member, what } => self.misbehaviours.push((node, member, what)),
        }
    }

    // Judgement.

    fn judge(&mut self, invariant: &'static str, finding: Finding) {
        if let (Err(detail), None) = (finding, &self.violation) {
            self.violation = Some(Violation { invariant, at_us: self.now, detail });
        }
    }

    fn verdict(&self) -> Result<(), Violation> {
        self.violation.clone().map_or(Ok(()), Err)
    }

    /// What every node has booked.
    pub fn ledgers(&self) -> Vec<(NodeId, LedgerView)> {
        self.nodes.iter().map(|node| (node.id, node.ledger())).collect()
    }

    /// What the honest replicas of every municipality have booked now, crashed ones by their last state.
    pub fn books(&self) -> Books {
        let mut books = Books::new();
        let world = self.world();
        for (node, spec) in self.nodes.iter().zip(&world.nodes) {
            let municipal = world.chains[spec.chain.index()].kind == ChainKind::Municipal;
            if municipal && spec.role == Role::Replica && node.honest() {
                books.entry(spec.chain).or_default().push(node.ledger());
            }
        }
        books
    }

    fn check_books(&mut self) {
        let books = self.books();
        self.judge("conservation", conservation::check(&books));
        self.judge("lanes", lanes::check(&books));
    }

    /// The invariants that hold once nothing is under way: every admitted transfer has its end and is
    /// anchored, lanes are complete, replicas are equal, accounts hold what their transfers say, and
    /// every log replays to the same ledger.
    ///
    /// # Errors
    /// The first [`Violation`].
    pub fn finish(&mut self) -> Result<(), Violation> {
        self.check_books();
        let stuck = self.honest_climbs().try_for_each(completeness::check);
        self.judge("completeness", stuck);
        let books = self.books();
        self.judge("lanes", lanes::complete(&books));
        let finding = self.check_balances();
        self.judge("no double credit", finding);
        self.check_recovery()
    }

    fn honest_climbs(&self) -> impl Iterator<Item = &Climb> {
        self.ladder.all().filter(|climb| self.nodes[climb.ingress.index()].honest())
    }

    /// Only if every order went in through an honest ingress is what the ingress saw all there is.
    fn check_balances(&self) -> Finding {
        if self.ladder.all().any(|climb| !self.nodes[climb.ingress.index()].honest()) {
            return Ok(());
        }
        let expected = double_credit::expected(&self.opening, self.ladder.all());
        for (account, municipality) in &self.accounts {
            if let Some(found) = self.balance(*municipality, account) {
                let due = expected.get(account).copied().unwrap_or(0);
                double_credit::balance(account, due, found)?;
            }
        }
        Ok(())
    }

    /// The recovery law: for every node, a fresh state that handles the log has booked the same.
    ///
    /// # Errors
    /// A [`Violation`] that names the node.
    pub fn check_recovery(&mut self) -> Result<(), Violation> {
        for index in 0..self.nodes.len() {
            let node = &self.nodes[index];
            let finding = match node.replayed() {
                Ok(state) if state.ledger() == node.ledger() => Ok(()),
                Ok(state) => Err(format!("node {index} booked {:?}, its log makes {:?}", node.ledger(), state.ledger())),
                Err(error) => Err(format!("node {index} cannot read its log: {error}")),
            };
            self.judge("recovery", finding);
        }
        self.verdict()
    }
}
