//! A thousand members: the figures of the papers, and what must hold while members fail.
#![allow(clippy::unwrap_used, missing_docs)]
mod network;

use globelet_gossip::{Input, Settings};
use network::{cities, even, Distance, Network};

const COUNT: usize = 1_000;
const WAIT: u64 = 20_000_000;

fn settings() -> Settings {
    Settings { shuffle_us: 10_000_000, ..Settings::default() }
}

/// Joins a thousand, lets the tree grow out of 20 broadcasts of one sender, and gives the worst figures of 20 more.
fn figures(settings: &Settings, distance: Distance) -> (f64, u16) {
    let mut network = Network::joined(COUNT, settings, distance, 1);
    assert_eq!(network.reachable(0).len(), COUNT);
    for peer in network.alive() {
        let member = network.members[usize::from(peer)].as_ref().unwrap();
        assert!((1..=5).contains(&member.active().len()) && member.passive().len() <= 30);
    }
    for number in 0..20_u8 {
        network.broadcast(7, &[number], WAIT);
    }
    let (mut redundancy, mut last_hop) = (0.0_f64, 0);
    for number in 20..40_u8 {
        let arrivals = network.broadcast(7, &[number], WAIT);
        assert_eq!(arrivals.at.len(), COUNT - 1);
        redundancy = redundancy.max(arrivals.redundancy());
        last_hop = last_hop.max(arrivals.last_hop);
    }
    println!("redundancy {redundancy:.3}, last delivery hop {last_hop}, unbiased {}", settings.unbiased);
    (redundancy, last_hop)
}

#[test]
fn a_thousand_join_by_one_and_hear_every_broadcast_once() {
    // As in the papers: any neighbour is as good as any other. A perfect tree has redundancy 0 and flooding this
    // overlay (5 - 1) - 1 = 3; a tree of degree 4 reaches a thousand in five hops at best.
    let (redundancy, last_hop) = figures(&Settings { unbiased: 5, ..settings() }, even);
    assert!(redundancy < 0.05, "{redundancy}");
    assert!((5..=16).contains(&last_hop), "{last_hop}");
}

#[test]
fn near_neighbours_cost_hops_but_no_copies() {
    let (redundancy, last_hop) = figures(&settings(), cities);
    assert!(redundancy < 0.05, "{redundancy}");
    assert!(last_hop <= 40, "{last_hop}");
}

#[test]
fn every_broadcast_arrives_although_three_in_ten_fail_at_once() {
    let mut network = Network::joined(COUNT, &settings(), cities, 2);
    for number in 0..10_u8 {
        network.broadcast(1, &[number], WAIT);
    }
    for peer in network.alive().into_iter().filter(|p| p % 10 < 3 && *p != 1) {
        network.stop(peer);
    }
    let alive = network.alive();
    // From the first broadcast after it on: nobody has noticed yet that anybody is gone.
    for number in 100..120_u8 {
        let arrivals = network.broadcast(1, &[number], WAIT);
        assert_eq!(arrivals.at.len(), alive.len() - 1, "broadcast {number}");
    }
    network.run_for(10 * settings().shuffle_us);
    assert_eq!(network.reachable(1), alive);
    let arrivals = network.broadcast(1, b"healed", WAIT);
    println!("after repair: redundancy {:.3}, last delivery hop {}", arrivals.redundancy(), arrivals.last_hop);
    assert!(arrivals.redundancy() < 0.1);
}

#[test]
fn the_overlay_stays_one_piece_when_the_contact_of_all_leaves() {
    let mut network = Network::joined(COUNT, &settings(), cities, 3);
    network.stop(0);
    assert_eq!(network.broadcast(999, b"without it", WAIT).at.len(), COUNT - 2);
    network.run_for(3 * settings().shuffle_us);
    assert_eq!(network.reachable(1).len(), COUNT - 1);
}

#[test]
fn two_halves_that_were_cut_apart_become_one_by_one_join() {
    let mut network = Network::joined(60, &settings(), cities, 4);
    network.cut(true);
    for number in 0..60_u8 {
        network.broadcast(1, &[number], WAIT);
    }
    assert_eq!(network.reachable(1).len(), 30, "the cut did not part them");
    network.cut(false);
    // Peers 0 and 3 live in different halves.
    network.tell(0, Input::Join(3));
    network.run_for(10 * settings().shuffle_us);
    assert_eq!(network.reachable(1).len(), 60);
    assert_eq!(network.broadcast(1, b"one again", WAIT).at.len(), 59);
}

#[test]
fn neighbours_are_near_and_the_overlay_is_still_one() {
    let random = Settings { unbiased: 5, ..settings() };
    let mut network = Network::joined(COUNT, &random, cities, 5);
    network.run_for(30 * random.shuffle_us);
    let anyhow = network.mean_round_trip();
    let mut network = Network::joined(COUNT, &settings(), cities, 5);
    network.run_for(30 * settings().shuffle_us);
    let near = network.mean_round_trip();
    println!("mean round trip of links: {:.1} ms, without the trade {:.1} ms", near / 1e3, anyhow / 1e3);
    assert!(near < 0.6 * anyhow, "{near} {anyhow}");
    assert_eq!(network.reachable(0).len(), COUNT);
    assert_eq!(network.broadcast(5, b"across", WAIT).at.len(), COUNT - 1);
}

#[test]
fn the_same_seed_gives_the_same_overlay() {
    let views = |seed| {
        let network = Network::joined(50, &settings(), cities, seed);
        network.members.iter().flatten().map(|m| (m.active().clone(), m.passive().clone())).collect::<Vec<_>>()
    };
    assert_eq!(views(9), views(9));
    assert_ne!(views(9), views(10));
}
