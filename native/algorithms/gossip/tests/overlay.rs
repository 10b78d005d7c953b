//! A thousand members and ten thousand: the figures of the papers, and what must hold while members fail.
#![allow(clippy::unwrap_used, missing_docs)]

use globelet_gossip::network::{Arrivals, Distances, Network};
use globelet_gossip::{Input, Peer, Settings};

const COUNT: usize = 1_000;
const WAIT: u64 = 20_000_000;

fn settings() -> Settings {
    Settings { shuffle_us: 10_000_000, ..Settings::default() }
}

/// As in the papers: any neighbour is as good as any other.
fn random() -> Settings {
    Settings { unbiased: 5, ..settings() }
}

fn joined(count: usize, settings: &Settings, distances: Distances, seed: u64) -> Network {
    Network::joined(count, settings, distances, seed).unwrap()
}

fn broadcast(network: &mut Network, from: Peer, payload: &[u8]) -> Arrivals {
    let arrivals = network.broadcast(from, payload, WAIT).unwrap();
    assert_eq!(arrivals.twice, 0);
    arrivals
}

fn redundancy(arrivals: &Arrivals) -> f64 {
    arrivals.redundancy_thousandths() as f64 / 1e3
}

/// What the papers give of an overlay and of the tree on it.
#[derive(Debug)]
struct Figures {
    clustering: f64,
    path: f64,
    flood: (f64, u16),
    tree: (f64, u16),
}

/// Figures of an overlay whose members all joined by one, and of the tree that grows out of one sender's broadcasts.
fn figures(mut network: Network, samples: usize) -> Figures {
    let (count, settings) = (network.alive().len(), network.settings().clone());
    let graph = network.graph();
    assert_eq!(graph.reachable(0).len(), count);
    for peer in network.alive() {
        let member = network.member(peer).unwrap();
        assert!((1..=5).contains(&member.active().len()) && member.passive().len() <= 30);
    }
    // All links are eager before the first broadcast, so it floods the overlay.
    let first = broadcast(&mut network, 7, b"first");
    assert_eq!(first.at.len(), count - 1);
    for number in 0..10_u8 {
        broadcast(&mut network, 7, &[number]);
    }
    let mut tree = (0.0_f64, 0);
    for number in 20..30_u8 {
        let arrivals = broadcast(&mut network, 7, &[number]);
        assert_eq!(arrivals.at.len(), count - 1);
        tree = (tree.0.max(redundancy(&arrivals)), tree.1.max(arrivals.last_hop));
    }
    let figures = Figures {
        clustering: graph.clustering_millionths() as f64 / 1e6,
        path: graph.mean_path_millionths(samples) as f64 / 1e6,
        flood: (redundancy(&first), first.last_hop),
        tree,
    };
    println!("{count} members, unbiased {}: {figures:?}", settings.unbiased);
    figures
}

/// As in the papers' experiments: one joins after the other, then the overlay is left to itself.
fn one_by_one(count: usize) -> Network {
    let settings = Settings { shuffle_us: 600_000_000, ..random() };
    Network::joined_every(500_000, count, &settings, Distances::Even, 1).unwrap()
}

#[test]
fn ten_thousand_have_the_figures_of_the_papers() {
    let found = figures(one_by_one(10_000), 40);
    assert!(found.clustering < 0.003, "{found:?}");
    assert!((6.0..6.8).contains(&found.path), "{found:?}");
    assert!((2.8..3.05).contains(&found.flood.0) && (8..=10).contains(&found.flood.1), "{found:?}");
    assert!(found.tree.0 < 0.02 && (8..=12).contains(&found.tree.1), "{found:?}");
}

#[test]
fn a_thousand_join_by_one_and_hear_every_broadcast_once() {
    // A perfect tree has redundancy 0 and flooding this overlay (5 - 1) - 1 = 3; a tree of degree 4 reaches a thousand
    // in five hops at best.
    let found = figures(one_by_one(COUNT), COUNT);
    assert!(found.clustering < 0.02, "{found:?}");
    assert!((4.5..5.0).contains(&found.path), "{found:?}");
    assert!((2.8..3.05).contains(&found.flood.0) && (6..=8).contains(&found.flood.1), "{found:?}");
    assert!(found.tree.0 < 0.02 && (5..=10).contains(&found.tree.1), "{found:?}");
}

#[test]
fn a_crowd_that_joins_at_once_is_one_piece_too() {
    let found = figures(joined(COUNT, &random(), Distances::Even, 1), COUNT);
    assert!(found.clustering < 0.05 && (4.5..5.5).contains(&found.path), "{found:?}");
    assert!(found.tree.0 < 0.05 && (5..=16).contains(&found.tree.1), "{found:?}");
}

#[test]
fn near_neighbours_cost_hops_but_no_copies() {
    let found = figures(joined(COUNT, &settings(), Distances::Cities, 1), COUNT);
    assert!(found.tree.0 < 0.05 && found.tree.1 <= 40, "{found:?}");
}

#[test]
fn every_broadcast_arrives_although_three_in_ten_fail_at_once() {
    for seed in 2..5 {
        let mut network = joined(COUNT, &settings(), Distances::Cities, seed);
        for number in 0..10_u8 {
            broadcast(&mut network, 1, &[number]);
        }
        assert_eq!(network.fail(COUNT * 3 / 10, 1).len(), 300);
        let alive = network.alive();
        // From the first broadcast after it on: nobody has noticed yet that anybody is gone.
        for number in 100..110_u8 {
            let arrivals = broadcast(&mut network, 1, &[number]);
            assert_eq!(arrivals.at.len(), alive.len() - 1, "broadcast {number}, seed {seed}");
        }
        network.run_for(10 * settings().shuffle_us).unwrap();
        assert_eq!(network.graph().reachable(1), alive);
        let arrivals = broadcast(&mut network, 1, b"healed");
        println!("seed {seed}: redundancy {:.3}, last hop {}", redundancy(&arrivals), arrivals.last_hop);
        assert!(redundancy(&arrivals) < 0.1);
    }
}

#[test]
fn who_lost_all_neighbours_hears_what_was_said_meanwhile() {
    let mut network = joined(100, &settings(), Distances::Even, 6);
    for peer in network.member(50).unwrap().active().clone() {
        network.stop(peer).unwrap();
    }
    let sender = *network.alive().first().unwrap();
    let arrivals = broadcast(&mut network, sender, b"while it is alone");
    assert!(arrivals.at.contains(&50), "it was not told later");
}

#[test]
fn the_overlay_stays_one_piece_when_the_contact_of_all_leaves() {
    let mut network = joined(COUNT, &settings(), Distances::Cities, 3);
    network.stop(0).unwrap();
    assert_eq!(broadcast(&mut network, 999, b"without it").at.len(), COUNT - 2);
    network.run_for(3 * settings().shuffle_us).unwrap();
    assert_eq!(network.graph().reachable(1).len(), COUNT - 1);
}

#[test]
fn a_member_joins_by_any_other() {
    let mut network = Network::new(60, &settings(), Distances::Cities, 8).unwrap();
    for peer in 1..60 {
        // By whoever is there already, another one each time.
        network.tell(peer, Input::Join(if peer % 2 == 0 { peer / 2 } else { peer - 1 }));
        network.run_for(100_000).unwrap();
    }
    network.run_for(3 * settings().shuffle_us).unwrap();
    assert_eq!(network.graph().reachable(59).len(), 60);
    assert_eq!(broadcast(&mut network, 59, b"here").at.len(), 59);
}

#[test]
fn two_halves_that_were_cut_apart_become_one_by_one_join() {
    let mut network = joined(60, &settings(), Distances::Cities, 4);
    network.cut(true);
    for number in 0..60_u8 {
        broadcast(&mut network, 1, &[number]);
    }
    assert_eq!(network.graph().reachable(1).len(), 30, "the cut did not part them");
    network.cut(false);
    // Peers 0 and 3 live in different halves.
    network.tell(0, Input::Join(3));
    network.run_for(10 * settings().shuffle_us).unwrap();
    assert_eq!(network.graph().reachable(1).len(), 60);
    assert_eq!(broadcast(&mut network, 1, b"one again").at.len(), 59);
}

#[test]
fn neighbours_are_near_and_the_overlay_is_still_one() {
    let mut network = joined(COUNT, &random(), Distances::Cities, 5);
    network.run_for(30 * random().shuffle_us).unwrap();
    let anyhow = network.mean_round_trip_us();
    let mut network = joined(COUNT, &settings(), Distances::Cities, 5);
    network.run_for(30 * settings().shuffle_us).unwrap();
    let near = network.mean_round_trip_us();
    println!("mean round trip of links: {near} µs, without the trade {anyhow} µs");
    assert!(near * 10 < anyhow * 6, "{near} {anyhow}");
    assert_eq!(network.graph().reachable(0).len(), COUNT);
    assert_eq!(broadcast(&mut network, 5, b"across").at.len(), COUNT - 1);
}

#[test]
fn the_same_seed_gives_the_same_overlay() {
    let views = |seed| {
        let network = joined(50, &settings(), Distances::Cities, seed);
        let view = |peer| network.member(peer).map(|m| (m.active().clone(), m.passive().clone()));
        (0..50).map(view).collect::<Vec<_>>()
    };
    assert_eq!(views(9), views(9));
    assert_ne!(views(9), views(10));
}

#[test]
fn networks_refuse_what_they_cannot_do() {
    let made = |count| Network::new(count, &settings(), Distances::Even, 1).map(|_| ()).unwrap_err().code();
    assert_eq!((made(0), made(20_001)), ("gossip.members", "gossip.members"));
    let loud = Settings { shuffle_passive: 29, ..settings() };
    assert_eq!(Network::new(2, &loud, Distances::Even, 1).unwrap_err().code(), "gossip.setting");
    let mut network = Network::new(2, &settings(), Distances::Even, 1).unwrap();
    assert_eq!(network.stop(2).unwrap_err().code(), "gossip.no-such-member");
    assert_eq!(network.broadcast(9, b"", 0).unwrap_err().code(), "gossip.no-such-member");
    assert_eq!(network.broadcast(0, &[0; 32_769], 0).unwrap_err().code(), "gossip.payload-too-large");
    assert_eq!(network.run_for(u64::MAX).unwrap_err().code(), "gossip.too-long");
    assert_eq!(network.fail(usize::MAX, 1), vec![0]);
    network.tell(0, Input::Join(1));
    assert_eq!((network.handled(), network.now_us(), network.mean_round_trip_us()), (0, 0, 0));
}
