//! Laws of placement under rules, and balance.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};

use globelet_rendezvous::{settle, RendezvousError, Rules, Site, Sites};
use proptest::prelude::*;
use proptest::sample::Index;

fn sites() -> impl Strategy<Value = Vec<Site>> {
    prop::collection::btree_map(any::<u64>(), (0u64..1_000, 0u32..4, 0u32..4), 1..40).prop_map(|map| {
        map.into_iter().map(|(id, (weight, city, building))| Site { id, weight, city, building }).collect()
    })
}

fn rules() -> impl Strategy<Value = Rules> {
    (1u32..4, prop::option::of(1u32..6)).prop_map(|(per_building, per_city)| Rules { per_building, per_city })
}

fn chosen(sites: &Sites, key: &[u8], count: usize, rules: &Rules) -> Result<Vec<u64>, RendezvousError> {
    let ids = |order: Vec<usize>| order.into_iter().map(|index| sites.sites()[index].id).collect();
    sites.place(key, count, rules).map(ids)
}

fn most<K: Ord>(counted: impl Iterator<Item = K>) -> u32 {
    let mut counts = BTreeMap::new();
    counted.for_each(|k| *counts.entry(k).or_insert(0) += 1);
    counts.into_values().max().unwrap_or(0)
}

/// The largest choice under the rules, by trying: buildings first, then cities.
fn room(sites: &[Site], rules: &Rules) -> usize {
    let mut buildings: BTreeMap<(u32, u32), u32> = BTreeMap::new();
    let mut cities: BTreeMap<u32, u32> = BTreeMap::new();
    for site in sites {
        let here = buildings.entry((site.city, site.building)).or_default();
        *here += 1;
        let city = cities.entry(site.city).or_default();
        if *here <= rules.per_building && *city < rules.per_city.unwrap_or(u32::MAX) {
            *city += 1;
        }
    }
    cities.into_values().sum::<u32>() as usize
}

proptest! {
    #[test]
    fn rules_are_kept_whenever_they_can_be(all in sites(), key: [u8; 8], count in 0usize..20, rules in rules()) {
        let sites = Sites::new(all.clone()).unwrap();
        match sites.place(&key, count, &rules) {
            Ok(chosen) => {
                prop_assert_eq!(chosen.len(), count);
                prop_assert_eq!(chosen.iter().collect::<BTreeSet<_>>().len(), count);
                prop_assert!(most(chosen.iter().map(|&i| (all[i].city, all[i].building))) <= rules.per_building);
                let in_city = most(chosen.iter().map(|&i| all[i].city));
                prop_assert!(in_city <= rules.per_city.unwrap_or(u32::MAX));
                // Without a limit the smallest that will do is kept.
                let least = sites.evenest(count, rules.per_building).unwrap();
                prop_assert!(rules.per_city.is_some() || in_city <= least);
                let tighter = Rules { per_city: Some(least - 1), ..rules };
                prop_assert!(least == 1 || sites.place(&key, count, &tighter).is_err());
            }
            Err(RendezvousError::TooFew { wanted, room: found }) => {
                prop_assert_eq!((wanted, found), (count as u64, room(&all, &rules) as u64));
                prop_assert!(room(&all, &rules) < count);
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
    }

    #[test]
    fn without_rules_in_the_way_it_is_the_plain_order(all in sites(), key: [u8; 8], count in 0usize..20) {
        let sites = Sites::new(all).unwrap();
        let count = count.min(sites.sites().len());
        let rules = Rules { per_building: u32::MAX, per_city: Some(u32::MAX) };
        let placed = sites.place(&key, count, &rules).unwrap();
        prop_assert_eq!(&placed, &sites.top_k(&key, count));
        prop_assert_eq!(&placed, &sites.rank(&key)[..count]);
        prop_assert_eq!(sites.place_many(&[key, key], count, &rules).unwrap(), vec![placed.clone(), placed]);
    }

    #[test]
    fn one_that_leaves_moves_its_own_shard_only(
        all in sites(), key: [u8; 8], count in 1usize..8, leaver: Index,
        per_building in 1u32..4, per_city in 1u32..6,
    ) {
        let rules = Rules { per_building, per_city: Some(per_city) };
        let leaver = leaver.index(all.len());
        let mut fewer = all.clone();
        let gone = fewer.remove(leaver).id;
        let (before, after) = (Sites::new(all).unwrap(), Sites::new(fewer).unwrap());
        let (Ok(before), Ok(after)) = (chosen(&before, &key, count, &rules), chosen(&after, &key, count, &rules)) else {
            return Ok(());
        };
        let settled = settle(&before, &after).unwrap();
        for (slot, id) in before.iter().enumerate() {
            prop_assert_eq!(settled[slot] == *id, *id != gone, "slot {} of {:?}, then {:?}", slot, before, settled);
        }
        prop_assert_eq!(settled.iter().collect::<BTreeSet<_>>(), after.iter().collect::<BTreeSet<_>>());
    }

    #[test]
    fn the_order_of_sites_does_not_matter(all in sites(), key: [u8; 8], count in 1usize..8, rules in rules()) {
        let mut turned = all.clone();
        turned.reverse();
        let (one, other) = (Sites::new(all).unwrap(), Sites::new(turned).unwrap());
        prop_assert_eq!(chosen(&one, &key, count, &rules), chosen(&other, &key, count, &rules));
    }
}

const KEYS: u32 = 40_000;

/// Five standard deviations of a binomial: one of some hundred counts passes it once in ten thousand sets of keys.
fn within_binomial(counted: u32, share: f64, what: &str) {
    let (mean, keys) = (share * f64::from(KEYS), f64::from(KEYS));
    let bound = 5.0 * (keys * share * (1.0 - share)).sqrt();
    assert!((f64::from(counted) - mean).abs() <= bound, "{what}: {counted} of {KEYS}, expected {mean:.0} ± {bound:.0}");
}

#[test]
fn first_choices_are_binomial_by_weight() {
    let site = |id: u64| Site { id, weight: 1 << (id % 12), city: 0, building: id as u32 };
    let sites = Sites::new((0..48).map(site).collect()).unwrap();
    let total: u64 = sites.sites().iter().map(|site| site.weight).sum();
    let mut won = vec![0_u32; 48];
    for key in 0..KEYS {
        won[sites.top_k(&key.to_le_bytes(), 1)[0]] += 1;
    }
    for (site, won) in sites.sites().iter().zip(won) {
        within_binomial(won, site.weight as f64 / total as f64, &format!("weight {}", site.weight));
    }
}

#[test]
fn equal_sites_hold_equal_shares_under_the_rules() {
    // 4 cities of 6 buildings, one site in each: 4 shards go to each city once, and in it to each site alike.
    let site = |id: u64| Site { id, weight: 10, city: (id % 4) as u32, building: (id / 4) as u32 };
    let sites = Sites::new((0..24).map(site).collect()).unwrap();
    let mut held = [0_u32; 24];
    for key in 0..KEYS {
        sites.place(&key.to_le_bytes(), 4, &Rules::default()).unwrap().into_iter().for_each(|index| held[index] += 1);
    }
    held.iter().enumerate().for_each(|(id, held)| within_binomial(*held, 1.0 / 6.0, &format!("site {id}")));
}

#[test]
fn what_moves_when_one_of_twenty_leaves_is_its_share() {
    let all: Vec<Site> = (0..20).map(|id| Site { id, weight: 100, city: id as u32, building: 0 }).collect();
    let (before, after) = (Sites::new(all.clone()).unwrap(), Sites::new(all[1..].to_vec()).unwrap());
    let rules = Rules { per_building: 1, per_city: Some(1) };
    let mut moved = 0;
    for key in 0..KEYS {
        let key = key.to_le_bytes();
        let (old, new) = (chosen(&before, &key, 5, &rules).unwrap(), chosen(&after, &key, 5, &rules).unwrap());
        moved += u32::from(settle(&old, &new).unwrap() != old);
    }
    within_binomial(moved, 5.0 / 20.0, "keys with a shard there");
}
