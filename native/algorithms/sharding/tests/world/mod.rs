//! A small world of municipalities on a network that loses, doubles and reorders.

use globelet_sharding::{audit, Books, Effect, Event, Move, Parcel, Reason, ShardingError, Transfer};
use globelet_types::{AccountId, ChainId, OrderId};
use std::collections::BTreeMap;

pub const START: u64 = 1_000;

pub fn account(number: u16) -> AccountId {
    AccountId(*blake3::hash(&number.to_le_bytes()).as_bytes())
}

pub fn order_id(number: u64) -> OrderId {
    OrderId(*blake3::hash(&number.to_be_bytes()).as_bytes())
}

/// What the network does, in percent of messages; restarts in percent of steps.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    pub loss: u8,
    pub copies: u8,
    pub restarts: u8,
}

/// What should come of a transfer.
#[derive(Clone, Debug)]
struct Expected {
    from: u16,
    to: u16,
    amount: u64,
    settled: Option<Option<Reason>>,
}

pub struct World {
    state: u64,
    network: Network,
    accounts: u16,
    pub books: Vec<Books>,
    genesis: Vec<Vec<(AccountId, u64)>>,
    logs: Vec<Vec<Event>>,
    flying: Vec<Event>,
    transfers: BTreeMap<OrderId, Expected>,
    moves: BTreeMap<u16, u64>,
    nonces: BTreeMap<u16, u64>,
    pub effects: Vec<Effect>,
    /// Whether money ever waited for an account.
    pub parked_once: bool,
}

impl World {
    pub fn new(seed: u64, chains: u16, accounts: u16, network: Network) -> World {
        let lives = |chain| (0..accounts).filter(move |a| a % chains == chain).map(|a| (account(a), START)).collect();
        let genesis: Vec<Vec<_>> = (0..chains).map(lives).collect();
        let books = genesis.iter().zip(0..).map(|(g, chain)| Books::new(ChainId(chain), g).unwrap()).collect();
        World {
            state: seed,
            network,
            accounts,
            books,
            logs: vec![Vec::new(); genesis.len()],
            genesis,
            flying: Vec::new(),
            transfers: BTreeMap::new(),
            moves: BTreeMap::new(),
            nonces: BTreeMap::new(),
            effects: Vec::new(),
            parked_once: false,
        }
    }

    /// The next draw below `bound` (splitmix64).
    fn draw(&mut self, bound: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }

    fn chance(&mut self, percent: u8) -> bool {
        self.draw(100) < usize::from(percent)
    }

    /// A municipality handles an event, by the bytes that its log keeps.
    pub fn at(&mut self, chain: usize, event: Event) -> Result<Vec<Effect>, ShardingError> {
        let event = Event::from_bytes(&event.to_bytes()).unwrap();
        self.logs[chain].push(event.clone());
        let effects = self.books[chain].handle(&event)?;
        self.parked_once |= self.books[chain].parked() > 0;
        for effect in &effects {
            self.note(effect);
        }
        self.effects.extend(effects.iter().cloned());
        Ok(effects)
    }

    fn note(&mut self, effect: &Effect) {
        match effect {
            Effect::Send(parcel) => self.flying.push(Event::Arrived((**parcel).clone())),
            Effect::Done { id } => self.decided(id, None),
            Effect::Settled { parcel, refused } => {
                assert!(refused.keys().all(|id| parcel.transfers().any(|t| t.id == *id)));
                parcel.transfers().for_each(|t| self.decided(&t.id, refused.get(&t.id)));
            }
            Effect::Settler { .. } | Effect::Returned { .. } => {}
        }
    }

    fn decided(&mut self, id: &OrderId, refused: Option<&Reason>) {
        if let Some(expected) = self.transfers.get_mut(id) {
            assert_eq!(expected.settled, None, "a transfer is decided once");
            expected.settled = Some(refused.cloned());
        }
    }

    /// One random thing happens; money is conserved after it.
    pub fn step(&mut self) {
        match self.draw(10) {
            0..=3 => self.order(),
            4 => self.close_all(),
            5 => self.tell(),
            _ => self.deliver_any(),
        }
        let restarts = self.network.restarts;
        if self.chance(restarts) {
            self.restart();
        }
        self.audit();
    }

    /// Somebody pays or moves, from where it lives, to where somebody thinks the other lives.
    pub fn order(&mut self) {
        let (from, to) = (self.draw(self.accounts.into()) as u16, self.draw(usize::from(self.accounts) + 1) as u16);
        let here = (0..self.books.len()).find(|c| self.books[*c].account(&account(from)).is_some());
        let Some(here) = here else { return };
        let nonce = self.nonces.entry(from).or_default();
        *nonce += 1;
        let nonce = *nonce;
        let destination = ChainId(self.draw(self.books.len()) as u16);
        if self.draw(4) == 0 {
            let id = order_id(u64::from(from) << 32 | nonce);
            let event = Event::Moved(Move { id, account: account(from), destination, nonce });
            if self.at(here, event).is_ok() {
                *self.moves.entry(from).or_default() += 1;
            }
            return;
        }
        let amount = 1 + self.draw(400) as u64;
        let id = order_id(u64::from(from) << 32 | nonce);
        let before = self.transfers.insert(id, Expected { from, to, amount, settled: None });
        assert!(before.is_none());
        let t = Transfer { id, from: account(from), to: account(to), destination, amount, nonce };
        if self.at(here, Event::Transferred(t)).is_err() {
            self.transfers.remove(&id);
        }
    }

    pub fn close_all(&mut self) {
        for chain in 0..self.books.len() {
            self.at(chain, Event::Closed).unwrap();
        }
    }

    /// Everybody tells how far it is, and what is missing is sent again.
    pub fn tell(&mut self) {
        let heads: Vec<_> = self.books.iter().flat_map(Books::heads).collect();
        for head in heads {
            let loss = self.network.loss;
            if !self.chance(loss) {
                self.at(head.destination.index(), Event::Told(head)).unwrap();
            }
        }
    }

    fn arrive(&mut self, event: Event) {
        let Event::Arrived(Parcel { destination, .. }) = &event else { panic!("only parcels fly") };
        self.at(destination.index(), event).unwrap();
    }

    fn deliver_any(&mut self) {
        if self.flying.is_empty() {
            return;
        }
        let which = self.draw(self.flying.len());
        let event = self.flying.swap_remove(which);
        let Network { loss, copies, .. } = self.network;
        if self.chance(copies) {
            self.flying.push(event.clone());
        }
        if !self.chance(loss) {
            self.arrive(event);
        }
    }

    pub fn deliver_newest_first(&mut self) {
        for event in self.take_flying().into_iter().rev() {
            self.arrive(event);
        }
        self.audit();
    }

    pub fn deliver_oldest_first(&mut self) {
        for event in self.take_flying() {
            self.arrive(event);
        }
        self.audit();
    }

    /// What was sent first to one municipality is held back; all else arrives, twice.
    pub fn hold_back(&mut self, victim: ChainId) {
        let flying = self.take_flying();
        let half = flying.len() / 2;
        for (place, event) in flying.into_iter().enumerate() {
            let Event::Arrived(parcel) = &event else { continue };
            if parcel.destination == victim && place < half {
                self.flying.push(event);
            } else {
                self.arrive(event.clone());
                self.arrive(event);
            }
        }
        self.audit();
    }

    pub fn take_flying(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.flying)
    }

    pub fn fly(&mut self, events: Vec<Event>) {
        self.flying.extend(events);
    }

    /// Power fails at one municipality: its books come from its log, and are the same.
    fn restart(&mut self) {
        let chain = self.draw(self.books.len());
        let again = Books::replay(ChainId(chain as u16), &self.genesis[chain], &self.logs[chain]).unwrap();
        assert_eq!(again, self.books[chain]);
        self.books[chain] = again;
    }

    pub fn audit(&self) {
        let books: Vec<&Books> = self.books.iter().collect();
        assert_eq!(audit(&books).unwrap().total(), u128::from(START) * u128::from(self.accounts));
    }

    /// The network heals: it comes to rest.
    pub fn rest(&mut self) {
        self.network.loss = 0;
        for _ in 0..100 {
            self.close_all();
            self.deliver_oldest_first();
            self.tell();
            self.deliver_oldest_first();
            if self.books.iter().all(Books::is_at_rest) {
                return;
            }
        }
        panic!("the world does not come to rest");
    }

    pub fn balance(&self, number: u16) -> u64 {
        self.books.iter().filter_map(|b| b.account(&account(number))).map(|a| a.balance).sum()
    }

    /// At rest every transfer is credited or refunded, and every account is at one place with just its money.
    pub fn judge(&self) {
        let mut balances: BTreeMap<u16, u64> = (0..self.accounts).map(|a| (a, START)).collect();
        let mut moved = |number: u16, plus: u64, minus: u64| {
            let balance = balances.entry(number).or_default();
            *balance = *balance + plus - minus;
        };
        let mut pending: Vec<&Expected> = self.transfers.values().collect();
        // All that was received first: the model knows no order, and no balance may pass below zero in it.
        for expected in &pending {
            let settled = expected.settled.as_ref();
            assert!(settled.is_some(), "{expected:?}");
            if settled.is_some_and(Option::is_none) {
                moved(expected.to, expected.amount, 0);
            }
        }
        pending.retain(|e| e.settled == Some(None));
        for expected in pending {
            moved(expected.from, 0, expected.amount);
        }
        for number in 0..self.accounts {
            let homes: Vec<_> = self.books.iter().filter_map(|b| b.account(&account(number))).collect();
            assert_eq!(homes.len(), 1, "an account has one home");
            assert_eq!(homes[0].balance, balances[&number]);
            if let Some(moves) = self.moves.get(&number) {
                assert_eq!(homes[0].version, *moves);
            }
        }
        self.audit();
    }
}
