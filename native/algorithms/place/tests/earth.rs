//! Real outlines, cities and round trips, and laws of the geometry.
#![allow(clippy::unwrap_used, missing_docs)]

use globelet_place::{
    distance_km, inside, outlines_from_geojson, plausible, weight, Atlas, EventArea, Outline, PlaceError,
};
use proptest::prelude::*;

const OUTLINES: &str = include_str!("../../../../data/municipalities.geojson");
const CITIES: &str = include_str!("../../../../data/cities.csv");
const TRIPS: &str = include_str!("../../../../data/rtt.csv");

/// Municipality, city, latitude, longitude.
fn cities() -> Vec<(&'static str, &'static str, f64, f64)> {
    let rows = CITIES.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    rows.map(|r| (r[0], r[1], r[2].parse().unwrap(), r[3].parse().unwrap())).collect()
}

#[test]
fn every_city_lies_in_its_municipality() {
    let atlas = Atlas::new(outlines_from_geojson(OUTLINES).unwrap());
    assert_eq!(atlas.outlines().len(), 15);
    let found = cities().into_iter().map(|c| (c.0, c.1, atlas.locate(c.2, c.3)));
    let astray: Vec<_> = found.filter(|(home, _, found)| *found != Some(*home)).collect();
    assert!(cities().len() > 100);
    assert_eq!(astray, EXCEPTIONS);
}

/// Cities on the water whose centre the simplified outline leaves out; they lie in no other either.
const EXCEPTIONS: [(&str, &str, Option<&str>); 2] = [("singapore", "Punggol", None), ("virginia", "Alexandria", None)];

#[test]
fn the_open_sea_and_nonsense_are_nowhere() {
    let atlas = Atlas::new(outlines_from_geojson(OUTLINES).unwrap());
    for (lat, lon) in [(0.0, 0.0), (35.0, -40.0), (f64::NAN, 2.0), (48.85, f64::INFINITY), (91.0, 0.0)] {
        assert_eq!(atlas.locate(lat, lon), None);
    }
    assert_eq!(Atlas::new(vec![]).locate(48.85, 2.35), None);
}

#[test]
fn measured_round_trips_are_plausible_and_impossible_ones_are_not() {
    assert!(distance_km((35.6895, 139.69171), (48.85341, 2.3488)) > 9_700.0);
    assert!(distance_km((35.6895, 139.69171), (48.85341, 2.3488)) < 9_720.0);
    assert!((distance_km((0.0, 0.0), (0.0, 180.0)) - 20_015.1).abs() < 0.1);
    let trip = TRIPS.lines().find(|l| l.starts_with("ap-northeast-1") && l.contains("Paris")).unwrap();
    let ms: f64 = trip.split(',').nth(4).unwrap().parse().unwrap();
    assert!(plausible(9_710.0, (ms * 1_000.0) as u64));
    assert!(!plausible(9_710.0, 97_000));
    assert!(plausible(100.0, 1_000) && !plausible(100.1, 1_000));
    assert!(!plausible(f64::NAN, 1_000) && !plausible(-1.0, 1_000));
}

fn square(from: f64, to: f64) -> Vec<(f64, f64)> {
    vec![(from, from), (to, from), (to, to), (from, to)]
}

#[test]
fn a_bonus_applies_inside_and_in_time_only() {
    let area = |ring, multiplier_per_mille| EventArea { ring, from_us: 100, until_us: 200, multiplier_per_mille };
    let areas = [area(square(0.0, 10.0), 1_500), area(square(5.0, 6.0), 3_000), area(square(20.0, 21.0), 0)];
    let at = |lat, lon, now| weight(&areas, lat, lon, now);
    assert_eq!(
        (at(1.0, 1.0, 100), at(1.0, 1.0, 99), at(1.0, 1.0, 199), at(1.0, 1.0, 200)),
        (1_500, 1_000, 1_500, 1_000)
    );
    assert_eq!((at(5.5, 5.5, 150), at(20.5, 20.5, 150), at(15.0, 15.0, 150)), (3_000, 0, 1_000));
    let back: EventArea = borsh::from_slice(&borsh::to_vec(&areas[0]).unwrap()).unwrap();
    assert_eq!(back, areas[0]);
}

#[test]
fn broken_collections_are_refused_with_the_reason() {
    let feature = |id: &str, x: &str| {
        format!(
            r#"{{"type":"FeatureCollection","features":[{{"type":"Feature",{id}"properties":{{}},"geometry":{{"type":"Polygon","coordinates":[[[{x}]]]}}}}]}}"#
        )
    };
    assert!(matches!(outlines_from_geojson("{}"), Err(PlaceError::Format(_))));
    assert!(matches!(outlines_from_geojson(&feature("", "1,2")), Err(PlaceError::Nameless { index: 0 })));
    let named = |x| outlines_from_geojson(&feature(r#""id":"a","#, x));
    assert!(matches!(named("35.6,139.7"), Err(PlaceError::OffGlobe { .. })));
    assert!(matches!(named("1"), Err(PlaceError::OffGlobe { .. })));
    assert_eq!(named("1,2,300").unwrap()[0].rings, [[(1.0, 2.0)]]);
}

proptest! {
    #[test]
    fn a_square_with_a_hole_holds_what_it_should(lon in -2.0f64..12.0, lat in -2.0f64..12.0) {
        let rings = [square(0.0, 10.0), square(3.0, 7.0)];
        let within = |from: f64, to: f64| (from..to).contains(&lon) && (from..to).contains(&lat);
        prop_assert_eq!(inside(&rings, lon, lat), within(0.0, 10.0) && !within(3.0, 7.0));
    }

    /// Neighbours that share an edge share no point and leave no gap, on the edge too.
    #[test]
    fn a_cut_square_is_covered_once(cut in 1u8..10, lon in 0u8..10, lat in 0u8..10) {
        let (cut, lon, lat) = (f64::from(cut), f64::from(lon), f64::from(lat));
        let west = [vec![(0.0, 0.0), (cut, 0.0), (10.0 - cut, 10.0), (0.0, 10.0)]];
        let east = [vec![(cut, 0.0), (10.0, 0.0), (10.0, 10.0), (10.0 - cut, 10.0)]];
        prop_assert!(inside(&west, lon, lat) != inside(&east, lon, lat));
    }

    #[test]
    fn the_index_finds_what_a_search_through_all_finds(boxes in prop::collection::vec((0u8..50, 1u8..20), 0..20), lon in 0.0f64..70.0, lat in 0.0f64..70.0) {
        let outline = |(i, (at, size)): (usize, &(u8, u8))| Outline {
            name: i.to_string(),
            rings: vec![square(f64::from(*at), f64::from(at + size))],
        };
        let outlines: Vec<Outline> = boxes.iter().enumerate().map(outline).collect();
        let first = outlines.iter().find(|o| inside(&o.rings, lon, lat)).map(|o| o.name.clone());
        prop_assert_eq!(Atlas::new(outlines).locate(lat, lon).map(str::to_owned), first);
    }
}
