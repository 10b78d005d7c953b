//! Agreement, validity and termination under schedulers and liars drawn at random.
#![allow(clippy::unwrap_used, missing_docs)]

mod network;

use globelet_abba::{Abba, AbbaMessage, Output, WINDOW};
use globelet_threshold::deal;
use network::{Network, Order, ORDERS};
use proptest::prelude::*;

/// All honest members end, agree, and decide what an honest member put in.
fn agree(f: u16, seed: u64, inputs: u16, lies: usize, order: Order) {
    let mut network = Network::new(f, f, seed);
    network.order = order;
    let honest = network.honest();
    let given: Vec<bool> = (0..honest).map(|me| inputs >> me & 1 == 1).collect();
    for me in 0..honest {
        network.propose(me, given[usize::from(me)]);
    }
    network.run(lies);
    assert!(given.contains(&network.verdict()), "decided what no honest member put in");
}

fn orders() -> impl Strategy<Value = Order> {
    prop::sample::select(&ORDERS[..])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn four_with_a_silent_member(seed: u64, inputs: u16, order in orders()) { agree(1, seed, inputs, 0, order); }

    #[test]
    fn four_with_a_liar(seed: u64, inputs: u16, order in orders()) { agree(1, seed, inputs, 200, order); }

    #[test]
    fn seven_with_two_liars(seed: u64, inputs: u16, order in orders()) { agree(2, seed, inputs, 300, order); }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn seven_with_two_silent(seed: u64, inputs: u16, order in orders()) { agree(2, seed, inputs, 0, order); }

    #[test]
    fn ten_with_three_liars(seed: u64, inputs: u16, order in orders()) { agree(3, seed, inputs, 400, order); }

    #[test]
    fn ten_with_three_silent(seed: u64, inputs: u16, order in orders()) { agree(3, seed, inputs, 0, order); }

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

#[test]
fn a_committee_is_checked() {
    let code = |n, f, me| Abba::among(n, f, me).map_err(|error| error.code()).err();
    assert_eq!(code(4, 1, 3), None);
    assert_eq!(code(1, 0, 0), None);
    assert_eq!(code(3, 1, 0), Some("abba.committee"));
    assert_eq!(code(0, 0, 0), Some("abba.committee"));
    assert_eq!(code(u16::MAX, u16::MAX, 0), Some("abba.committee"));
    assert_eq!(code(4, 1, 4), Some("abba.no-such-member"));
    let mut odd = Abba::new(0, 9, 7);
    assert_eq!(odd.propose(true).decision, None);
    odd.hurry(&mut |_, _| None);
    assert_eq!(odd.handle(0, AbbaMessage::Term { value: true }, &mut |_, _| None), Output::default());
}
