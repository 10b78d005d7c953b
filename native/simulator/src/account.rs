//! A client: a seeded key and the orders it signs.
use globelet_signatures::SigningKey;
use globelet_types::{AccountId, ChainId, Choice, Micros, Move, Opening, Order, SignedOrder, Transfer, Vote};

/// An account holder of one municipality, who sends through one ingress replica.
#[derive(Debug)]
pub struct Account {
    key: SigningKey,
    world: u64,
    nonce: u64,
    /// Who.
    pub id: AccountId,
    /// Where the account is.
    pub municipality: ChainId,
    /// Member index of the replica it submits to.
    pub ingress: u16,
}

impl Account {
    /// The account of a key. Orders are signed for the world with this tag.
    pub fn new(seed: &[u8; 32], world: u64, municipality: ChainId, ingress: u16) -> Account {
        let key = SigningKey::from_seed(seed);
        Account { id: AccountId(key.public()), key, world, nonce: 0, municipality, ingress }
    }

    /// The same account, sending through another replica.
    pub fn at(mut self, ingress: u16) -> Account {
        self.ingress = ingress;
        self
    }

    /// Where to pay it.
    pub fn address(&self) -> (AccountId, ChainId) {
        (self.id, self.municipality)
    }

    fn sign(&self, order: Order) -> SignedOrder {
        let signature = self.key.sign(&order.signing_bytes());
        SignedOrder { order, signature }
    }

    /// A signed opening of this account.
    pub fn opening(&self, expires_us: Micros) -> SignedOrder {
        self.sign(Order::Opening(Opening {
            world: self.world,
            municipality: self.municipality,
            account: self.id,
            expires_us,
        }))
    }

    /// A signed move to another municipality under the next nonce. The account knows of it once
    /// [`Account::lives_in`] says so.
    pub fn relocation(&mut self, destination: ChainId, expires_us: Micros) -> SignedOrder {
        self.nonce += 1;
        self.sign(Order::Move(Move {
            world: self.world,
            source: self.municipality,
            destination,
            account: self.id,
            nonce: self.nonce,
            expires_us,
        }))
    }

    /// A signed vote for the committee of its municipality, under the next nonce.
    pub fn vote(&mut self, choice: Choice, expires_us: Micros) -> SignedOrder {
        self.nonce += 1;
        self.sign(Order::Vote(Vote {
            world: self.world,
            municipality: self.municipality,
            account: self.id,
            choice,
            nonce: self.nonce,
            expires_us,
        }))
    }

    /// From now on it orders there.
    pub fn lives_in(&mut self, municipality: ChainId) {
        self.municipality = municipality;
    }

    /// A signed transfer under the next nonce.
    pub fn transfer(&mut self, to: AccountId, there: ChainId, amount: u64, expires_us: Micros) -> SignedOrder {
        self.nonce += 1;
        self.transfer_again(to, there, amount, expires_us)
    }

    /// A signed transfer under the nonce used last: an attempt at a double spend.
    pub fn transfer_again(&self, to: AccountId, there: ChainId, amount: u64, expires_us: Micros) -> SignedOrder {
        self.sign(Order::Transfer(Transfer {
            world: self.world,
            source: self.municipality,
            destination: there,
            from: self.id,
            to,
            amount,
            nonce: self.nonce,
            expires_us,
        }))
    }
}
