//! Honest members, liars and a scheduler, all from one seed.
#![allow(dead_code)]

use std::collections::BTreeMap;

use globelet_abba::{Abba, AbbaMessage, Output};
use globelet_threshold::{combine_coin, deal, CoinShare, KeyShare, PublicKey};

/// xorshift64*, so that a seed replays a schedule.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % bound
    }

    pub fn bit(&mut self) -> bool {
        self.below(2) == 1
    }
}

/// Which message the scheduler lets through next; what it holds back comes last, but comes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Order {
    Random,
    /// The newest first: old messages lie for as long as others talk.
    Newest,
    /// Nothing to or from the first f honest members while anything else can be delivered.
    Starve,
    /// Members with an even number hear of true first, the others of false.
    Split,
    /// As soon as a coin can be known, what speaks for the other value goes first to half of the members.
    AgainstTheCoin,
}

pub const ORDERS: [Order; 5] = [Order::Random, Order::Newest, Order::Starve, Order::Split, Order::AgainstTheCoin];

pub struct Network {
    pub f: u16,
    pub key: PublicKey,
    pub keys: Vec<KeyShare>,
    /// Honest members; the others, at most f, have none and are played by the adversary.
    pub members: Vec<Abba>,
    pub decisions: Vec<Option<bool>>,
    pub queue: Vec<(u16, u16, AbbaMessage)>,
    pub dice: Dice,
    pub order: Order,
    /// Coins the adversary can know: one honest share is out, and it has f of its own.
    known: BTreeMap<u32, bool>,
}

/// Which of `len` messages comes next, given sender, recipient, message and the coin of its round as far as it is known.
pub fn choose<'a>(
    order: Order,
    dice: &mut Dice,
    f: u16,
    len: usize,
    at: impl Fn(usize) -> (u16, u16, &'a AbbaMessage, Option<bool>),
) -> usize {
    let chance = dice.below(len);
    // From a random place on, so that equals come in random order.
    let first = |held: &dyn Fn(usize) -> bool| {
        (0..len).map(|i| (chance + i) % len).find(|&index| !held(index)).unwrap_or(chance)
    };
    match order {
        Order::Random => chance,
        Order::Newest => len - 1,
        Order::Starve => first(&|index| at(index).0 < f || at(index).1 < f),
        Order::Split => first(&|index| {
            let (_, to, message, _) = at(index);
            value_of(message).is_some_and(|value| value != (to % 2 == 0))
        }),
        Order::AgainstTheCoin => first(&|index| {
            let (_, to, message, coin) = at(index);
            to % 2 == 0 && coin.is_some() && value_of(message) == coin
        }),
    }
}

/// Something that suits nobody, about a round.
pub fn untruth(dice: &mut Dice, round: u32, key: &KeyShare) -> AbbaMessage {
    let value = dice.bit();
    match dice.below(6) {
        0 => AbbaMessage::Bval { round, value, input: round == 0 },
        1 => AbbaMessage::Bval { round, value, input: false },
        2 => AbbaMessage::Aux { round, value },
        3 => AbbaMessage::Conf { round, values: 1 + dice.below(3) as u8 },
        4 => AbbaMessage::Coin { round, share: key.coin_share(&[dice.below(9) as u8, 0, 0, 0]) },
        _ => AbbaMessage::Term { value },
    }
}

pub fn coin(key: &PublicKey, round: u32, shares: &[CoinShare]) -> Option<bool> {
    combine_coin(key, &round.to_le_bytes(), shares).ok().map(|coin| coin[0] & 1 == 1)
}

impl Network {
    pub fn new(f: u16, liars: u16, seed: u64) -> Self {
        let n = 3 * f + 1;
        let (key, keys) = deal(n, f + 1, &[seed as u8; 32]).unwrap();
        let members: Vec<Abba> = (0..n - liars).map(|me| Abba::among(n, f, me).unwrap()).collect();
        let (decisions, queue, known) = (vec![None; members.len()], Vec::new(), BTreeMap::new());
        Self { f, key, keys, members, decisions, queue, dice: Dice(seed | 1), order: Order::Random, known }
    }

    pub fn n(&self) -> u16 {
        3 * self.f + 1
    }

    pub fn honest(&self) -> u16 {
        self.members.len() as u16
    }

    pub fn absorb(&mut self, me: u16, output: Output) {
        for message in output.broadcast {
            let others = (0..self.honest()).filter(|&to| to != me);
            self.queue.extend(others.map(|to| (me, to, message.clone())));
        }
        if let Some(decision) = output.decision {
            assert_eq!(self.decisions[usize::from(me)].replace(decision), None, "decided twice");
        }
        if let Some(round) = output.need_coin {
            let shares: Vec<CoinShare> = self.keys.iter().map(|key| key.coin_share(&round.to_le_bytes())).collect();
            self.known.extend(coin(&self.key, round, &shares).map(|value| (round, value)));
            let (share, key) = (shares[usize::from(me)].clone(), self.key.clone());
            let output =
                self.members[usize::from(me)].coin_share(round, share, &mut |round, shares| coin(&key, round, shares));
            self.absorb(me, output);
        }
    }

    pub fn propose(&mut self, me: u16, value: bool) {
        let output = self.members[usize::from(me)].propose(value);
        self.absorb(me, output);
    }

    pub fn deliver(&mut self, from: u16, to: u16, message: AbbaMessage) {
        let key = self.key.clone();
        let output =
            self.members[usize::from(to)].handle(from, message, &mut |round, shares| coin(&key, round, shares));
        self.absorb(to, output);
    }

    /// Each liar tells one honest member something that suits nobody, about a round somebody is in.
    pub fn lie(&mut self) {
        let (n, honest) = (self.n(), self.honest());
        for liar in honest..n {
            let to = self.dice.below(honest.into()) as u16;
            let round = self.members[self.dice.below(honest.into())].round();
            let message = untruth(&mut self.dice, round, &self.keys[usize::from(liar)]);
            self.queue.push((liar, to, message));
        }
    }

    /// Delivers until nothing is left, with at most `lies` rounds of lies in between.
    pub fn run(&mut self, mut lies: usize) {
        while !self.queue.is_empty() || self.hurry() {
            if lies > 0 && self.dice.bit() {
                lies -= 1;
                self.lie();
            }
            if self.dice.below(8) == 0 {
                let me = self.dice.below(self.honest().into()) as u16;
                self.hurry_one(me);
            }
            let next = self.choose();
            let (from, to, message) = self.queue.swap_remove(next);
            self.deliver(from, to, message);
        }
    }

    fn choose(&mut self) -> usize {
        let (queue, known) = (&self.queue, &self.known);
        choose(self.order, &mut self.dice, self.f, queue.len(), |index| {
            let (from, to, message) = &queue[index];
            (*from, *to, message, known.get(&message.round()).copied())
        })
    }

    pub fn hurry_one(&mut self, me: u16) {
        let key = self.key.clone();
        let output = self.members[usize::from(me)].hurry(&mut |round, shares| coin(&key, round, shares));
        self.absorb(me, output);
    }

    /// Nothing is on its way: those who wait for inputs give up. True if that gave anybody something to say.
    pub fn hurry(&mut self) -> bool {
        (0..self.honest()).for_each(|me| self.hurry_one(me));
        !self.queue.is_empty()
    }

    /// Delivers what is on its way now, in random order: one message delay.
    pub fn wave(&mut self) {
        let mut wave = std::mem::take(&mut self.queue);
        while !wave.is_empty() {
            let next = self.dice.below(wave.len());
            let (from, to, message) = wave.swap_remove(next);
            self.deliver(from, to, message);
        }
    }

    /// What all honest members decided; panics unless all did, and alike.
    pub fn verdict(&self) -> bool {
        let first = self.decisions[0].expect("member 0 decided");
        assert!(self.decisions.iter().all(|&decision| decision == Some(first)), "{:?}", self.decisions);
        assert!(self.members.iter().all(|member| member.decided() == Some(first)));
        first
    }
}

fn value_of(message: &AbbaMessage) -> Option<bool> {
    match message {
        AbbaMessage::Bval { value, .. } | AbbaMessage::Aux { value, .. } | AbbaMessage::Term { value } => Some(*value),
        AbbaMessage::Conf { .. } | AbbaMessage::Coin { .. } => None,
    }
}
