//! One account: its balance, its nonces, and how often it moved.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::Reason;

/// Width of the window in which nonces may come out of order.
const NONCE_WINDOW: u64 = 128;

/// An account as its home keeps it, and as it travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Account {
    /// What it can spend.
    pub balance: u64,
    /// Highest nonce used.
    pub highest_nonce: u64,
    /// Bit i: nonce `highest_nonce - i` was used.
    pub used: u128,
    /// How often it moved to another municipality.
    pub version: u64,
}

impl Account {
    /// An account with this balance that has not sent anything and never moved.
    pub fn open(balance: u64) -> Account {
        Account { balance, ..Account::default() }
    }

    /// Whether an order with this nonce may still come: it is not zero, was not used, and is less than 128 below the
    /// highest.
    pub fn nonce_is_fresh(&self, nonce: u64) -> bool {
        if nonce > self.highest_nonce {
            return true;
        }
        let back = self.highest_nonce - nonce;
        nonce > 0 && back < NONCE_WINDOW && self.used >> back & 1 == 0
    }

    /// Whether the account can pay an amount under a nonce, while so much of its balance is promised elsewhere.
    pub(crate) fn can_pay(&self, nonce: u64, amount: u64, reserved: u64) -> Result<(), Reason> {
        if !self.nonce_is_fresh(nonce) {
            return Err(Reason::Replayed { nonce, highest: self.highest_nonce });
        }
        let available = self.balance.saturating_sub(reserved);
        if available < amount {
            return Err(Reason::Overdrawn { available, amount });
        }
        Ok(())
    }

    /// Marks a fresh nonce as used.
    pub(crate) fn use_nonce(&mut self, nonce: u64) {
        if nonce > self.highest_nonce {
            let ahead = nonce - self.highest_nonce;
            self.used = if ahead < NONCE_WINDOW { self.used << ahead } else { 0 };
            self.highest_nonce = nonce;
        }
        self.used |= 1 << (self.highest_nonce - nonce);
    }
}
