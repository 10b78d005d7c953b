//! Commit and view change in message delays, as the crate's documentation states them.
#![allow(clippy::unwrap_used, missing_docs)]

mod network;

use network::{Play, N};

const DELAY_US: u64 = 1_000;
const BASE_US: u64 = 100_000;

fn lock_step<'a>() -> Play<'a> {
    Play::new(&[0, 1, 2, 3], BASE_US, 3, Box::new(|_, _, _| Some(DELAY_US)))
}

/// Delays from the proposal of each block to its commit at a copy; a leader proposes the next when it commits one.
fn delays(play: &Play<'_>, copy: usize, since_us: u64) -> Vec<u64> {
    play.copies[copy].log.iter().map(|done| (done.at_us - since_us) / DELAY_US).collect()
}

#[test]
fn a_block_takes_four_delays_at_the_leader_and_five_at_the_others() {
    let mut play = lock_step();
    play.start();
    assert!(play.run(1_000));
    assert_eq!(delays(&play, 0, 0), [4, 8, 12], "and the leader stays");
    for copy in 1..usize::from(N) {
        assert_eq!(delays(&play, copy, 0), [5, 9, 13]);
    }
    assert_eq!(play.evidence, []);
}

#[test]
fn a_view_change_takes_one_delay_and_the_block_after_it_as_many_as_ever() {
    let mut play = lock_step();
    play.copies[0].down = true;
    play.start();
    assert!(play.run(1_000));
    assert_eq!(delays(&play, 1, BASE_US), [1 + 4, 1 + 8, 1 + 12], "counted from the time-out");
    for copy in 2..usize::from(N) {
        assert_eq!(delays(&play, copy, BASE_US), [1 + 5, 1 + 9, 1 + 13]);
    }
    assert!(play.honest().all(|copy| copy.state.view() == 1));
}

/// A block that was locked when its leader fell silent is proposed again, at the same cost; no other takes its place.
#[test]
fn a_locked_block_is_proposed_again() {
    let mut play = lock_step();
    play.start();
    while play.now_us < 3 * DELAY_US {
        play.step();
    }
    // All have got `Prepared` in this very microsecond, and the leader hears no vote any more.
    play.copies[0].down = true;
    assert!(play.run(1_000));
    let first = &play.copies[1].log[0];
    assert_eq!((first.made, first.voted), (0, 1));
    // The deadline runs from the first sign of work.
    assert_eq!((first.at_us - BASE_US) / DELAY_US, 1 + 4);
    play.check();
}

/// Each view that fails doubles the time-out, up to 64 times; a commit resets it.
#[test]
fn two_dead_leaders_cost_a_time_out_and_twice_a_time_out() {
    // Among four only one may be down: leader 1 is up and mute while it leads.
    let rule = |_, (from, view): (usize, u64), _| (from != 1 || view != 1).then_some(DELAY_US);
    let mut play = Play::new(&[0, 1, 2, 3], BASE_US, 1, Box::new(rule));
    play.copies[0].down = true;
    play.start();
    assert!(play.run(2_000));
    let first = play.copies[2].log[0].at_us;
    // Nobody hears the time-out of leader 1 either: it alone has a quorum, and tells once it is in view 2.
    assert_eq!(first, 3 * BASE_US + (1 + 2 + 4) * DELAY_US, "view 0, then view 1, then the block");
}
