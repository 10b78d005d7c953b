//! The books of one municipality, as the crate `sharding` keeps them: the world's orders go in, and what receipts need
//! comes out.
//!
//! The books hear only what the committee agreed on, so that every replica's are the same. What one replica alone knows,
//! such as how far a lane goes elsewhere, stays with its inbox; and lanes are repaired from the blocks' shards.
use super::homes::Homes;
use crate::block::Parcel;
use globelet_sharding::{Books, Effect, Move, Reason, Settlement, Transfer};
use globelet_types::{AccountId, ChainId, Hash, Micros, Order, OrderId, Refusal};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A parcel of ours that a settlement decided.
pub(crate) struct Settled {
    pub destination: ChainId,
    pub number: u64,
    /// Its orders whose amount or account came back; all others were taken in.
    pub refused: BTreeMap<OrderId, Refusal>,
}

/// What a closed block leaves behind.
pub(crate) struct Closed {
    /// What departs, by destination.
    pub parcels: Vec<Arc<Parcel>>,
    /// The accounts that the block changed, by id, with balance and highest nonce.
    pub touched: Vec<(AccountId, u64, u64)>,
    /// Digest of the map of accounts that came or went.
    pub homes: Hash,
}

/// The books of one municipality.
pub(crate) struct Ledger {
    books: Books,
    homes: Homes,
}

impl Ledger {
    /// `None` only if the treasury could not be booked.
    pub fn new(chain: ChainId, treasury: Option<AccountId>, amount: u64) -> Option<Ledger> {
        let accounts: Vec<(AccountId, u64)> = treasury.map(|id| (id, amount)).into_iter().collect();
        let books = Books::new(chain, &accounts).ok()?;
        Some(Ledger { books: books.repaired_elsewhere(), homes: Homes::default() })
    }

    pub fn books(&self) -> &Books {
        &self.books
    }

    pub fn homes(&self) -> &Homes {
        &self.homes
    }

    /// What would refuse this order now, given amounts reserved elsewhere for the same account.
    pub fn refusal(&self, order: &Order, reserved: u64) -> Option<Refusal> {
        let may = match order {
            Order::Opening(o) => self.books.may_open(&o.account),
            // Whether it may be applied does not depend on its identity.
            Order::Transfer(t) => {
                let may = self.books.may_transfer(&transfer(OrderId([0; 32]), t), reserved);
                return may.err().map(Refusal::from).or_else(|| self.recipient_left(t));
            }
            Order::Move(m) => self.books.may_move(&relocation(OrderId([0; 32]), m)),
            Order::Vote(v) => self.books.may_order(&v.account, v.nonce),
        };
        may.err().map(Refusal::from)
    }

    /// What is applied or arrives for an account that left here follows it; who pays it from here is told at the door.
    fn recipient_left(&self, t: &globelet_types::Transfer) -> Option<Refusal> {
        if t.destination != t.source {
            return None;
        }
        self.books.pointer(&t.to).map(|left| Refusal::RecipientMoved { to: left.to.0 })
    }

    /// Applies an order whose signature holds; on refusal nothing moves. `now` is the block's time.
    pub fn apply(&mut self, id: OrderId, order: &Order, now: Micros) -> Result<(), Refusal> {
        if order.expires_us() < now {
            return Err(Refusal::Expired { expired_us: order.expires_us() });
        }
        match order {
            Order::Opening(o) => self.books.open(o.account)?,
            Order::Transfer(t) => self.books.transfer(&transfer(id, t))?,
            Order::Move(m) => self.books.relocate(&relocation(id, m))?,
            Order::Vote(v) => self.books.order(&v.account, v.nonce)?,
        }
        Ok(())
    }

    /// Credits a verified parcel once, and returns what its settlements decide about our orders.
    pub fn receive(&mut self, parcel: &Parcel) -> Vec<Settled> {
        // What the books refuse to take in changes nothing, at any replica.
        let effects = self.books.receive(parcel).unwrap_or_default();
        let mut returned = BTreeMap::new();
        effects.into_iter().filter_map(|effect| settled(effect, &mut returned)).collect()
    }

    /// What the block under construction answers to a parcel that it took in; `None` where there is nothing to answer.
    pub fn settlement(&self, parcel: &Parcel) -> Option<&Settlement> {
        self.books.lane(parcel.source)?.settling().filter(|s| s.number == parcel.number)
    }

    /// Closes the block: numbers what departs, one parcel per lane.
    pub fn close(&mut self) -> Closed {
        let changed = self.books.changed();
        let mut touched = Vec::with_capacity(changed.len());
        for id in changed {
            let account = self.books.account(&id);
            self.homes.see(&self.books, id, account);
            touched.extend(account.map(|a| (id, a.balance, a.highest_nonce)));
        }
        Closed { touched, homes: self.homes.close(), parcels: self.books.close() }
    }

    /// Every parcel from this source up to this number was applied.
    pub fn cursor(&self, source: ChainId) -> u64 {
        self.books.lane(source).map_or(0, |lane| lane.cursor)
    }

    /// Whether this parcel of this source was applied.
    pub fn seen(&self, source: ChainId, number: u64) -> bool {
        self.books.lane(source).is_some_and(|lane| lane.seen(number))
    }

    /// Number of the newest parcel sent there.
    pub fn newest(&self, destination: ChainId) -> u64 {
        self.books.lane(destination).map_or(0, |lane| lane.newest)
    }

    /// The oldest parcel of each lane that no settlement names yet: its destination and number.
    pub fn unsettled(&self) -> impl Iterator<Item = (ChainId, u64)> + '_ {
        self.books.lanes().iter().filter_map(|(destination, lane)| Some((*destination, lane.unsettled().next()?)))
    }
}

fn transfer(id: OrderId, t: &globelet_types::Transfer) -> Transfer {
    Transfer { id, from: t.from, to: t.to, destination: t.destination, amount: t.amount, nonce: t.nonce }
}

fn relocation(id: OrderId, m: &globelet_types::Move) -> Move {
    Move { id, account: m.account, destination: m.destination, nonce: m.nonce }
}

/// The accounts of a parcel that came back are told before the parcel is.
fn settled(effect: Effect, returned: &mut BTreeMap<AccountId, Reason>) -> Option<Settled> {
    let (parcel, mut refused) = match effect {
        Effect::Settled { parcel, refused } => (parcel, refused),
        Effect::Returned { account, reason } => {
            returned.insert(account, reason);
            return None;
        }
        // Transfers within the municipality are credited with their block, and so is who came to live here.
        Effect::Done { .. } | Effect::Settler { .. } | Effect::Send(_) => return None,
    };
    let back = std::mem::take(returned);
    refused.extend(parcel.relocations.iter().filter_map(|r| Some((r.order, back.get(&r.id)?.clone()))));
    let refused = refused.into_iter().map(|(id, reason)| (id, reason.into())).collect();
    Some(Settled { destination: parcel.destination, number: parcel.number, refused })
}
