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
/// Sees each key told ahead on its way, and may change it: virtual time, sender, ciphertext.
type BendAhead = fn(u64, NodeId, &mut LaneCiphertext) -> Fate;

const PLAIN: Bend = |_, _, _| Fate::Arrives;
const TOLD: BendAhead = |_, _, _| Fate::Arrives;

fn two_towns(kem: LaneKem, bend: Bend, ahead: BendAhead) -> Towns {
    let bend = move |towns: &Towns, from, message: &mut Message| match message {
        Message::Parcel(shard) => bend(towns.now, from, shard),
        Message::LaneKey { ciphertext, .. } => ahead(towns.now, from, ciphertext),
        _ => Fate::Arrives,
    };
    Towns::new(2, kem, Rc::new(bend))
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
    (shard.header.chain, entry.key_number, entry.key)
}

/// Pays one way and back in each of four intervals.
fn four_intervals(kem: LaneKem) -> Towns {
    let mut towns = two_towns(kem, PLAIN, TOLD);
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
    for (_, _, shard) in &towns.shards {
        let (source, number, name) = key(shard);
        names.entry((source, number)).or_default().insert(name);
    }
    // Four intervals, and one key more for the settlement that a town made before a vertex told it the time.
    let keys = |town| names.keys().filter(|(source, _)| *source == town).count();
    assert_eq!((keys(HERE), keys(THERE)), (4, 5));
    assert!(names.values().all(|n| n.len() == 1));
    let distinct: BTreeSet<_> = names.values().flatten().collect();
    assert_eq!(distinct.len(), 9);
    // All replicas of a source sent one ciphertext of a key, with a parcel or ahead of it.
    let mut ciphertexts: BTreeMap<(ChainId, u64), BTreeSet<Vec<u8>>> = BTreeMap::new();
    for (source, number, ciphertext) in &towns.keys {
        ciphertexts.entry((*source, *number)).or_default().insert(ciphertext.bytes().to_vec());
    }
    assert!(names.keys().all(|key| ciphertexts.contains_key(key)) && ciphertexts.values().all(|c| c.len() == 1));
    let distinct: BTreeSet<_> = ciphertexts.values().flatten().collect();
    assert_eq!(distinct.len(), ciphertexts.len());
}

#[test]
fn streamlined_ntru_prime_carries_parcels_too() {
    let towns = four_intervals(LaneKem::Sntrup761);
    let lengths: BTreeSet<_> = towns.keys.iter().map(|(_, _, ciphertext)| ciphertext.bytes().len()).collect();
    assert_eq!(lengths, BTreeSet::from([1_039]));
}

#[test]
fn a_ciphertext_goes_with_the_first_parcel_of_an_interval_alone() {
    let mut towns = two_towns(LaneKem::XWing, PLAIN, TOLD);
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
    let mut towns = two_towns(LaneKem::XWing, PLAIN, TOLD);
    for _ in 0..4 {
        towns.pay(HERE, 1);
        towns.run_for(INTERVAL);
    }
    let back: BTreeSet<_> = towns.shards.iter().filter(|s| s.2.header.chain == THERE).map(|s| key(&s.2)).collect();
    assert_eq!(back.len(), 4);
}

#[test]
fn a_wrong_ciphertext_is_reported_and_in_nobodys_way() {
    let bend: Bend = |_, from, shard| {
        if let Some(right) = shard.ciphertext.take() {
            let mut bytes = right.bytes().to_vec();
            bytes[7] ^= u8::from(from == CHEAT);
            shard.ciphertext = LaneCiphertext::new(bytes);
        }
        first(from)
    };
    let mut towns = two_towns(LaneKem::XWing, bend, TOLD);
    towns.pay(HERE, 5);
    towns.run_for(INTERVAL / 2);
    assert_eq!((towns.gained(THERE), towns.repairs(THERE)), (vec![5; 4], 0));
    let what = "sent a lane's ciphertext that the block does not name";
    assert_eq!(towns.reports.len(), 4);
    assert!(towns.reports.iter().all(|r| r.0 .0 >= 7 && r.1 == 1 && r.2 == what), "{:?}", towns.reports);
}

#[test]
fn another_keys_ciphertext_is_not_believed() {
    // From the second parcel on, each of another key, the cheat sends the ciphertext of the first again.
    static FIRST: std::sync::OnceLock<LaneCiphertext> = std::sync::OnceLock::new();
    let bend: Bend = |_, from, shard| {
        if shard.header.chain == HERE && from == CHEAT {
            shard.ciphertext = Some(FIRST.get_or_init(|| shard.ciphertext.clone().unwrap()).clone());
        }
        first(from)
    };
    let mut towns = two_towns(LaneKem::XWing, bend, TOLD);
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
    let bend: Bend = |_, _, shard| {
        shard.ciphertext = shard.ciphertext.take().filter(|_| shard.repair);
        Fate::Arrives
    };
    let mut towns = two_towns(LaneKem::XWing, bend, TOLD);
    towns.pay(HERE, 5);
    towns.run_for(200_000);
    assert_eq!((towns.gained(HERE), towns.gained(THERE)), (vec![-5; 4], vec![0; 4]));
    towns.run_for(INTERVAL);
    assert_eq!(towns.gained(THERE), [5; 4]);
    assert!(towns.repairs(THERE) > 0);
}

#[test]
fn a_parcel_that_overtakes_its_ciphertext_waits_for_it_and_not_for_a_repair() {
    let bend: Bend = |now, _, shard| match shard.ciphertext {
        Some(_) if now < START + INTERVAL && shard.header.chain == HERE => Fate::Late(50_000),
        _ => Fate::Arrives,
    };
    let mut towns = two_towns(LaneKem::XWing, bend, TOLD);
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
    let bend: Bend = |now, _, shard| {
        let cut = now < START + 20 * INTERVAL && shard.header.chain == HERE;
        shard.ciphertext = shard.ciphertext.take().filter(|_| !cut && shard.repair);
        Fate::Arrives
    };
    let ahead: BendAhead = |now, from, _| match now < START + 20 * INTERVAL && from.0 < 7 {
        true => Fate::Lost,
        false => Fate::Arrives,
    };
    let mut towns = two_towns(LaneKem::XWing, bend, ahead);
    for _ in 0..20 {
        towns.pay(HERE, 1);
        towns.run_for(INTERVAL);
    }
    assert_eq!((towns.gained(HERE), towns.gained(THERE)), (vec![-20; 4], vec![0; 4]));
    towns.run_for(3 * INTERVAL);
    assert_eq!(towns.gained(THERE), [20; 4]);
}

/// Pays in two intervals, with what becomes of the keys told ahead: the parcels that brought a ciphertext.
fn two_intervals(ahead: BendAhead) -> (Towns, BTreeSet<u64>) {
    let mut towns = two_towns(LaneKem::XWing, PLAIN, ahead);
    for _ in 0..2 {
        towns.pay(HERE, 1);
        towns.run_for(3 * INTERVAL);
    }
    assert_eq!(towns.gained(THERE), [2; 4]);
    let here = towns.shards.iter().filter(|s| s.2.header.chain == HERE && s.2.ciphertext.is_some() && !s.2.repair);
    let brought = here.map(|s| s.2.header.lanes[usize::from(s.2.lane)].number).collect();
    (towns, brought)
}

#[test]
fn the_second_intervals_key_is_told_ahead() {
    let (towns, brought) = two_intervals(TOLD);
    assert_eq!((brought, towns.repairs(THERE)), (BTreeSet::from([1]), 0));
    assert_eq!(towns.reports, []);
}

#[test]
fn one_replica_that_tells_the_right_key_is_enough() {
    let (towns, brought) = two_intervals(|_, from, ciphertext| {
        let mut bytes = ciphertext.bytes().to_vec();
        bytes[7] ^= u8::from(from == CHEAT);
        *ciphertext = LaneCiphertext::new(bytes).unwrap();
        match from.0 {
            1 => Fate::Arrives,
            2 => Fate::Late(50_000),
            _ => Fate::Lost,
        }
    });
    assert_eq!((brought, towns.repairs(THERE)), (BTreeSet::from([1]), 0));
}

#[test]
fn a_key_whose_telling_is_lost_is_asked_for() {
    let (towns, brought) = two_intervals(|_, _, _| Fate::Lost);
    assert_eq!(brought, BTreeSet::from([1]));
    assert_eq!(towns.repairs(THERE), 4);
}

#[test]
fn a_parcel_that_overtakes_its_key_told_ahead_waits_for_it() {
    // Told after half an interval, the keys arrive a tenth after the next parcel, before anybody asks.
    let mut towns = two_towns(LaneKem::XWing, PLAIN, |_, _, _| Fate::Late(26 * INTERVAL / 10));
    towns.pay(HERE, 1);
    towns.run_for(3 * INTERVAL);
    towns.pay(HERE, 1);
    towns.run_for(INTERVAL / 20);
    assert_eq!(towns.gained(THERE), [1; 4]);
    towns.run_for(INTERVAL / 10);
    assert_eq!((towns.gained(THERE), towns.repairs(THERE)), (vec![2; 4], 0));
}
