//! Real outlines, cities and round trips.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};

use globelet_place::{distance_m, outlines_from_geojson, plausible, refute, refute_area, Atlas, Point, Trip};

const MUNICIPALITIES: &[u8] = include_bytes!("../../../../data/municipalities.geojson");
const ADMIN_1: &[u8] = include_bytes!("../../../../data/admin-1.outlines");
const HOME_CITIES: &str = include_str!("../../../../data/cities.csv");
const TRIPS: &str = include_str!("../../../../data/rtt.csv");
const CITIES: &str = include_str!("data/cities.csv");
const REGIONS: &str = include_str!("data/regions.csv");
const EXCEPTIONS: &str = include_str!("data/exceptions.csv");

fn at(lat: &str, lon: &str) -> Point {
    Point::from_degrees(lon.parse().unwrap(), lat.parse().unwrap()).unwrap()
}

fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().skip(1).map(|line| line.split(',').collect())
}

fn found(atlas: &Atlas, point: Point) -> Option<&str> {
    atlas.find(point).map(|number| atlas.outlines()[number].id.as_str())
}

fn municipalities() -> Atlas {
    Atlas::new(outlines_from_geojson(MUNICIPALITIES).unwrap()).unwrap()
}

#[test]
fn every_city_lies_in_its_municipality() {
    let atlas = municipalities();
    assert_eq!(atlas.outlines().len(), 15);
    // On the water, where the simplified outline leaves their centre out; they lie in no other either.
    let exceptions = [("singapore", "Punggol", None), ("virginia", "Alexandria", None)];
    let homes: Vec<_> = rows(HOME_CITIES).map(|r| (r[0], r[1], found(&atlas, at(r[2], r[3])))).collect();
    assert!(homes.len() > 100);
    let astray: Vec<_> = homes.into_iter().filter(|(home, _, found)| *found != Some(*home)).collect();
    assert_eq!(astray, exceptions);
}

/// GeoNames says which region a city is in, Natural Earth where regions lie; `regions.csv` says which of the one stand for
/// which of the other. A city that falls elsewhere is in `exceptions.csv` with what was found, and with a reason.
#[test]
fn every_city_of_the_earth_falls_where_it_belongs_or_is_listed() {
    let atlas = Atlas::from_bytes(ADMIN_1).unwrap();
    assert!(atlas.outlines().len() > 4_000);
    let mut regions: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for row in rows(REGIONS) {
        assert!(atlas.outline(row[2]).is_ok());
        regions.entry((row[0], row[1])).or_default().insert(row[2]);
    }
    let (mut count, mut astray) = (0, Vec::new());
    for row in rows(CITIES) {
        count += 1;
        let fell = found(&atlas, at(row[1], row[2]));
        let home = regions.get(&(row[3], row[4]));
        if !fell.is_some_and(|id| home.is_some_and(|ids| ids.contains(id))) {
            astray.push((row[0], fell.unwrap_or_default()));
        }
    }
    // A city's name may be quoted; what comes after it is not.
    let listed: Vec<_> = rows(EXCEPTIONS).map(|row| (row[0], row[row.len() - 2], row[row.len() - 1])).collect();
    assert!(listed.iter().all(|(_, _, reason)| reason.contains(": ")));
    assert_eq!(astray, listed.iter().map(|(id, fell, _)| (*id, *fell)).collect::<Vec<_>>());
    assert!(count > 34_000 && astray.len() * 25 < count, "{} of {count}", astray.len());
}

/// Oceans, and the four ways of saying the south pole.
#[test]
fn the_open_sea_is_nowhere_and_the_pole_is_one_place() {
    let atlas = Atlas::from_bytes(ADMIN_1).unwrap();
    for (lat, lon) in [("0", "0"), ("35", "-40"), ("-30", "90"), ("0", "180"), ("90", "0")] {
        assert_eq!(found(&atlas, at(lat, lon)), None);
    }
    for lon in ["0", "-180", "180", "77.7"] {
        assert_eq!(found(&atlas, at("-90", lon)), Some("ata/antarctica"));
    }
    // Taveuni lies on the 180th meridian.
    assert_eq!(found(&atlas, at("-16.85", "180")), found(&atlas, at("-16.85", "-180")));
    assert_eq!(found(&atlas, at("-16.9", "179.95")).map(|id| &id[..4]), Some("fji/"));
    assert_eq!(found(&atlas, at("67", "-179")).map(|id| &id[..4]), Some("rus/"));
    assert_eq!(found(&atlas, at("67", "179")).map(|id| &id[..4]), Some("rus/"));
}

#[test]
fn the_index_finds_what_a_search_through_all_finds() {
    let atlas = Atlas::from_bytes(ADMIN_1).unwrap();
    for row in rows(CITIES).step_by(200) {
        let point = at(row[1], row[2]);
        let all: Vec<_> = (0..atlas.outlines().len()).filter(|n| atlas.outlines()[*n].area.holds(point)).collect();
        assert_eq!(atlas.find_all(point), all);
        assert_eq!(atlas.find(point), all.first().copied());
    }
}

#[test]
fn the_data_sets_bytes_are_their_only_encoding() {
    assert_eq!(Atlas::from_bytes(ADMIN_1).unwrap().to_bytes(), ADMIN_1);
    let atlas = municipalities();
    assert_eq!(Atlas::from_bytes(&atlas.to_bytes()).unwrap(), atlas);
}

fn paris() -> Point {
    at("48.85341", "2.3488")
}

fn tokyo() -> Point {
    at("35.6895", "139.69171")
}

#[test]
fn measured_round_trips_are_plausible_and_impossible_ones_are_refuted() {
    assert_eq!(distance_m(tokyo(), paris()), 9_712_518);
    assert_eq!(distance_m(at("0", "0"), at("0", "180")), 20_015_114);
    let trip = TRIPS.lines().find(|l| l.starts_with("ap-northeast-1") && l.contains("Paris")).unwrap();
    let rtt_us = (trip.split(',').nth(4).unwrap().parse::<f64>().unwrap() * 1_000.0) as u64;
    assert!(plausible(9_712_518, rtt_us) && !plausible(9_712_518, 97_000));
    assert!(plausible(100_000, 1_000) && !plausible(100_001, 1_000));
    let seen = |witness, rtt_us| Trip { witness, rtt_us };
    assert_eq!(refute(tokyo(), &[seen(paris(), rtt_us), seen(tokyo(), 300)]), []);
    // Who is in Paris and says Tokyo: Paris hears from it within 2 ms, London within 5.
    let london = at("51.50853", "-0.12574");
    let found = refute(tokyo(), &[seen(london, 5_000), seen(tokyo(), 220_000), seen(paris(), 2_000)]);
    assert_eq!(found.iter().map(|r| r.trip).collect::<Vec<_>>(), [2, 0]);
    assert!(found.iter().all(|r| r.least_m > r.reach_m));
}

#[test]
fn a_claim_to_be_in_an_area_is_refuted_by_its_nearest_point() {
    let atlas = municipalities();
    let area = &atlas.outline("tokyo").unwrap().area;
    let seen = |witness, rtt_us| [Trip { witness, rtt_us }];
    assert_eq!(refute_area(area, &seen(tokyo(), 0)), []);
    let [found] = refute_area(area, &seen(paris(), 90_000))[..] else { panic!("Paris is not within 90 ms") };
    assert_eq!(found.reach_m, 9_000_000);
    // Below the way to the city itself, and not by much: the prefecture begins west of it.
    assert!((9_550_000..9_712_518).contains(&found.least_m), "{}", found.least_m);
    assert_eq!(refute_area(area, &seen(paris(), 97_000)), []);
}
