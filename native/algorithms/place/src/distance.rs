//! Distances in whole metres, the same on every machine.

use crate::ring::step;
use crate::{Area, Point};

/// Mean radius of the Earth in metres (IUGG).
const EARTH_M: f64 = 6_371_008.8;
/// A great circle on that sphere is nowhere more than this much longer than the way over the ellipsoid of WGS 84, in
/// thousandths, rounded up.
const OVER_PER_MILLE: u64 = 6;
/// Metres in a unit of latitude, rounded up.
const UNIT_M: f64 = 0.011_132;

fn radians(units: i64) -> f64 {
    units as f64 / crate::UNITS as f64 * (std::f64::consts::PI / 180.0)
}

fn half_chord_squared(angle: f64) -> f64 {
    let half = libm::sin(angle / 2.0);
    half * half
}

/// Great-circle distance over the sphere of the mean radius by the haversine formula, rounded to whole metres.
///
/// Sines come from `libm`, which computes them by the same operations everywhere, so that the result is equal on every
/// machine. The way over the ellipsoid differs by up to 0.56 %.
pub fn distance_m(from: Point, to: Point) -> u64 {
    let (south, north) = (radians(from.lat()), radians(to.lat()));
    let across = libm::cos(south) * libm::cos(north) * half_chord_squared(radians(to.lon() - from.lon()));
    let chord = (half_chord_squared(north - south) + across).clamp(0.0, 1.0);
    libm::round(2.0 * EARTH_M * libm::asin(chord.sqrt())) as u64
}

/// What two places are apart at least, in metres: the great circle less what it may be longer than the ellipsoid's
/// shortest way, less a metre of rounding.
pub fn least_distance_m(from: Point, to: Point) -> u64 {
    shortest(distance_m(from, to))
}

fn shortest(metres: u64) -> u64 {
    (metres * (1_000 - OVER_PER_MILLE) / 1_000).saturating_sub(1)
}

/// What a place is apart at least from all of an area, in metres; 0 inside. O(corners), a sine for each.
///
/// An edge is nowhere nearer than its nearer end less half its length, so the answer is low by up to half the longest
/// edge, never high.
pub fn least_distance_to_area_m(from: Point, area: &Area) -> u64 {
    if area.holds(from) {
        return 0;
    }
    let edges = area.rings().iter().flat_map(|ring| {
        let ends = ring.iter().cycle().skip(1);
        ring.iter().copied().zip(ends.copied())
    });
    edges.map(|(a, b)| from_edge(from, a, b)).min().map_or(0, shortest)
}

fn from_edge(from: Point, a: Point, b: Point) -> u64 {
    let turned = step(a, b).unsigned_abs() as f64;
    // The nearer to the equator, the longer a step in longitude; an edge across the equator is longest there.
    let across = a.lat().signum() * b.lat().signum() < 0;
    let flattest = if across { 0 } else { a.lat().abs().min(b.lat().abs()) };
    let length = UNIT_M * ((a.lat() - b.lat()).unsigned_abs() as f64 + turned * libm::cos(radians(flattest)));
    distance_m(from, a).min(distance_m(from, b)).saturating_sub((length / 2.0) as u64 + 1)
}
