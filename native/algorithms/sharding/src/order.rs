//! Orders of account holders, applied at the account's home.

use borsh::{BorshDeserialize, BorshSerialize};
use globelet_types::{AccountId, ChainId, OrderId};

use crate::books::{Books, Spot};
use crate::{Account, Effect, Kind, Pointer, Reason, Relocation, Remittance};

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
    /// Which.
    pub account: AccountId,
    /// Where to.
    pub destination: ChainId,
    /// As a transfer's.
    pub nonce: u64,
}

impl Books {
    /// Opens an account with balance zero. An account that lives elsewhere can't be told from a new one here: whoever
    /// opens it has looked it up in the map.
    pub(crate) fn open(&mut self, account: AccountId) -> Result<Vec<Effect>, Reason> {
        match self.spot(&account, 0) {
            Spot::Here => Err(Reason::AlreadyOpen),
            Spot::Gone(pointer) => Err(Reason::Moved { to: pointer.to }),
            // What waits for it says that it is on its way here.
            _ if self.parked.contains_key(&account) => Err(Reason::AlreadyOpen),
            _ => {
                self.accounts.insert(account, Account::open(0));
                Ok(Vec::new())
            }
        }
    }

    /// The account that may order, if it is here and the nonce is fresh.
    fn orderer(&self, account: &AccountId, nonce: u64) -> Result<Account, Reason> {
        if let Some(pointer) = self.moved.get(account) {
            return Err(Reason::Moved { to: pointer.to });
        }
        let found = self.accounts.get(account).ok_or(Reason::UnknownAccount)?;
        if !found.nonce_is_fresh(nonce) {
            return Err(Reason::Replayed { nonce, highest: found.highest_nonce });
        }
        Ok(*found)
    }

    pub(crate) fn transfer(&mut self, t: &Transfer) -> Result<Vec<Effect>, Reason> {
        let mut payer = self.orderer(&t.from, t.nonce)?;
        if t.amount == 0 {
            return Err(Reason::ZeroAmount);
        }
        let available = payer.balance;
        payer.balance = available.checked_sub(t.amount).ok_or(Reason::Overdrawn { available, amount: t.amount })?;
        let spot = (t.destination == self.chain).then(|| self.spot(&t.to, 0));
        if matches!(spot, Some(Spot::Unknown | Spot::Coming)) {
            return Err(Reason::UnknownRecipient);
        }
        payer.use_nonce(t.nonce);
        self.accounts.insert(t.from, payer);
        self.balances -= t.amount;
        let remittance = Remittance { id: t.id, from: t.from, to: t.to, amount: t.amount, kind: Kind::Transfer };
        let Some(spot) = spot else {
            self.lanes.entry(t.destination).or_default().departing.remittances.push(remittance);
            return Ok(Vec::new());
        };
        // It was debited here a moment ago, so adding it back passes no bound.
        self.give(remittance, spot);
        Ok(vec![Effect::Settled { id: t.id, refused: None }])
    }

    pub(crate) fn relocate(&mut self, m: &Move) -> Result<Vec<Effect>, Reason> {
        let mut account = self.orderer(&m.account, m.nonce)?;
        if m.destination == self.chain {
            return Err(Reason::NothingToMove);
        }
        account.use_nonce(m.nonce);
        account.version = account.version.checked_add(1).ok_or(Reason::Overflow)?;
        self.accounts.remove(&m.account);
        self.balances -= account.balance;
        self.moved.insert(m.account, Pointer { to: m.destination, version: account.version });
        let relocation = Relocation { id: m.account, account };
        self.lanes.entry(m.destination).or_default().departing.relocations.push(relocation);
        self.release(&m.account);
        Ok(Vec::new())
    }
}
