//! Accounts and lanes of one municipality: who holds what, what is on its way, what has come.
use crate::block::{Parcel, Remittance, Settlement};
use globelet_types::{AccountId, ChainId, Micros, Order, OrderId, Refusal, Transfer};
use std::collections::{BTreeMap, BTreeSet};

/// Width of the window in which nonces may come out of order.
const NONCE_WINDOW: u64 = 128;

/// One account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    pub balance: u64,
    pub highest_nonce: u64,
    /// Bit i: nonce `highest_nonce - i` was used.
    used: u128,
}

impl Account {
    pub fn nonce_is_fresh(&self, nonce: u64) -> bool {
        if nonce > self.highest_nonce {
            return true;
        }
        let back = self.highest_nonce - nonce;
        nonce > 0 && back < NONCE_WINDOW && self.used >> back & 1 == 0
    }

    fn use_nonce(&mut self, nonce: u64) {
        if nonce > self.highest_nonce {
            let ahead = nonce - self.highest_nonce;
            self.used = if ahead < NONCE_WINDOW { self.used << ahead } else { 0 };
            self.highest_nonce = nonce;
        }
        self.used |= 1 << (self.highest_nonce - nonce);
    }
}

/// The lane to another municipality.
#[derive(Clone, Debug, Default)]
pub(crate) struct LaneOut {
    pub newest: u64,
    pub sent: u64,
    pub refunded: u64,
    /// Number of a parcel with remittances that no settlement names yet, to its height.
    pub unsettled: BTreeMap<u64, u64>,
}

/// The lane from another municipality.
#[derive(Clone, Debug, Default)]
pub(crate) struct LaneIn {
    pub cursor: u64,
    pub beyond: BTreeSet<u64>,
    pub credited: u64,
    pub refused: u64,
}

impl LaneIn {
    pub fn seen(&self, number: u64) -> bool {
        number <= self.cursor || self.beyond.contains(&number)
    }

    fn mark(&mut self, number: u64) {
        self.beyond.insert(number);
        while self.beyond.remove(&(self.cursor + 1)) {
            self.cursor += 1;
        }
    }
}

/// What the block under construction sends down one lane.
#[derive(Clone, Debug, Default)]
pub(crate) struct Departing {
    pub remittances: Vec<Remittance>,
    pub settlements: Vec<Settlement>,
}

/// A transfer of ours that a settlement decided.
pub(crate) struct Settled {
    pub destination: ChainId,
    pub number: u64,
    pub refused: Vec<(OrderId, Refusal)>,
}

/// The books of one municipality.
pub(crate) struct Ledger {
    pub chain: ChainId,
    pub accounts: BTreeMap<AccountId, Account>,
    pub balances: u64,
    pub lanes_out: BTreeMap<ChainId, LaneOut>,
    pub lanes_in: BTreeMap<ChainId, LaneIn>,
    pub departing: BTreeMap<ChainId, Departing>,
    touched: BTreeSet<AccountId>,
    in_transit: BTreeMap<(ChainId, u64), Vec<Remittance>>,
}

impl Ledger {
    pub fn new(chain: ChainId, treasury: Option<AccountId>, amount: u64) -> Ledger {
        let mut accounts = BTreeMap::new();
        if let Some(id) = treasury {
            accounts.insert(id, Account { balance: amount, ..Account::default() });
        }
        Ledger {
            chain,
            balances: if accounts.is_empty() { 0 } else { amount },
            accounts,
            lanes_out: BTreeMap::new(),
            lanes_in: BTreeMap::new(),
            departing: BTreeMap::new(),
            touched: BTreeSet::new(),
            in_transit: BTreeMap::new(),
        }
    }

    /// What would refuse this order now, given amounts reserved elsewhere for the same account.
    pub fn refusal(&self, order: &Order, reserved: u64) -> Option<Refusal> {
        match order {
            Order::Opening(o) => self.accounts.contains_key(&o.account).then_some(Refusal::AlreadyOpen),
            Order::Transfer(t) => self.transfer_refusal(t, reserved),
        }
    }

    fn transfer_refusal(&self, t: &Transfer, reserved: u64) -> Option<Refusal> {
        if t.amount == 0 {
            return Some(Refusal::ZeroAmount);
        }
        let Some(account) = self.accounts.get(&t.from) else { return Some(Refusal::UnknownAccount) };
        if !account.nonce_is_fresh(t.nonce) {
            return Some(Refusal::Replayed { nonce: t.nonce, highest: account.highest_nonce });
        }
        let available = account.balance.saturating_sub(reserved);
        if available < t.amount {
            return Some(Refusal::Overdrawn { available, amount: t.amount });
        }
        if t.destination == self.chain && !self.accounts.contains_key(&t.to) {
            return Some(Refusal::UnknownRecipient);
        }
        None
    }

    /// Applies an order whose signature holds; on refusal nothing moves. `now` is the block's time.
    pub fn apply(&mut self, id: OrderId, order: &Order, now: Micros) -> Result<(), Refusal> {
        if order.expires_us() < now {
            return Err(Refusal::Expired { expired_us: order.expires_us() });
        }
        if let Some(refusal) = self.refusal(order, 0) {
            return Err(refusal);
        }
        match order {
            Order::Opening(o) => {
                self.accounts.insert(o.account, Account::default());
                self.touched.insert(o.account);
            }
            Order::Transfer(t) => self.debit(id, t),
        }
        Ok(())
    }

    fn debit(&mut self, id: OrderId, t: &Transfer) {
        if let Some(account) = self.accounts.get_mut(&t.from) {
            account.balance -= t.amount;
            account.use_nonce(t.nonce);
            self.balances -= t.amount;
            self.touched.insert(t.from);
        }
        if t.destination == self.chain {
            self.add(&t.to, t.amount);
        } else {
            let remittance = Remittance { id, from: t.from, to: t.to, amount: t.amount };
            self.departing.entry(t.destination).or_default().remittances.push(remittance);
        }
    }

    fn add(&mut self, account: &AccountId, amount: u64) -> bool {
        let Some(found) = self.accounts.get_mut(account) else { return false };
        found.balance += amount;
        self.balances += amount;
        self.touched.insert(*account);
        true
    }

    /// Credits a verified parcel once, and returns what its settlements decide about our transfers.
    pub fn receive(&mut self, parcel: &Parcel) -> Vec<Settled> {
        let lane = self.lanes_in.entry(parcel.source).or_default();
        if lane.seen(parcel.number) {
            return Vec::new();
        }
        lane.mark(parcel.number);
        let mut refused = Vec::new();
        let (mut credited, mut returned) = (0, 0);
        for r in &parcel.remittances {
            if self.add(&r.to, r.amount) {
                credited += r.amount;
            } else {
                returned += r.amount;
                refused.push((r.id, Refusal::UnknownRecipient));
            }
        }
        let lane = self.lanes_in.entry(parcel.source).or_default();
        lane.credited += credited;
        lane.refused += returned;
        if !parcel.remittances.is_empty() {
            let settlement = Settlement { number: parcel.number, refused };
            self.departing.entry(parcel.source).or_default().settlements.push(settlement);
        }
        parcel.settlements.iter().filter_map(|s| self.settle(parcel.source, s)).collect()
    }

    fn settle(&mut self, destination: ChainId, s: &Settlement) -> Option<Settled> {
        self.lanes_out.get_mut(&destination)?.unsettled.remove(&s.number)?;
        let remittances = self.in_transit.remove(&(destination, s.number)).unwrap_or_default();
        for (id, _) in &s.refused {
            if let Some(r) = remittances.iter().find(|r| r.id == *id) {
                self.add(&r.from, r.amount);
                if let Some(lane) = self.lanes_out.get_mut(&destination) {
                    lane.refunded += r.amount;
                }
            }
        }
        Some(Settled { destination, number: s.number, refused: s.refused.clone() })
    }

    /// Closes the block at `height`: numbers what departs, one parcel per lane.
    pub fn depart(&mut self, height: u64) -> Vec<Parcel> {
        let departing = std::mem::take(&mut self.departing);
        departing.into_iter().map(|(to, d)| self.parcel(to, d, height)).collect()
    }

    fn parcel(&mut self, destination: ChainId, departing: Departing, height: u64) -> Parcel {
        let lane = self.lanes_out.entry(destination).or_default();
        lane.newest += 1;
        let Departing { remittances, settlements } = departing;
        let number = lane.newest;
        let parcel = Parcel { source: self.chain, destination, number, height, remittances, settlements };
        lane.sent += parcel.amount();
        if !parcel.remittances.is_empty() {
            lane.unsettled.insert(number, height);
            self.in_transit.insert((destination, number), parcel.remittances.clone());
        }
        parcel
    }

    /// The accounts changed since the last call, with balance and highest nonce.
    pub fn take_touched(&mut self) -> Vec<(AccountId, u64, u64)> {
        let touched = std::mem::take(&mut self.touched);
        let view = |id: AccountId| self.accounts.get(&id).map(|a| (id, a.balance, a.highest_nonce));
        touched.into_iter().filter_map(view).collect()
    }
}
