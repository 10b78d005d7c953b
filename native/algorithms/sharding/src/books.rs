//! The books of one municipality.

use std::collections::BTreeMap;
use std::sync::Arc;

use globelet_types::{AccountId, ChainId};

use crate::lane::{Lane, Outstanding};
use crate::{Account, Effect, Event, Head, Kind, Parcel, Reason, Remittance, ShardingError};

/// Where an account went from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pointer {
    /// Where to.
    pub to: ChainId,
    /// How often it had moved when it came there.
    pub version: u64,
}

/// Where an account is, as seen from here.
pub(crate) enum Spot {
    Here,
    Gone(Pointer),
    /// It is on its way here: who says so has seen it leave.
    Coming,
    Unknown,
}

/// The books of one municipality: its accounts, its lanes, and what waits. A function of the events handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Books {
    pub(crate) chain: ChainId,
    pub(crate) accounts: BTreeMap<AccountId, Account>,
    /// Sum of the accounts' balances.
    pub(crate) balances: u64,
    pub(crate) moved: BTreeMap<AccountId, Pointer>,
    /// Accounts that were sent here and not taken in: what follows them goes back, too.
    pub(crate) bounced: BTreeMap<AccountId, Pointer>,
    /// What came for an account before the account did.
    pub(crate) parked: BTreeMap<AccountId, Vec<Remittance>>,
    pub(crate) lanes: BTreeMap<ChainId, Lane>,
    /// Accounts that the block under construction changed, in the order in which it did.
    pub(crate) changed: Vec<AccountId>,
    /// Whether what was sent is kept to be sent again.
    pub(crate) repairs: bool,
}

impl Books {
    /// The books at the start: these accounts, with these balances.
    ///
    /// # Errors
    /// `AlreadyOpen` for an account that stands twice, `Overflow` if all balances together pass 64 bits.
    pub fn new(chain: ChainId, accounts: &[(AccountId, u64)]) -> Result<Books, ShardingError> {
        let mut books = Books {
            chain,
            accounts: BTreeMap::new(),
            balances: 0,
            moved: BTreeMap::new(),
            bounced: BTreeMap::new(),
            parked: BTreeMap::new(),
            lanes: BTreeMap::new(),
            changed: Vec::new(),
            repairs: true,
        };
        for (id, balance) in accounts {
            if books.accounts.insert(*id, Account::open(*balance)).is_some() {
                return Err(Reason::AlreadyOpen.into());
            }
            books.balances = books.balances.checked_add(*balance).ok_or(Reason::Overflow)?;
        }
        Ok(books)
    }

    /// For whoever keeps what was sent and sends it again by its own means: these books keep of what they send only the
    /// parcels that a settlement is due for, until it comes, and answer a [`Head`] with nothing.
    #[must_use]
    pub fn repaired_elsewhere(self) -> Books {
        Books { repairs: false, ..self }
    }

    /// The books after a restart: the start's, then every event of the log handled again. What was refused changes
    /// nothing, so a log may hold it or not.
    ///
    /// # Errors
    /// As [`Books::new`].
    pub fn replay(chain: ChainId, accounts: &[(AccountId, u64)], log: &[Event]) -> Result<Books, ShardingError> {
        let mut books = Books::new(chain, accounts)?;
        for event in log {
            // A refusal was a refusal then, too.
            let _ = books.handle(event);
        }
        Ok(books)
    }

    /// Handles one event, as a log holds it; what must be sent and said follows. O(log n) for an order;
    /// O(items · log n) for a parcel. What a ledger does most can be called by itself, too: [`Books::open`],
    /// [`Books::transfer`], [`Books::relocate`], [`Books::order`], [`Books::receive`], [`Books::close`].
    ///
    /// # Errors
    /// `Refused` with the reason, `WrongLane`, `OutOfWindow`; the books are as they were.
    pub fn handle(&mut self, event: &Event) -> Result<Vec<Effect>, ShardingError> {
        match event {
            Event::Opened { account } => self.open(*account)?,
            Event::Transferred(transfer) => {
                self.transfer(transfer)?;
                if transfer.destination == self.chain {
                    return Ok(vec![Effect::Done { id: transfer.id }]);
                }
            }
            Event::Moved(order) => self.relocate(order)?,
            Event::Ordered { account, nonce } => self.order(account, *nonce)?,
            Event::Closed => return Ok(self.close().into_iter().map(Effect::Send).collect()),
            Event::Arrived(parcel) => return self.receive(parcel),
            Event::Told(head) => return self.told(head),
        }
        Ok(Vec::new())
    }

    /// Closes the block: what departs is numbered, one parcel per lane, by destination. O(lanes).
    pub fn close(&mut self) -> Vec<Arc<Parcel>> {
        self.changed.clear();
        let mut sent = Vec::new();
        for (destination, lane) in &mut self.lanes {
            if lane.departing.is_empty() {
                continue;
            }
            let departing = std::mem::take(&mut lane.departing);
            lane.newest += 1;
            let parcel = Arc::new(Parcel {
                source: self.chain,
                destination: *destination,
                number: lane.newest,
                cursor: lane.cursor,
                relocations: departing.relocations,
                remittances: departing.remittances,
                settlements: departing.settlements,
            });
            lane.sent += parcel.amount();
            let settled = !parcel.wants_settlement();
            if self.repairs || !settled {
                lane.outstanding.insert(lane.newest, Outstanding { parcel: parcel.clone(), settled });
            }
            sent.push(parcel);
        }
        sent
    }

    /// Where an account is that had moved `version` times or more when somebody saw it here, or come here.
    pub(crate) fn spot(&self, account: &AccountId, version: u64) -> Spot {
        let home = self.accounts.get(account);
        if home.is_some_and(|found| found.version >= version) {
            return Spot::Here;
        }
        let pointers = [self.moved.get(account), self.bounced.get(account)].into_iter().flatten();
        match pointers.filter(|p| p.version > version).max_by_key(|p| p.version) {
            Some(pointer) => Spot::Gone(*pointer),
            None if version == 0 => Spot::Unknown,
            None => Spot::Coming,
        }
    }

    /// Gives money that can't be refused to its account, wherever that is.
    pub(crate) fn give(&mut self, mut remittance: Remittance, spot: Spot) {
        let (to, amount) = (remittance.to, remittance.amount);
        match spot {
            Spot::Here if self.credit(&to, amount) => {}
            Spot::Gone(pointer) => {
                remittance.kind = Kind::Forward { version: pointer.version };
                self.lanes.entry(pointer.to).or_default().departing.remittances.push(remittance);
            }
            Spot::Here | Spot::Coming | Spot::Unknown => self.parked.entry(to).or_default().push(remittance),
        }
    }

    /// Adds to a balance; false, and nothing changed, if the account is not here or the balances would pass 64 bits.
    pub(crate) fn credit(&mut self, account: &AccountId, amount: u64) -> bool {
        let Some(sum) = self.balances.checked_add(amount) else { return false };
        let Some(found) = self.accounts.get_mut(account) else { return false };
        // A balance is part of the sum that just fitted.
        found.balance += amount;
        self.balances = sum;
        self.changed.push(*account);
        true
    }

    /// The account came or went: what waited for it goes to it.
    pub(crate) fn release(&mut self, account: &AccountId) {
        for remittance in self.parked.remove(account).unwrap_or_default() {
            let Kind::Forward { version } = remittance.kind else { continue };
            let spot = self.spot(account, version);
            self.give(remittance, spot);
        }
    }

    /// This municipality.
    pub fn chain(&self) -> ChainId {
        self.chain
    }

    /// An account that lives here.
    pub fn account(&self, id: &AccountId) -> Option<&Account> {
        self.accounts.get(id)
    }

    /// All accounts that live here, by id.
    pub fn accounts(&self) -> &BTreeMap<AccountId, Account> {
        &self.accounts
    }

    /// The accounts that the block under construction changed so far, by id; those that left are among them.
    pub fn changed(&self) -> Vec<AccountId> {
        let mut changed = self.changed.clone();
        changed.sort_unstable();
        changed.dedup();
        changed
    }

    /// Where an account went from here, if it is not here.
    pub fn pointer(&self, id: &AccountId) -> Option<&Pointer> {
        self.moved.get(id)
    }

    /// The lanes to and from another municipality.
    pub fn lane(&self, other: ChainId) -> Option<&Lane> {
        self.lanes.get(&other)
    }

    /// All lanes, by the other municipality.
    pub fn lanes(&self) -> &BTreeMap<ChainId, Lane> {
        &self.lanes
    }

    /// Sum of the balances of all accounts here.
    pub fn balances(&self) -> u64 {
        self.balances
    }

    /// Sum of what waits for accounts on their way here.
    pub fn parked(&self) -> u128 {
        self.parked.values().flatten().map(|r| u128::from(r.amount)).sum()
    }

    /// Sum of what the block under construction will send.
    pub fn departing(&self) -> u128 {
        self.lanes.values().map(Lane::departing_amount).sum()
    }

    /// What to tell other municipalities now and then, until every lane is at rest: one head for each lane where
    /// something was sent or came. O(lanes).
    pub fn heads(&self) -> Vec<Head> {
        let head = |(other, lane): (&ChainId, &Lane)| Head {
            source: self.chain,
            destination: *other,
            newest: lane.newest,
            cursor: lane.cursor,
        };
        self.lanes.iter().map(head).collect()
    }

    /// Whether every lane is at rest and nothing waits.
    pub fn is_at_rest(&self) -> bool {
        self.parked.is_empty() && self.lanes.values().all(Lane::is_at_rest)
    }
}
