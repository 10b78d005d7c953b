//! Point in polygon by the even-odd rule.

/// Whether a point lies inside `rings` by the even-odd rule: holes and islands need no marking.
///
/// Points are (longitude, latitude) in degrees; a ring may repeat its first point or not. A point
/// on an edge belongs to one of the two sides, always the same. Rings must not cross the 180th
/// meridian: cut them there, as RFC 7946 section 3.1.9 asks. Only additions, multiplications and
/// comparisons are used, so the answer is the same on every machine.
pub fn inside(rings: &[Vec<(f64, f64)>], lon: f64, lat: f64) -> bool {
    rings.iter().filter(|ring| odd_crossings(ring, lon, lat)).count() % 2 == 1
}

/// Whether a ray to the east crosses the ring an odd number of times.
fn odd_crossings(ring: &[(f64, f64)], lon: f64, lat: f64) -> bool {
    let Some(&last) = ring.last() else {
        return false;
    };
    let (mut odd, mut from) = (false, last);
    for &to in ring {
        if (from.1 > lat) != (to.1 > lat) {
            // Taken from its lower end, an edge gives the same answer to both its neighbours.
            let (low, high) = if from.1 < to.1 { (from, to) } else { (to, from) };
            let cross = (high.0 - low.0) * (lat - low.1) - (lon - low.0) * (high.1 - low.1);
            odd ^= cross > 0.0;
        }
        from = to;
    }
    odd
}
