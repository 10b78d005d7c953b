//! What clients do and see: accounts, orders, receipts, balances.
use super::{Simulation, EXPIRY_US};
use crate::account::Account;
use crate::node::Node;
use crate::queue::{Asking, Due};
use globelet_clock::Stamp;
use globelet_protocol::{Event, Receipt, Standing, Weighted};
use globelet_types::{AccountId, ChainId, Micros, NodeId, OrderId, Refusal, SignedOrder, Stage};
use std::collections::BTreeMap;

/// How long a client tries, waits for a reply, and waits where nobody has power: as clients of live worlds.
const PATIENCE_US: u64 = 60_000_000;
const REPLY_US: u64 = 2_000_000;
const RETRY_US: u64 = 100_000;
/// How soon a client looks whether its order before was answered.
const TURN_US: u64 = 1_000;

impl Simulation {
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

    /// Signs and submits the move of an account.
    pub fn relocate(&mut self, account: &mut Account, destination: ChainId) -> OrderId {
        let order = account.relocation(destination, self.now + EXPIRY_US);
        self.submit(account.municipality, account.ingress, vec![order])[0]
    }

    /// Signs a transfer and has it handed in as [`Simulation::submit_at`] does, now.
    ///
    /// # Errors
    /// As there.
    pub fn insist(&mut self, from: &mut Account, to: (AccountId, ChainId), amount: u64) -> Result<OrderId, Refusal> {
        let order = from.transfer(to.0, to.1, amount, self.now + EXPIRY_US);
        self.submit_at(self.now, order)
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
        self.submit_to(replicas[usize::from(ingress) % replicas.len()], orders)
    }

    /// A client hands a signed order in at a time to come, as clients of live worlds do: after the account's
    /// order before it was answered, to the first of [`Simulation::ingresses`], to the next one where there is
    /// no answer, and again while none has power. Returns its id.
    ///
    /// # Errors
    /// [`Refusal::UnknownMunicipality`] if the order names a municipality that is not in this world.
    pub fn submit_at(&mut self, at: Micros, order: SignedOrder) -> Result<OrderId, Refusal> {
        let municipality = order.order.municipality();
        if !self.treasuries.contains_key(&municipality) {
            return Err(Refusal::UnknownMunicipality { found: municipality.0 });
        }
        let (id, at) = (self.ladder.planned(&order), at.max(self.now));
        self.accounts.insert(order.order.signer());
        let after = self.latest.insert(order.order.signer(), id).filter(|before| *before != id);
        let asking = Asking { order, after, last: None, until: at + PATIENCE_US };
        self.queue.push(at, Due::Asking(Box::new(asking)));
        Ok(id)
    }

    /// A client asks, unless it was answered, and comes back later.
    pub(super) fn ask(&mut self, mut asking: Box<Asking>) {
        let answered = |id: &OrderId| self.ladder.get(id).is_some_and(|climb| climb.answered);
        let order = &asking.order.order;
        if answered(&order.id()) || self.now > asking.until {
            return;
        }
        if asking.after.is_some_and(|before| !answered(&before)) {
            self.queue.push(self.now + TURN_US, Due::Asking(asking));
            return;
        }
        let ingresses = self.ingresses(order.municipality());
        let place = asking.last.and_then(|last| ingresses.iter().position(|n| *n == last)).map_or(0, |p| p + 1);
        asking.last = ingresses.get(place % ingresses.len().max(1)).copied();
        if let Some(node) = asking.last {
            self.submit_to(node, vec![asking.order.clone()]);
        }
        let wait = if asking.last.is_some() { REPLY_US } else { RETRY_US };
        self.queue.push(self.now + wait, Due::Asking(asking));
    }

    /// Honest replicas that are up, in the order in which an account's client asks them.
    pub fn ingresses(&self, municipality: ChainId) -> Vec<NodeId> {
        let mut replicas = self.replicas(municipality);
        replicas.retain(|n| self.nodes[n.index()].up && self.nodes[n.index()].honest());
        replicas
    }

    fn submit_to(&mut self, node: NodeId, orders: Vec<SignedOrder>) -> Vec<OrderId> {
        let ids: Vec<OrderId> = orders.iter().map(|order| self.ladder.submitted(order, node)).collect();
        for order in &orders {
            self.accounts.insert(order.order.signer());
        }
        let request = self.requests.len() as u64 + 1;
        self.requests.insert(request, ids.clone());
        let life = self.nodes[node.index()].life;
        self.queue.push(self.now, Due::Local { node, life, event: Event::Submitted { request, orders } });
        ids
    }

    /// Tells the replicas of a municipality which holders are present, nearest first.
    pub fn present(&mut self, municipality: ChainId, holders: &[NodeId]) {
        let holders = holders.iter().map(|h| Weighted::by_stake(self.world(), *h)).collect();
        self.tell(municipality, &Event::CandidatesChanged { holders });
    }

    /// The receipt of an order, from its ingress.
    pub fn receipt(&self, order: &OrderId) -> Option<Receipt> {
        let climb = self.ladder.get(order)?;
        self.nodes[climb.ingress.index()].state().receipt(order)
    }

    /// How an order stands by the certified blocks of a node.
    pub fn standing(&self, node: NodeId, order: &OrderId) -> Option<Standing> {
        self.nodes[node.index()].state().standing(order)
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

    /// Spendable balance and highest nonce of an account, as the ingress that its client asks knows it. Not
    /// open before every replica that an ingress could be knows it: who pays it may ask another one.
    pub fn account_at_ingress(&self, municipality: ChainId, account: &AccountId) -> Option<(u64, u64)> {
        let awake = |node: &NodeId| !self.paused.contains_key(node);
        let ingresses = self.ingresses(municipality).into_iter().filter(awake);
        let known: Option<Vec<_>> = ingresses.map(|n| self.nodes[n.index()].state().account(account)).collect();
        known?.first().copied()
    }

    /// Where an account lives that went from a municipality, as its ingress tells; `None` for one that is there.
    pub fn home(&self, municipality: ChainId, account: &AccountId) -> Option<ChainId> {
        let homes =
            self.ingresses(municipality).into_iter().filter_map(|n| self.nodes[n.index()].state().home(account));
        homes.max_by_key(|home| home.version).map(|home| home.municipality)
    }

    /// The seed of the key of a municipality's treasury.
    pub fn treasury_seed(&self, municipality: ChainId) -> Option<[u8; 32]> {
        self.treasury_seeds.get(&municipality).copied()
    }

    /// Spendable balance of a client as its own ingress knows it: what its next order is judged by.
    pub fn balance_at_ingress(&self, account: &Account) -> Option<u64> {
        let replicas = self.replicas(account.municipality);
        let node = replicas[usize::from(account.ingress) % replicas.len()];
        self.nodes[node.index()].state().account(&account.id).map(|(balance, _)| balance)
    }

    pub(super) fn farthest(&self, chain: ChainId) -> Option<&Node> {
        let honest = self.replicas(chain).into_iter().map(|n| &self.nodes[n.index()]).filter(|n| n.honest());
        honest.max_by_key(|n| n.state().height())
    }
}
