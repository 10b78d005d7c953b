//! What clients do and see: accounts, orders, receipts, balances.
use super::{Simulation, EXPIRY_US};
use crate::account::Account;
use crate::node::Node;
use crate::queue::Due;
use globelet_clock::Stamp;
use globelet_protocol::{Event, Receipt};
use globelet_types::{AccountId, ChainId, NodeId, OrderId, SignedOrder, Stage};
use std::collections::BTreeMap;

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

    pub(super) fn farthest(&self, chain: ChainId) -> Option<&Node> {
        let honest = self.replicas(chain).into_iter().map(|n| &self.nodes[n.index()]).filter(|n| n.honest());
        honest.max_by_key(|n| n.ledger().height)
    }
}
