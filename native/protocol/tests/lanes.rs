//! Keys of lanes between two municipalities: fresh in each interval, agreed on without a word, and in nobody's way.
#![allow(clippy::unwrap_used, missing_docs)]
mod towns;

use globelet_protocol::lane::LaneCiphertext;
use globelet_protocol::message::ParcelShard;
use globelet_protocol::Message;
use globelet_types::world::LaneKem;
use globelet_types::{ChainId, Hash, NodeId};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use towns::{Fate, Towns, CHEAT, HERE, INTERVAL, START, THERE};

/// Sees each parcel's shard on its way, and may change it: virtual time, sender, shard.
type Bend = fn(u64, NodeId, &mut ParcelShard) -> Fate;

const PLAIN: Bend = |_, _, _| Fate::Arrives;

fn two_towns(kem: LaneKem, bend: Bend) -> Towns {
    let parcels = move |towns: &Towns, from, message: &mut Message| match message {
        Message::Parcel(shard) => bend(towns.now, from, shard),
        _ => Fate::Arrives,
    };
    Towns::new(2, kem, Rc::new(parcels))
}

/// The cheat's shards come before all others: later ones are not looked at.
fn first(from: NodeId) -> Fate {
    match from == CHEAT {
        true => Fate::Arrives,
        false => Fate::Late(2_000),
    }
}

fn key(shard: &ParcelShard) -> (ChainId, u64, Hash) {
    let entry = &shard.header.lanes[usize::from(shard.lane)];
    (shard.header.chain, entry.interval, entry.key)
}

/// Pays one way and back in each of four intervals.
fn four_intervals(kem: LaneKem) -> Towns {
    let mut towns = two_towns(kem, PLAIN);
    for _ in 0..4 {
        towns.pay(HERE, 5);
        towns.pay(THERE, 2);
        towns.run_for(INTERVAL);
    }
    towns.run_for(2 * INTERVAL);
    assert_eq!((towns.gained(HERE), towns.gained(THERE)), (vec![-12; 4], vec![12; 4]));
    assert_eq!(towns.reports, []);
    towns
}

#[test]
fn keys_differ_from_interval_to_interval_and_lane_to_lane() {
    let towns = four_intervals(LaneKem::XWing);
    let mut names: BTreeMap<(ChainId, u64), BTreeSet<Hash>> = BTreeMap::new();
    let mut ciphertexts: BTreeMap<Hash, BTreeSet<Vec<u8>>> = BTreeMap::new();
    for (_, _, shard) in &towns.shards {
        let (source, interval, name) = key(shard);
        names.entry((source, interval)).or_default().insert(name);
        let sent = shard.ciphertext.iter().map(|c| c.bytes().to_vec());
        ciphertexts.entry(name).or_default().extend(sent);
    }
    // Each of both lanes had parcels in four intervals: one key each, and all source replicas sent one ciphertext of it.
    assert_eq!(names.len(), 8);
    assert!(names.values().all(|n| n.len() == 1) && ciphertexts.values().all(|c| c.len() == 1));
    let distinct: BTreeSet<_> = ciphertexts.values().flatten().collect();
    assert_eq!((ciphertexts.len(), distinct.len()), (8, 8));
}

#[test]
fn streamlined_ntru_prime_carries_parcels_too() {
    let towns = four_intervals(LaneKem::Sntrup761);
    let lengths: BTreeSet<_> =
        towns.shards.iter().filter_map(|s| Some(s.2.ciphertext.as_ref()?.bytes().len())).collect();
    assert_eq!(lengths, BTreeSet::from([1_039]));
}

#[test]
fn a_ciphertext_goes_with_the_first_parcel_of_an_interval_alone() {
    let mut towns = two_towns(LaneKem::XWing, PLAIN);
    for _ in 0..10 {
        towns.pay(HERE, 1);
        towns.run_for(INTERVAL / 20);
    }
    towns.run_for(INTERVAL);
    let there: Vec<_> = towns.shards.iter().filter(|s| s.2.header.chain == HERE).collect();
    let parcels: BTreeSet<_> = there.iter().map(|s| s.2.header.height).collect();
    let intervals: BTreeSet<_> = there.iter().map(|s| key(&s.2)).collect();
    // Half an interval: at most one change of keys lies within.
    assert_eq!(parcels.len(), 10);
    assert!(intervals.len() <= 2);
    // Four replicas of the source to four of the destination.
    let with_one = there.iter().filter(|s| s.2.ciphertext.is_some()).count();
    assert_eq!((there.len(), with_one), (160, 16 * intervals.len()));
}

#[test]
fn a_municipality_that_only_receives_seals_its_settlements_with_fresh_keys_too() {
    let mut towns = two_towns(LaneKem::XWing, PLAIN);
    for _ in 0..4 {
        towns.pay(HERE, 1);
        towns.run_for(INTERVAL);
    }
    let back: BTreeSet<_> = towns.shards.iter().filter(|s| s.2.header.chain == THERE).map(|s| key(&s.2)).collect();
    assert_eq!(back.len(), 4);
}

#[test]
fn a_wrong_ciphertext_is_reported_and_in_nobodys_way() {
    let mut towns = two_towns(LaneKem::XWing, |_, from, shard| {
        if let Some(right) = shard.ciphertext.take() {
            let mut bytes = right.bytes().to_vec();
            bytes[7] ^= u8::from(from == CHEAT);
            shard.ciphertext = LaneCiphertext::new(bytes);
        }
        first(from)
    });
    towns.pay(HERE, 5);
    towns.run_for(INTERVAL / 2);
    assert_eq!((towns.gained(THERE), towns.repairs(THERE)), (vec![5; 4], 0));
    let what = "sent a lane's ciphertext that the block does not name";
    assert_eq!(towns.reports.len(), 4);
    assert!(towns.reports.iter().all(|r| r.0 .0 >= 7 && r.1 == 1 && r.2 == what), "{:?}", towns.reports);
}

#[test]
fn another_intervals_ciphertext_is_not_believed() {
    // From the second interval on, the cheat sends the ciphertext of the first again.
    static FIRST: std::sync::OnceLock<LaneCiphertext> = std::sync::OnceLock::new();
    let mut towns = two_towns(LaneKem::XWing, |_, from, shard| {
        let own = shard.ciphertext.is_some() && shard.header.chain == HERE && from == CHEAT;
        if own {
            let old = FIRST.get_or_init(|| shard.ciphertext.clone().unwrap()).clone();
            shard.ciphertext = Some(old);
        }
        first(from)
    });
    for paid in 1..=3 {
        towns.pay(HERE, 1);
        towns.run_for(INTERVAL);
        assert_eq!(towns.gained(THERE), [paid; 4]);
    }
    assert_eq!(towns.reports.len(), 8);
}

#[test]
fn a_destination_that_lacks_the_ciphertext_asks_for_it() {
    // All four are lost: only what is asked for arrives with one.
    let mut towns = two_towns(LaneKem::XWing, |_, _, shard| {
        shard.ciphertext = shard.ciphertext.take().filter(|_| shard.repair);
        Fate::Arrives
    });
    towns.pay(HERE, 5);
    towns.run_for(200_000);
    assert_eq!((towns.gained(HERE), towns.gained(THERE)), (vec![-5; 4], vec![0; 4]));
    towns.run_for(INTERVAL);
    assert_eq!(towns.gained(THERE), [5; 4]);
    assert!(towns.repairs(THERE) > 0);
}

#[test]
fn a_parcel_that_overtakes_its_ciphertext_waits_for_it_and_not_for_a_repair() {
    let mut towns = two_towns(LaneKem::XWing, |now, _, shard| match shard.ciphertext {
        Some(_) if now < START + INTERVAL && shard.header.chain == HERE => Fate::Late(50_000),
        _ => Fate::Arrives,
    });
    for _ in 0..3 {
        towns.pay(HERE, 1);
        towns.run_for(10_000);
    }
    assert_eq!(towns.gained(THERE), [0; 4]);
    // The shards' own delay is over before anybody asks.
    towns.run_for(100_000);
    assert_eq!((towns.gained(THERE), towns.repairs(THERE)), (vec![3; 4], 0));
}

#[test]
fn what_is_asked_for_long_after_comes_with_its_key() {
    // For twenty seconds no ciphertext arrives: more keys than either side keeps.
    let mut towns = two_towns(LaneKem::XWing, |now, _, shard| {
        let cut = now < START + 20 * INTERVAL && shard.header.chain == HERE;
        shard.ciphertext = shard.ciphertext.take().filter(|_| !cut && shard.repair);
        Fate::Arrives
    });
    for _ in 0..20 {
        towns.pay(HERE, 1);
        towns.run_for(INTERVAL);
    }
    assert_eq!((towns.gained(HERE), towns.gained(THERE)), (vec![-20; 4], vec![0; 4]));
    towns.run_for(3 * INTERVAL);
    assert_eq!(towns.gained(THERE), [20; 4]);
}
