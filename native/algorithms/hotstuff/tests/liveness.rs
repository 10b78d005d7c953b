//! After the network has stabilised, every honest member commits in bounded time, whatever happened before.
#![allow(clippy::unwrap_used, missing_docs)]

mod network;

use network::{Play, Rule};
use proptest::prelude::*;

const DELAY_US: u64 = 10_000;
const BASE_US: u64 = 60_000;
/// From here on every message arrives within `DELAY_US`.
const STABLE_US: u64 = 2_000_000;
/// The longest time-out is 64 times its base. At most two views pass with it: one whose leader is faulty, and before it
/// the one that members were in when the network stabilised.
const BOUND_US: u64 = 3 * 64 * BASE_US + 20 * DELAY_US;

fn draw(dice: &mut u64, bound: u64) -> u64 {
    *dice ^= *dice >> 12;
    *dice ^= *dice << 25;
    *dice ^= *dice >> 27;
    (dice.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound
}

/// Before: a share of the messages is lost, the others take up to 30 times as long as later.
fn chaos<'a>(seed: u64, loss: u64) -> Box<Rule<'a>> {
    let mut dice = seed | 1;
    Box::new(move |now, _, _| {
        if now >= STABLE_US {
            return Some(1 + draw(&mut dice, DELAY_US));
        }
        (draw(&mut dice, 100) >= loss).then(|| 1 + draw(&mut dice, 30 * DELAY_US))
    })
}

fn stabilises(members: &[u16], down: Option<usize>, seed: u64, loss: u64) {
    let mut play = Play::new(members, BASE_US, u64::MAX, chaos(seed, loss));
    if let Some(down) = down {
        play.copies[down].down = true;
    }
    play.start();
    while play.now_us < STABLE_US {
        assert!(play.step(), "somebody waits, so a timer runs");
    }
    let highest = play.honest().map(|copy| copy.state.height()).max().unwrap();
    while play.now_us < STABLE_US + BOUND_US {
        assert!(play.step());
        if play.honest().all(|copy| copy.state.height() > highest) {
            return play.check();
        }
    }
    let at: Vec<_> = play.copies.iter().map(|copy| (copy.state.height(), copy.state.view())).collect();
    panic!("nothing new after {highest}: {at:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn all_up(seed: u64, loss in 0u64..95) { stabilises(&[0, 1, 2, 3], None, seed, loss); }

    #[test]
    fn one_down(seed: u64, loss in 0u64..95, down in 0usize..4) { stabilises(&[0, 1, 2, 3], Some(down), seed, loss); }

    #[test]
    fn one_of_two_minds(seed: u64, loss in 0u64..95, twin in 0u16..4) {
        stabilises(&[0, 1, 2, 3, twin], None, seed, loss);
    }
}
