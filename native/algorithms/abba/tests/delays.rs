//! Rounds and message delays, as the crate's documentation states them.
#![allow(clippy::unwrap_used, missing_docs)]

mod network;

use network::Network;

/// What one lock-step run took until the last honest member decided.
struct Cost {
    delays: u32,
    /// Rounds begun, from 1.
    rounds: u32,
    drawn: bool,
    value: bool,
}

/// Every message takes one delay. With silent members nobody waits for them: the others hurry from the start.
fn cost(f: u16, silent: u16, seed: u64, input: impl Fn(u16) -> bool) -> Cost {
    let mut network = Network::new(f, silent, seed);
    (0..network.honest()).for_each(|me| network.propose(me, input(me)));
    if silent > 0 {
        network.hurry();
    }
    let mut delays = 0;
    while network.decisions.iter().any(Option::is_none) {
        network.wave();
        delays += 1;
        assert!(delays < 400 && !network.queue.is_empty() || network.decisions.iter().all(Option::is_some));
    }
    let rounds = 1 + network.members.iter().map(globelet_abba::Abba::round).max().unwrap();
    Cost { delays, rounds, drawn: rounds > 2, value: network.verdict() }
}

#[test]
fn equal_inputs_of_all_take_one_delay() {
    for (f, value) in [(1, true), (2, true), (3, true), (1, false), (2, false), (3, false)] {
        let cost = cost(f, 0, 7, |_| value);
        assert_eq!((cost.delays, cost.rounds, cost.value), (1, 1, value));
    }
}

#[test]
fn equal_inputs_with_f_silent_take_two_delays_for_true_and_four_for_false() {
    for f in 1..=3 {
        for seed in 1..20 {
            let yes = cost(f, f, seed, |_| true);
            assert_eq!((yes.delays, yes.rounds, yes.value), (2, 1, true));
            let no = cost(f, f, seed, |_| false);
            assert_eq!((no.delays, no.rounds, no.value), (4, 2, false));
        }
    }
}

/// BVAL takes two delays at most, AUX one, CONF one, the coin one; a decision is told in one more.
#[test]
fn a_round_takes_three_delays_and_five_with_a_drawn_coin() {
    for f in 1..=3u16 {
        for silent in [0, f] {
            for seed in 1..60 {
                let cost = cost(f, silent, seed, |me| seed >> me & 1 == 1);
                let fixed = cost.rounds.min(2);
                assert!(cost.delays <= 3 * fixed + 5 * (cost.rounds - fixed), "{} {}", cost.delays, cost.rounds);
            }
        }
    }
}

/// Up to f members who see it otherwise change nothing: their value is not relayed.
#[test]
fn up_to_f_dissenters_cost_two_delays_for_true_and_four_for_false() {
    for f in 1..=3u16 {
        for dissent in 1..=f {
            for seed in 1..20 {
                let yes = cost(f, 0, seed, |me| me >= dissent);
                assert_eq!((yes.delays, yes.rounds, yes.value), (2, 1, true));
                let no = cost(f, 0, seed, |me| me < dissent);
                assert_eq!((no.delays, no.rounds, no.value), (4, 2, false));
            }
        }
    }
}

/// Half against half: all go on with the first coin, which the second one is not, so that coins are drawn.
#[test]
fn halves_take_as_many_rounds_as_the_fixed_coins_and_two_more_expected() {
    for f in 1..=3u16 {
        let costs: Vec<Cost> = (1..=200).map(|seed| cost(f, 0, seed, |me| me % 2 == 0)).collect();
        let rounds: u32 = costs.iter().map(|cost| cost.rounds).sum();
        let drawn = costs.iter().filter(|cost| cost.drawn).count();
        let delays: u32 = costs.iter().map(|cost| cost.delays).sum();
        println!("n {}: {rounds} rounds, {delays} delays in 200 runs, {drawn} with a coin", 3 * f + 1);
        assert!((500..=900).contains(&rounds), "{rounds}");
        assert!((1_500..=2_800).contains(&delays), "{delays}");
    }
}
