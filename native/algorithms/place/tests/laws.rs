//! Laws of the geometry.
#![allow(clippy::unwrap_used, missing_docs)]

use globelet_place::{
    distance_m, least_distance_m, least_distance_to_area_m, Area, Atlas, Calendar, EventArea, Outline, PlaceError,
    Point, UNITS,
};
use proptest::prelude::*;

fn at(lon: f64, lat: f64) -> Point {
    Point::from_degrees(lon, lat).unwrap()
}

fn ring(corners: &[(f64, f64)]) -> Vec<Point> {
    corners.iter().map(|(lon, lat)| at(*lon, *lat)).collect()
}

fn area(rings: &[&[(f64, f64)]]) -> Area {
    Area::new(&rings.iter().map(|corners| ring(corners)).collect::<Vec<_>>()).unwrap()
}

fn box_of(west: f64, south: f64, east: f64, north: f64) -> Vec<(f64, f64)> {
    vec![(west, south), (east, south), (east, north), (west, north)]
}

fn position() -> impl Strategy<Value = Point> {
    // Corners and borders come up as often as anything else.
    let lon = prop_oneof![-180.0..=180.0_f64, (-18..=18_i32).prop_map(|n| f64::from(n) * 10.0)];
    let lat = prop_oneof![-90.0..=90.0_f64, (-9..=9_i32).prop_map(|n| f64::from(n) * 10.0)];
    (lon, lat).prop_map(|(lon, lat)| at(lon, lat))
}

#[test]
fn a_ring_over_the_180th_meridian_may_be_cut_there_or_not() {
    let uncut = area(&[&box_of(170.0, -10.0, -170.0, 10.0)]);
    let cut = area(&[&box_of(170.0, -10.0, 180.0, 10.0), &box_of(-180.0, -10.0, -170.0, 10.0)]);
    for (lon, inside) in [(169.9, false), (170.0, true), (180.0, true), (-180.0, true), (-170.0, false), (0.0, false)] {
        assert_eq!((uncut.holds(at(lon, 0.0)), cut.holds(at(lon, 0.0))), (inside, inside), "{lon}");
    }
}

#[test]
fn a_ring_round_a_pole_holds_it_however_it_turns() {
    let mut arctic: Vec<(f64, f64)> = (-17..=18).map(|n| (f64::from(n) * 10.0, 66.5)).collect();
    let antarctic: Vec<(f64, f64)> = arctic.iter().map(|(lon, lat)| (*lon, -lat)).collect();
    for _ in 0..2 {
        let north = area(&[&arctic]);
        assert!(north.holds(at(12.3, 90.0)) && north.holds(at(-180.0, 70.0)) && north.holds(at(180.0, 66.5)));
        assert!(!north.holds(at(0.0, 66.4)) && !north.holds(at(0.0, -90.0)));
        arctic.reverse();
    }
    let south = area(&[&antarctic]);
    assert!(south.holds(at(12.3, -90.0)) && !south.holds(at(0.0, -66.4)) && !south.holds(at(0.0, 90.0)));
    // A hole round the pole leaves a belt.
    let belt = area(&[&arctic, &arctic.iter().map(|(lon, lat)| (*lon, lat + 10.0)).collect::<Vec<_>>()]);
    assert!(belt.holds(at(5.0, 70.0)) && !belt.holds(at(5.0, 80.0)) && !belt.holds(at(5.0, 90.0)));
}

#[test]
fn the_whole_globe_is_one_box() {
    let globe = area(&[&box_of(-180.0, -90.0, 180.0, 90.0)]);
    for (lon, lat) in [(0.0, 0.0), (180.0, 90.0), (-180.0, -90.0), (179.999, 89.999), (-77.0, 90.0), (5.0, -90.0)] {
        assert!(globe.holds(at(lon, lat)), "{lon} {lat}");
    }
}

#[test]
fn rings_that_enclose_nothing_are_refused() {
    let refused = |corners: &[(f64, f64)]| Area::new(&[ring(corners)]).unwrap_err().code();
    assert_eq!(refused(&[]), "place.ring");
    assert_eq!(refused(&[(1.0, 2.0), (1.0, 2.0), (3.0, 4.0), (1.0, 2.0)]), "place.ring");
    let spiral: Vec<_> = (0..40).map(|n| (f64::from((n * 100 + 180) % 360 - 180), f64::from(n))).collect();
    assert_eq!(refused(&spiral), "place.winding");
    assert!(!Area::new(&[]).unwrap().holds(at(0.0, 0.0)));
    assert_eq!(Point::from_degrees(181.0, 0.0).unwrap_err().code(), "place.off-globe");
    assert_eq!(Point::from_degrees(f64::NAN, 0.0).unwrap_err().code(), "place.off-globe");
    assert_eq!(Point::from_units(0, 90 * UNITS + 1).unwrap_err().code(), "place.off-globe");
    assert_eq!(Point::from_units(i64::MIN, i64::MAX).unwrap_err().code(), "place.off-globe");
}

#[test]
fn two_outlines_of_one_id_are_refused() {
    let one = |id: &str| Outline { id: id.into(), name: String::new(), area: area(&[]) };
    assert_eq!(Atlas::new(vec![one("a"), one("a")]).unwrap_err(), PlaceError::Doubled { id: "a".into() });
    assert_eq!(Atlas::new(vec![one("a")]).unwrap().outline("b").unwrap_err().code(), "place.no-such-place");
}

#[test]
fn a_bonus_applies_inside_and_in_time_only() {
    let event = |shape: Vec<(f64, f64)>, per_mille| EventArea::new(area(&[&shape]), 100, 200, per_mille).unwrap();
    let square = |from, to| box_of(from, from, to, to);
    let calendar = Calendar::new(vec![
        event(square(0.0, 10.0), 1_500),
        event(square(5.0, 6.0), 3_000),
        event(square(20.0, 21.0), 0),
    ]);
    let at = |lon, lat, now| calendar.per_mille(at(lon, lat), now);
    let times = [100, 99, 199, 200].map(|now| at(1.0, 1.0, now));
    assert_eq!(times, [1_500, 1_000, 1_500, 1_000]);
    assert_eq!((at(5.5, 5.5, 150), at(20.5, 20.5, 150), at(15.0, 15.0, 150)), (3_000, 0, 1_000));
    let refused = |from, until, per_mille| EventArea::new(area(&[]), from, until, per_mille).unwrap_err().code();
    assert_eq!((refused(2, 2, 0), refused(1, 2, 1_000_001)), ("place.window", "place.multiplier"));
}

proptest! {
    /// A tiling covers each point of the globe exactly once: corners, borders, meridian and poles too.
    #[test]
    fn tiles_cover_the_globe_once(point in position(), columns in 2..8_u8, rows in 1..5_u8, lean in -20..20_i8) {
        let (columns, rows, lean) = (f64::from(columns), f64::from(rows), f64::from(lean));
        let lon = |column: f64, row: f64| -180.0 + column * 360.0 / columns + lean * row;
        let lat = |row: f64| -90.0 + row * 180.0 / rows;
        // Leaning columns run over the meridian: an edge's ends are named between -180 and 180.
        let named = |lon: f64| if lon >= 180.0 { lon - 360.0 } else if lon < -180.0 { lon + 360.0 } else { lon };
        let mut holding = 0;
        for row in 0..rows as u8 {
            let (low, high) = (f64::from(row), f64::from(row) + 1.0);
            for column in 0..columns as u8 {
                let (west, east) = (f64::from(column), f64::from(column) + 1.0);
                // Edges of less than half a turn, so that the shorter way is the meant one.
                let part = |n: u8| f64::from(n) / 3.0;
                let south = (0..4).map(|n| (named(lon(west + part(n), low)), lat(low)));
                let north = (0..4).map(|n| (named(lon(east - part(n), high)), lat(high)));
                holding += u32::from(area(&[&south.chain(north).collect::<Vec<_>>()]).holds(point));
            }
        }
        prop_assert_eq!(holding, 1);
    }

    #[test]
    fn a_square_with_a_hole_holds_what_it_should(lon in -2.0f64..12.0, lat in -2.0f64..12.0) {
        let shape = area(&[&box_of(0.0, 0.0, 10.0, 10.0), &box_of(3.0, 3.0, 7.0, 7.0), &box_of(4.0, 4.0, 5.0, 5.0)]);
        let point = at(lon, lat);
        let within = |from: i64, to: i64| {
            let span = from * UNITS..to * UNITS;
            span.contains(&point.lon()) && span.contains(&point.lat())
        };
        prop_assert_eq!(shape.holds(point), within(0, 10) && !within(3, 7) || within(4, 5));
    }

    /// Where a ring begins and which way it turns changes nothing.
    #[test]
    fn turning_a_ring_changes_nothing(corners in prop::collection::vec(position(), 3..40), start in 0..40_usize, points in prop::collection::vec(position(), 20)) {
        let Ok(shape) = Area::new(std::slice::from_ref(&corners)) else { return Ok(()) };
        let mut turned = corners.clone();
        turned.rotate_left(start % corners.len());
        turned.reverse();
        let Ok(other) = Area::new(&[turned]) else { return Ok(()) };
        for point in points {
            prop_assert_eq!(shape.holds(point), other.holds(point));
        }
    }

    #[test]
    fn the_index_finds_what_a_search_through_all_finds(boxes in prop::collection::vec((-18..18_i32, -9..9_i32, 1..6_i32), 0..20), points in prop::collection::vec(position(), 10)) {
        let outline = |(i, (x, y, size)): (usize, &(i32, i32, i32))| {
            let corner = |n: i32, most: i32| f64::from((n * 10).min(most));
            let shape = box_of(corner(*x, 180), corner(*y, 90), corner(x + size, 180), corner(y + size, 90));
            Outline { id: i.to_string(), name: i.to_string(), area: area(&[&shape]) }
        };
        let atlas = Atlas::new(boxes.iter().enumerate().map(outline).collect()).unwrap();
        for point in points {
            let all: Vec<_> = (0..boxes.len()).filter(|n| atlas.outlines()[*n].area.holds(point)).collect();
            prop_assert_eq!(atlas.find(point), all.first().copied());
            prop_assert_eq!(atlas.find_all(point), all);
        }
        prop_assert_eq!(Atlas::from_bytes(&atlas.to_bytes()).unwrap(), atlas);
    }

    #[test]
    fn distances_are_symmetric_and_obey_the_triangle(a in position(), b in position(), c in position()) {
        prop_assert_eq!(distance_m(a, b), distance_m(b, a));
        prop_assert!(distance_m(a, c) <= distance_m(a, b) + distance_m(b, c) + 2);
        prop_assert!(distance_m(a, b) <= 20_015_116 && distance_m(a, a) == 0);
        prop_assert!(least_distance_m(a, b) <= distance_m(a, b));
    }

    /// Never more than the way to any point of the area, and nothing inside.
    #[test]
    fn the_way_to_an_area_is_never_overstated(corners in prop::collection::vec(position(), 3..12), from in position(), part in 0.0..1.0_f64) {
        let Ok(shape) = Area::new(std::slice::from_ref(&corners)) else { return Ok(()) };
        let least = least_distance_to_area_m(from, &shape);
        prop_assert!(!shape.holds(from) || least == 0);
        for ring in shape.rings() {
            for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
                prop_assert!(least <= distance_m(from, *a));
                if (a.lon() - b.lon()).abs() < 180 * UNITS {
                    let between = |x: i64, y: i64| x + ((y - x) as f64 * part) as i64;
                    let on = Point::from_units(between(a.lon(), b.lon()), between(a.lat(), b.lat())).unwrap();
                    prop_assert!(least <= distance_m(from, on), "{} {}", least, distance_m(from, on));
                }
            }
        }
    }
}
