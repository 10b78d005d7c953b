//! Orders of account holders, applied at the account's home.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use globelet_types::{AccountId, ChainId, OrderId};

use crate::books::{Books, Spot};
use crate::{Account, Kind, Lane, Pointer, Reason, Relocation, Remittance};

/// Moves an amount to an account of this or another municipality.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Transfer {
    /// Its identity: the hash of what the payer signed.
    pub id: OrderId,
    /// Who pays.
    pub from: AccountId,
    /// Who receives.
    pub to: AccountId,
    /// Where the recipient lives.
    pub destination: ChainId,
    /// How much, at least 1.
    pub amount: u64,
    /// Unique per paying account: within 128 below the highest one used, or above it.
    pub nonce: u64,
}

/// Moves an account, with all that belongs to it, to another municipality.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Move {
    /// Its identity: the hash of what the holder signed.
    pub id: OrderId,
    /// Which.
    pub account: AccountId,
    /// Where to.
    pub destination: ChainId,
    /// As a transfer's.
    pub nonce: u64,
}

/// Whether a lane takes more orders.
fn room(lanes: &BTreeMap<ChainId, Lane>, destination: &ChainId) -> Result<(), Reason> {
    match lanes.get(destination).filter(|lane| lane.is_full()) {
        Some(lane) => Err(Reason::LaneFull { waiting: lane.unsettled().count() as u64 }),
        None => Ok(()),
    }
}

impl Books {
    /// Opens an account with balance zero. An account that lives elsewhere can't be told from a new one here: whoever
    /// opens it has looked it up in the map. O(log n).
    ///
    /// # Errors
    /// As [`Books::may_open`]; nothing was changed.
    pub fn open(&mut self, account: AccountId) -> Result<(), Reason> {
        self.may_open(&account)?;
        self.accounts.insert(account, Account::open(0));
        self.changed.push(account);
        Ok(())
    }

    /// Whether an account could be opened now. O(log n).
    ///
    /// # Errors
    /// `AlreadyOpen` for one that is here or on its way here, `Moved` for one that went from here.
    pub fn may_open(&self, account: &AccountId) -> Result<(), Reason> {
        match self.spot(account, 0) {
            Spot::Here => Err(Reason::AlreadyOpen),
            Spot::Gone(pointer) => Err(Reason::Moved { to: pointer.to }),
            // What waits for it says that it is on its way here.
            _ if self.parked.contains_key(account) => Err(Reason::AlreadyOpen),
            _ => Ok(()),
        }
    }

    /// Applies a transfer whose signature holds: within the municipality at once, else it leaves with the block under
    /// construction. O(log n).
    ///
    /// # Errors
    /// As [`Books::may_transfer`] with nothing reserved; nothing was changed.
    pub fn transfer(&mut self, t: &Transfer) -> Result<(), Reason> {
        if t.amount == 0 {
            return Err(Reason::ZeroAmount);
        }
        let spot = self.recipient(t);
        let Some(payer) = self.accounts.get_mut(&t.from) else { return Err(self.absent(&t.from)) };
        payer.can_pay(t.nonce, t.amount, 0)?;
        if matches!(spot, Some(Spot::Unknown | Spot::Coming)) {
            return Err(Reason::UnknownRecipient);
        }
        room(&self.lanes, &t.destination)?;
        payer.balance -= t.amount;
        payer.use_nonce(t.nonce);
        self.balances -= t.amount;
        self.changed.push(t.from);
        let remittance = Remittance { id: t.id, from: t.from, to: t.to, amount: t.amount, kind: Kind::Transfer };
        match spot {
            // It was debited here a moment ago, so adding it back passes no bound.
            Some(spot) => self.give(remittance, spot),
            None => self.lanes.entry(t.destination).or_default().departing.remittances.push(remittance),
        }
        Ok(())
    }

    /// Whether a transfer could be applied now, while so much of the payer's balance is promised elsewhere. O(log n).
    ///
    /// # Errors
    /// The reason why not: `ZeroAmount`, `Moved` or `UnknownAccount` for the payer, `Replayed`, `Overdrawn`,
    /// `UnknownRecipient` within this municipality, `LaneFull` to another one.
    pub fn may_transfer(&self, t: &Transfer, reserved: u64) -> Result<(), Reason> {
        if t.amount == 0 {
            return Err(Reason::ZeroAmount);
        }
        self.orderer(&t.from)?.can_pay(t.nonce, t.amount, reserved)?;
        match self.recipient(t) {
            Some(Spot::Unknown | Spot::Coming) => Err(Reason::UnknownRecipient),
            _ => room(&self.lanes, &t.destination),
        }
    }

    /// Where the recipient of a transfer within this municipality is.
    fn recipient(&self, t: &Transfer) -> Option<Spot> {
        (t.destination == self.chain).then(|| self.spot(&t.to, 0))
    }

    /// The account that may order, if it is here.
    fn orderer(&self, account: &AccountId) -> Result<&Account, Reason> {
        self.accounts.get(account).ok_or_else(|| self.absent(account))
    }

    /// Why an account that is not here can't order.
    fn absent(&self, account: &AccountId) -> Reason {
        self.moved.get(account).map_or(Reason::UnknownAccount, |pointer| Reason::Moved { to: pointer.to })
    }

    /// Whether an account could order something that moves nothing, under this nonce. O(log n).
    ///
    /// # Errors
    /// The reason why not: `Moved` or `UnknownAccount`, `Replayed`.
    pub fn may_order(&self, account: &AccountId, nonce: u64) -> Result<(), Reason> {
        self.orderer(account)?.can_pay(nonce, 0, 0)
    }

    /// Uses the nonce of an order that moves nothing, such as a vote, and whose signature holds. O(log n).
    ///
    /// # Errors
    /// As [`Books::may_order`]; nothing was changed.
    pub fn order(&mut self, account: &AccountId, nonce: u64) -> Result<(), Reason> {
        self.may_order(account, nonce)?;
        if let Some(found) = self.accounts.get_mut(account) {
            found.use_nonce(nonce);
            self.changed.push(*account);
        }
        Ok(())
    }

    /// Whether an account could move now. O(log n).
    ///
    /// # Errors
    /// The reason why not: `Moved` or `UnknownAccount`, `Replayed`, `NothingToMove` to this municipality, `LaneFull`.
    pub fn may_move(&self, m: &Move) -> Result<(), Reason> {
        self.orderer(&m.account)?.can_pay(m.nonce, 0, 0)?;
        if m.destination == self.chain {
            return Err(Reason::NothingToMove);
        }
        room(&self.lanes, &m.destination)
    }

    /// Applies a move whose signature holds: the account, with its balance and nonces, leaves with the block under
    /// construction. O(log n).
    ///
    /// # Errors
    /// As [`Books::may_move`]; nothing was changed.
    pub fn relocate(&mut self, m: &Move) -> Result<(), Reason> {
        self.may_move(m)?;
        let mut account = *self.orderer(&m.account)?;
        account.use_nonce(m.nonce);
        account.version = account.version.checked_add(1).ok_or(Reason::Overflow)?;
        self.accounts.remove(&m.account);
        self.balances -= account.balance;
        self.changed.push(m.account);
        self.moved.insert(m.account, Pointer { to: m.destination, version: account.version });
        let relocation = Relocation { order: m.id, id: m.account, account };
        self.lanes.entry(m.destination).or_default().departing.relocations.push(relocation);
        self.release(&m.account);
        Ok(())
    }
}
