//! Common subsets: the same at every honest member, large enough, and only of values that somebody honest has.
#![allow(clippy::unwrap_used, missing_docs)]

mod network;

use globelet_abba::{AbbaMessage, Subset, SubsetOutput};
use globelet_threshold::{deal, CoinShare, KeyShare, PublicKey};
use network::{coin, Dice};
use proptest::prelude::*;

// Few values, many messages: a box for each message would only cost.
#[allow(clippy::large_enum_variant)]
enum Event {
    /// The value of this proposer comes.
    Value(u16),
    Message(u16, u16, AbbaMessage),
}

struct Play {
    n: u16,
    f: u16,
    key: PublicKey,
    keys: Vec<KeyShare>,
    members: Vec<Subset>,
    chosen: Vec<Option<Vec<u16>>>,
    queue: Vec<(u16, Event)>,
    dice: Dice,
}

impl Play {
    /// The last `silent` members say and propose nothing.
    fn new(f: u16, silent: u16, seed: u64) -> Self {
        let n = 3 * f + 1;
        let (key, keys) = deal(n, f + 1, &[seed as u8; 32]).unwrap();
        let members: Vec<Subset> = (0..n - silent).map(|me| Subset::among(n, f, me).unwrap()).collect();
        let chosen = vec![None; members.len()];
        let values = |to: u16| (0..n - silent).map(move |proposer| (to, Event::Value(proposer)));
        let queue = (0..n - silent).flat_map(values).collect();
        Self { n, f, key, keys, members, chosen, queue, dice: Dice(seed | 1) }
    }

    fn absorb(&mut self, me: u16, output: SubsetOutput) {
        for (proposer, message) in output.broadcast {
            for to in (0..self.members.len() as u16).filter(|&to| to != me) {
                self.queue.push((to, Event::Message(me, proposer, message.clone())));
            }
        }
        if let Some(chosen) = output.chosen {
            assert_eq!(self.chosen[usize::from(me)].replace(chosen), None, "told twice");
        }
        for (proposer, round) in output.need_coin {
            let share = self.keys[usize::from(me)].coin_share(&name(proposer, round));
            let key = self.key.clone();
            let member = &mut self.members[usize::from(me)];
            let output = member.coin_share(proposer, round, share, &mut |p, r, s| draw(&key, p, r, s)).unwrap();
            self.absorb(me, output);
        }
    }

    fn run(&mut self) {
        loop {
            while !self.queue.is_empty() {
                let next = self.dice.below(self.queue.len());
                let (to, event) = self.queue.swap_remove(next);
                let (key, member) = (self.key.clone(), &mut self.members[usize::from(to)]);
                let output = match event {
                    Event::Value(proposer) => member.deliver(proposer).unwrap(),
                    Event::Message(from, proposer, message) => {
                        member.handle(from, proposer, message, &mut |p, r, s| draw(&key, p, r, s)).unwrap()
                    }
                };
                self.absorb(to, output);
            }
            for me in 0..self.members.len() as u16 {
                let key = self.key.clone();
                let output = self.members[usize::from(me)].hurry(&mut |p, r, s| draw(&key, p, r, s));
                self.absorb(me, output);
            }
            if self.queue.is_empty() {
                return;
            }
        }
    }
}

fn name(proposer: u16, round: u32) -> [u8; 4] {
    (round | u32::from(proposer) << 16).to_le_bytes()
}

fn draw(key: &PublicKey, proposer: u16, round: u32, shares: &[CoinShare]) -> Option<bool> {
    coin(key, u32::from_le_bytes(name(proposer, round)), shares)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn all_choose_the_same_of_at_least_n_less_f(f in 1u16..=3, silent: bool, seed: u64) {
        let silent = if silent { f } else { 0 };
        let mut play = Play::new(f, silent, seed);
        play.run();
        let first = play.chosen[0].clone().expect("member 0 has the subset");
        prop_assert!(play.chosen.iter().all(|chosen| chosen.as_ref() == Some(&first)));
        prop_assert!(first.len() >= usize::from(play.n - play.f));
        prop_assert!(first.iter().all(|&proposer| proposer < play.n - silent), "nobody had a value of a silent proposer");
        prop_assert!(play.members.iter().all(|member| member.chosen() == Some(first.clone())));
    }
}

/// Everybody has everything at once: one message from each to each for each proposer, one delay, and all are chosen.
#[test]
fn values_that_all_have_are_chosen_in_one_delay() {
    let mut members: Vec<Subset> = (0..4).map(|me| Subset::among(4, 1, me).unwrap()).collect();
    let mut said = Vec::new();
    for (me, member) in members.iter_mut().enumerate() {
        for proposer in 0..4 {
            let output = member.deliver(proposer).unwrap();
            said.extend(output.broadcast.into_iter().map(|message| (me, message)));
        }
    }
    assert_eq!(said.len(), 16);
    for (from, (proposer, message)) in said {
        for (me, member) in members.iter_mut().enumerate().filter(|(me, _)| *me != from) {
            let output =
                member.handle(from as u16, proposer, message.clone(), &mut |_, _, _| panic!("no coin")).unwrap();
            assert!(output.broadcast.is_empty(), "{me} says no more");
        }
    }
    assert!(members.iter().all(|member| member.chosen() == Some(vec![0, 1, 2, 3])));
}

#[test]
fn what_does_not_exist_is_refused() {
    let mut subset = Subset::among(4, 1, 0).unwrap();
    let before = subset.clone();
    assert_eq!(subset.deliver(4).unwrap_err().code(), "abba.no-such-member");
    let message = AbbaMessage::Term { value: true };
    let refused = subset.handle(1, u16::MAX, message, &mut |_, _, _| None).unwrap_err();
    assert_eq!(refused.code(), "abba.no-such-member");
    assert_eq!(Subset::among(6, 2, 0).unwrap_err().code(), "abba.committee");
    assert_eq!(subset, before);
    assert!(subset.instance(4).is_none() && subset.instance(3).is_some());
}
