//! Common subsets: the same at every honest member, large enough, and only of values that somebody honest has.
#![allow(clippy::unwrap_used, missing_docs)]

mod network;

use globelet_abba::{AbbaMessage, Subset, SubsetOutput};
use globelet_threshold::{deal, CoinShare, KeyShare, PublicKey};
use network::{choose, coin, untruth, Dice, Order, ORDERS};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Sender, recipient, candidate, message.
type Flying = (u16, u16, u16, AbbaMessage);

struct Play {
    n: u16,
    f: u16,
    key: PublicKey,
    keys: Vec<KeyShare>,
    /// Honest members; the others, at most f, have none and are played by the adversary.
    members: Vec<Subset>,
    chosen: Vec<Option<Vec<u16>>>,
    /// Member and candidate of the values that have yet to come.
    values: Vec<(u16, u16)>,
    flying: Vec<Flying>,
    dice: Dice,
    order: Order,
    /// Coins the adversary can know, by candidate and round.
    known: BTreeMap<(u16, u32), bool>,
}

impl Play {
    fn new(f: u16, seed: u64, order: Order, candidates: u16, enough: u16) -> Self {
        let n = 3 * f + 1;
        let (key, keys) = deal(n, f + 1, &[seed as u8; 32]).unwrap();
        let members: Vec<Subset> = (0..n - f).map(|me| Subset::over(n, f, me, candidates, enough).unwrap()).collect();
        let (chosen, dice) = (vec![None; members.len()], Dice(seed | 1));
        let (values, flying, known) = (Vec::new(), Vec::new(), BTreeMap::new());
        Self { n, f, key, keys, members, chosen, values, flying, dice, order, known }
    }

    fn honest(&self) -> u16 {
        self.members.len() as u16
    }

    fn absorb(&mut self, me: u16, output: SubsetOutput) {
        for (candidate, message) in output.broadcast {
            let others = (0..self.honest()).filter(|&to| to != me);
            self.flying.extend(others.map(|to| (me, to, candidate, message.clone())));
        }
        if let Some(chosen) = output.chosen {
            assert_eq!(self.chosen[usize::from(me)].replace(chosen), None, "told twice");
        }
        for (candidate, round) in output.need_coin {
            let called = name(candidate, round);
            let shares: Vec<CoinShare> = self.keys.iter().map(|key| key.coin_share(&called)).collect();
            self.known.extend(draw(&self.key, candidate, round, &shares).map(|bit| ((candidate, round), bit)));
            let share = shares[usize::from(me)].clone();
            self.step(me, |member, verify| member.coin_share(candidate, round, share, verify).unwrap());
        }
    }

    fn step(
        &mut self,
        me: u16,
        act: impl FnOnce(&mut Subset, &mut dyn FnMut(u16, u32, &[CoinShare]) -> Option<bool>) -> SubsetOutput,
    ) {
        let key = self.key.clone();
        let output = act(&mut self.members[usize::from(me)], &mut |c, round, shares| draw(&key, c, round, shares));
        self.absorb(me, output);
    }

    /// Each liar tells one honest member something about a round of an instance that somebody is in.
    fn lie(&mut self) {
        for liar in self.honest()..self.n {
            let to = self.dice.below(self.members.len()) as u16;
            let candidate = self.dice.below(usize::from(self.members[0].candidates())) as u16;
            let somebody = self.dice.below(self.members.len());
            let round = self.members[somebody].instance(candidate).unwrap().round();
            let said = untruth(&mut self.dice, round, &self.keys[usize::from(liar)]);
            self.flying.push((liar, to, candidate, said));
        }
    }

    fn deliver_one(&mut self) {
        let (flying, known) = (&self.flying, &self.known);
        let next = choose(self.order, &mut self.dice, self.f, flying.len(), |index| {
            let (from, to, candidate, message) = &flying[index];
            (*from, *to, message, known.get(&(*candidate, message.round())).copied())
        });
        let (from, to, candidate, message) = self.flying.swap_remove(next);
        self.step(to, |member, verify| member.handle(from, candidate, message, verify).unwrap());
    }

    /// Lets values and messages come until nothing is left, with at most `lies` rounds of lies in between.
    fn run(&mut self, mut lies: usize) {
        while !self.values.is_empty() || !self.flying.is_empty() || self.hurry() {
            if lies > 0 && self.dice.bit() && self.members[0].candidates() > 0 {
                lies -= 1;
                self.lie();
            }
            if !self.values.is_empty() && (self.flying.is_empty() || self.dice.below(4) == 0) {
                let next = self.dice.below(self.values.len());
                let (to, candidate) = self.values.swap_remove(next);
                self.step(to, |member, _| member.deliver(candidate).unwrap());
            } else if !self.flying.is_empty() {
                self.deliver_one();
            }
        }
    }

    /// Nothing is on its way: those who wait for inputs give up. True if that gave anybody something to say.
    fn hurry(&mut self) -> bool {
        (0..self.honest()).for_each(|me| self.step(me, |member, verify| member.hurry(verify)));
        !self.flying.is_empty()
    }

    /// What all honest members chose; panics unless all did, alike, and were told.
    fn verdict(&self) -> Vec<u16> {
        let first = self.chosen[0].clone().expect("member 0 has the subset");
        assert!(self.chosen.iter().all(|chosen| chosen.as_ref() == Some(&first)), "{:?}", self.chosen);
        assert!(self.members.iter().all(|member| member.chosen() == Some(first.clone())));
        first
    }
}

fn name(candidate: u16, round: u32) -> [u8; 4] {
    (round | u32::from(candidate) << 16).to_le_bytes()
}

fn draw(key: &PublicKey, candidate: u16, round: u32, shares: &[CoinShare]) -> Option<bool> {
    coin(key, u32::from_le_bytes(name(candidate, round)), shares)
}

/// Values come one by one to everybody, those of the last f proposers to nobody: at least `enough` are chosen.
fn as_they_come(f: u16, seed: u64, order: Order, more: u16, lies: usize) {
    let n = 3 * f + 1;
    let mut play = Play::new(f, seed, order, n + more, n - f + more);
    let exists = |candidate: &u16| *candidate < n - f || *candidate >= n;
    let candidates: Vec<u16> = (0..n + more).filter(exists).collect();
    play.values = (0..n - f).flat_map(|me| candidates.iter().map(move |&candidate| (me, candidate))).collect();
    play.run(lies);
    let chosen = play.verdict();
    assert!(chosen.len() >= usize::from(n - f + more));
    assert!(chosen.iter().all(exists), "nobody honest had a value of a silent proposer");
}

/// Each member has some of the values, and waits for no more.
fn all_at_once(f: u16, seed: u64, order: Order, here: &[u16], lies: usize) {
    let mut play = Play::new(f, seed, order, here.len() as u16, here.len() as u16);
    let has = |me: u16, candidate: u16| here[usize::from(candidate)] >> me & 1 == 1;
    for me in 0..play.honest() {
        play.step(me, |member, _| member.propose(|candidate| has(me, candidate)));
    }
    play.run(lies);
    let chosen = play.verdict();
    for candidate in 0..here.len() as u16 {
        let holders = (0..play.honest()).filter(|&me| has(me, candidate)).count();
        assert!(holders > 0 || !chosen.contains(&candidate), "chosen, and nobody honest had it");
        assert!(holders < play.members.len() || chosen.contains(&candidate), "all had it, and it is left out");
    }
}

fn orders() -> impl Strategy<Value = Order> {
    prop::sample::select(&ORDERS[..])
}

/// At n = 4, 7, 10 with at most 300 lies.
fn committees() -> impl Strategy<Value = (u16, usize)> {
    (1u16..=3, prop::sample::select(&[0, 100, 300][..]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn of_n_proposals_n_less_f_or_more((f, lies) in committees(), seed: u64, order in orders()) {
        as_they_come(f, seed, order, 0, lies);
    }

    #[test]
    fn of_more_candidates_than_members_enough((f, lies) in committees(), seed: u64, order in orders(), more in 1u16..6) {
        as_they_come(f, seed, order, more, lies);
    }

    #[test]
    fn whatever_they_have_at_once((f, lies) in committees(), seed: u64, order in orders(), here in prop::collection::vec(any::<u16>(), 0..12)) {
        // Also candidates that all or none of the members have.
        let here: Vec<u16> = here.iter().map(|&bits| if bits % 5 == 0 { u16::from(bits % 2 == 0) * u16::MAX } else { bits }).collect();
        all_at_once(f, seed, order, &here, lies);
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
    assert!(members.iter().all(|member| member.complete() && member.chosen() == Some(vec![0, 1, 2, 3])));
}

/// The first input counts: a value that comes after the member said no changes nothing, nor does a second input.
#[test]
fn a_member_says_one_thing_of_a_candidate() {
    let mut member = Subset::over(4, 1, 0, 3, 3).unwrap();
    assert_eq!(member.deliver(1).unwrap().broadcast.len(), 1);
    let input = |value| AbbaMessage::Bval { round: 0, value, input: true };
    assert_eq!(member.propose(|candidate| candidate == 2).broadcast, [(0, input(false)), (2, input(true))]);
    let after = member.clone();
    assert_eq!(member.propose(|_| true), SubsetOutput::default());
    assert_eq!(member.deliver(0).unwrap(), SubsetOutput::default());
    assert_eq!(member, after);
    assert_eq!(member.another(), Subset::over(4, 1, 0, 3, 3).unwrap());
}

#[test]
fn no_candidates_are_chosen_at_once() {
    let mut member = Subset::over(4, 1, 0, 0, 0).unwrap();
    assert_eq!(member.propose(|_| true).chosen, Some(vec![]));
    assert_eq!(member.propose(|_| true).chosen, None, "told once");
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
    assert_eq!(Subset::over(6, 2, 0, 9, 9).unwrap_err().code(), "abba.committee");
    assert_eq!(subset, before);
    assert!(subset.instance(4).is_none() && subset.instance(3).is_some());
}
