//! Agreement, validity and termination under schedulers and liars drawn at random.
#![allow(clippy::unwrap_used, missing_docs)]

use globelet_abba::{Abba, AbbaMessage, Output, WINDOW};
use globelet_threshold::{combine_coin, deal, CoinShare, KeyShare, PublicKey};
use proptest::prelude::*;

/// xorshift64*, so that a seed replays a schedule.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % bound
    }

    fn bit(&mut self) -> bool {
        self.below(2) == 1
    }
}

struct Network {
    f: u16,
    key: PublicKey,
    keys: Vec<KeyShare>,
    /// Honest members; the last f have none and are played by the adversary.
    members: Vec<Abba>,
    decisions: Vec<Option<bool>>,
    queue: Vec<(u16, u16, AbbaMessage)>,
    dice: Dice,
}

impl Network {
    fn new(f: u16, liars: u16, seed: u64) -> Self {
        let n = 3 * f + 1;
        let (key, keys) = deal(n, f + 1, &[7; 32]).unwrap();
        let members: Vec<Abba> = (0..n - liars).map(|me| Abba::new(n, f, me)).collect();
        let decisions = vec![None; members.len()];
        Self { f, key, keys, members, decisions, queue: Vec::new(), dice: Dice(seed | 1) }
    }

    fn n(&self) -> u16 {
        3 * self.f + 1
    }

    fn honest(&self) -> u16 {
        self.members.len() as u16
    }

    fn absorb(&mut self, me: u16, output: Output) {
        for message in output.broadcast {
            let others = (0..self.honest()).filter(|&to| to != me);
            self.queue.extend(others.map(|to| (me, to, message.clone())));
        }
        if let Some(decision) = output.decision {
            assert_eq!(self.decisions[usize::from(me)].replace(decision), None, "decided twice");
        }
        if let Some(round) = output.need_coin {
            let share = self.keys[usize::from(me)].coin_share(&round.to_le_bytes());
            let key = self.key.clone();
            let output =
                self.members[usize::from(me)].coin_share(round, share, &mut |round, shares| coin(&key, round, shares));
            self.absorb(me, output);
        }
    }

    fn propose(&mut self, me: u16, value: bool) {
        let output = self.members[usize::from(me)].propose(value);
        self.absorb(me, output);
    }

    fn deliver(&mut self, from: u16, to: u16, message: AbbaMessage) {
        let key = self.key.clone();
        let output =
            self.members[usize::from(to)].handle(from, message, &mut |round, shares| coin(&key, round, shares));
        self.absorb(to, output);
    }

    /// Each liar tells one honest member something that suits nobody, about a round somebody is in.
    fn lie(&mut self) {
        let (n, honest) = (self.n(), self.honest());
        for liar in honest..n {
            let to = self.dice.below(honest.into()) as u16;
            let round = self.members[self.dice.below(honest.into())].round();
            let value = self.dice.bit();
            let message = match self.dice.below(6) {
                0 => AbbaMessage::Bval { round, value, input: round == 0 },
                1 => AbbaMessage::Bval { round, value, input: false },
                2 => AbbaMessage::Aux { round, value },
                3 => AbbaMessage::Conf { round, values: 1 + self.dice.below(3) as u8 },
                4 => AbbaMessage::Coin {
                    round,
                    share: self.keys[usize::from(liar)].coin_share(&[self.dice.below(9) as u8, 0, 0, 0]),
                },
                _ => AbbaMessage::Term { value },
            };
            self.queue.push((liar, to, message));
        }
    }

    /// Delivers in random order until nothing is left, with at most `lies` rounds of lies in between.
    fn run(&mut self, mut lies: usize) {
        while !self.queue.is_empty() || self.hurry() {
            if lies > 0 && self.dice.bit() {
                lies -= 1;
                self.lie();
            }
            if self.dice.below(8) == 0 {
                let me = self.dice.below(self.honest().into()) as u16;
                self.hurry_one(me);
            }
            let next = self.dice.below(self.queue.len());
            let (from, to, message) = self.queue.swap_remove(next);
            self.deliver(from, to, message);
        }
    }

    fn hurry_one(&mut self, me: u16) {
        let key = self.key.clone();
        let output = self.members[usize::from(me)].hurry(&mut |round, shares| coin(&key, round, shares));
        self.absorb(me, output);
    }

    /// Nothing is on its way: those who wait for inputs give up. True if that gave anybody something to say.
    fn hurry(&mut self) -> bool {
        (0..self.honest()).for_each(|me| self.hurry_one(me));
        !self.queue.is_empty()
    }

    /// What all honest members decided; panics unless all did, and alike.
    fn verdict(&self) -> bool {
        let first = self.decisions[0].expect("member 0 decided");
        assert!(self.decisions.iter().all(|&decision| decision == Some(first)), "{:?}", self.decisions);
        assert!(self.members.iter().all(|member| member.decided() == Some(first)));
        first
    }
}

fn coin(key: &PublicKey, round: u32, shares: &[CoinShare]) -> Option<bool> {
    combine_coin(key, &round.to_le_bytes(), shares).ok().map(|coin| coin[0] & 1 == 1)
}

fn agree(f: u16, seed: u64, inputs: u16, lies: usize) {
    let mut network = Network::new(f, f, seed);
    let honest = network.honest();
    let given: Vec<bool> = (0..honest).map(|me| inputs >> me & 1 == 1).collect();
    for me in 0..honest {
        network.propose(me, given[usize::from(me)]);
    }
    network.run(lies);
    assert!(given.contains(&network.verdict()), "decided what no honest member put in");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn four_with_a_silent_member(seed: u64, inputs: u16) { agree(1, seed, inputs, 0); }

    #[test]
    fn four_with_a_liar(seed: u64, inputs: u16) { agree(1, seed, inputs, 200); }

    #[test]
    fn seven_with_two_liars(seed: u64, inputs: u16) { agree(2, seed, inputs, 300); }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn seven_with_two_silent(seed: u64, inputs: u16) { agree(2, seed, inputs, 0); }

    #[test]
    fn ten_with_three_liars(seed: u64, inputs: u16) { agree(3, seed, inputs, 400); }

    #[test]
    fn ten_with_three_silent(seed: u64, inputs: u16) { agree(3, seed, inputs, 0); }

    /// The liar tells member 0 that it had the same input as all, and the others the opposite in every way.
    #[test]
    fn unanimity_seen_by_one_binds_all(seed: u64, value: bool) {
        let mut network = Network::new(1, 1, seed);
        for me in 0..3 { network.propose(me, value); }
        let claim = AbbaMessage::Bval { round: 0, value, input: true };
        network.queue.retain(|(from, to, message)| !(*to == 0 && *from < 3 && *message == claim));
        for from in 1..4 { network.deliver(from, 0, claim.clone()); }
        prop_assert_eq!(network.decisions[0], Some(value), "all four inputs are in");
        prop_assert_eq!(network.decisions[1], None);
        for to in 1..3 {
            for round in 0..4 {
                network.queue.push((3, to, AbbaMessage::Bval { round, value: !value, input: round == 0 }));
                network.queue.push((3, to, AbbaMessage::Aux { round, value: !value }));
            }
            network.queue.push((3, to, AbbaMessage::Term { value: !value }));
        }
        network.run(100);
        prop_assert_eq!(network.verdict(), value);
    }

    /// An instance may be written down and read back between any two messages.
    #[test]
    fn state_survives_encoding(seed: u64, inputs: u16) {
        let mut network = Network::new(1, 0, seed);
        for me in 0..4 { network.propose(me, inputs >> me & 1 == 1); }
        while !network.queue.is_empty() {
            let next = network.dice.below(network.queue.len());
            let (from, to, message) = network.queue.swap_remove(next);
            let bytes = borsh::to_vec(&network.members[usize::from(to)]).unwrap();
            network.members[usize::from(to)] = borsh::from_slice(&bytes).unwrap();
            network.deliver(from, to, message);
        }
        network.verdict();
    }
}

#[test]
fn unanimous_members_decide_on_inputs_alone() {
    for value in [false, true] {
        let mut member = Abba::new(4, 1, 0);
        assert_eq!(member.propose(value).decision, None);
        let claim = AbbaMessage::Bval { round: 0, value, input: true };
        let step =
            |member: &mut Abba, from| member.handle(from, claim.clone(), &mut |_, _| panic!("no coin is needed"));
        assert_eq!(step(&mut member, 1).decision, None);
        assert_eq!(step(&mut member, 2).decision, None);
        let output = step(&mut member, 3);
        assert_eq!(output.decision, Some(value));
        assert!(output.broadcast.is_empty(), "all others decide on the same messages");
        assert_eq!(step(&mut member, 3), Output::default(), "a repetition changes nothing");
        let asked = member.handle(1, AbbaMessage::Aux { round: 0, value }, &mut |_, _| None);
        assert!(asked.broadcast.contains(&AbbaMessage::Term { value }), "who did not is told");
    }
}

#[test]
fn an_input_without_a_relay_flag_is_no_unanimity() {
    let mut member = Abba::new(4, 1, 0);
    member.propose(true);
    for from in 1..4 {
        let output =
            member.handle(from, AbbaMessage::Bval { round: 0, value: true, input: from != 3 }, &mut |_, _| None);
        assert_eq!(output.decision, None);
    }
}

#[test]
fn what_is_out_of_bounds_is_ignored() {
    let mut member = Abba::new(4, 1, 0);
    let before = member.clone();
    let (_, keys) = deal(4, 2, &[7; 32]).unwrap();
    let hostile = [
        (1, AbbaMessage::Bval { round: WINDOW + 1, value: true, input: false }),
        (1, AbbaMessage::Bval { round: 1, value: true, input: true }),
        (1, AbbaMessage::Conf { round: 2, values: 4 }),
        (1, AbbaMessage::Conf { round: 2, values: 0 }),
        (1, AbbaMessage::Coin { round: 2, share: keys[2].coin_share(b"x") }),
        (0, AbbaMessage::Term { value: true }),
        (4, AbbaMessage::Term { value: true }),
    ];
    for (from, message) in hostile {
        assert_eq!(member.handle(from, message, &mut |_, _| None), Output::default());
    }
    assert_eq!(member, before);
}
