//! Rings of an outline, made ready to be asked.

use crate::point::{HALF, POLE, TURN};
use crate::{PlaceError, Point};

/// Edges that share one note of the latitudes they span.
const STRETCH: usize = 16;

/// Corners in order, as unwrapped longitude and latitude in units; the last is joined to the first.
///
/// A ring that crosses the 180th meridian goes on beyond ±180, up to ±540 degrees, and so is one piece.
#[derive(Clone, Debug)]
pub(crate) struct Ring {
    corners: Vec<(i64, i64)>,
    stretches: Vec<Stretch>,
}

/// A few edges of a ring in a row: where they lie.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    south: i64,
    north: i64,
    west: i64,
    east: i64,
}

/// The box around a ring.
pub(crate) struct Bounds {
    pub(crate) low: (i64, i64),
    pub(crate) high: (i64, i64),
}

/// The points of a ring without repetitions, open.
///
/// # Errors
/// [`PlaceError::Ring`] if fewer than three are left.
pub(crate) fn tidy(points: &[Point]) -> Result<Vec<Point>, PlaceError> {
    let mut kept = points.to_vec();
    kept.dedup();
    while kept.len() > 1 && kept.first() == kept.last() {
        kept.pop();
    }
    if kept.len() < 3 {
        return Err(PlaceError::Ring { points: kept.len() });
    }
    Ok(kept)
}

/// The step in longitude from one corner to the next: the shorter way round, unless the edge is written from one side
/// of the map to the other, which is how a box around the whole globe and the floor of Antarctica are drawn.
pub(crate) fn step(from: Point, to: Point) -> i64 {
    let plain = to.lon() - from.lon();
    match plain {
        _ if plain.abs() == TURN => plain,
        _ if plain > HALF => plain - TURN,
        _ if plain < -HALF => plain + TURN,
        _ => plain,
    }
}

/// A ring, ready, in as many copies a turn apart as a longitude from -180 up to 180 can meet.
///
/// # Errors
/// [`PlaceError::Winding`] if it goes round the globe more than twice.
pub(crate) fn ready(points: &[Point]) -> Result<Vec<Ring>, PlaceError> {
    let mut corners = Vec::with_capacity(points.len() + 2);
    let mut lon = points.first().map_or(0, |first| first.lon());
    for (i, point) in points.iter().enumerate() {
        corners.push((lon, point.lat()));
        lon += step(*point, points[(i + 1) % points.len()]);
    }
    if let Some(&(first, _)) = corners.first().filter(|(first, _)| *first != lon) {
        close_over_a_pole(&mut corners, first, lon);
    }
    copies(&corners)
}

/// A ring that comes back a turn away has gone round a pole: the nearer one, whose hemisphere it lies in.
fn close_over_a_pole(corners: &mut Vec<(i64, i64)>, first: i64, last: i64) {
    let north = corners.iter().map(|(_, lat)| i128::from(*lat)).sum::<i128>() >= 0;
    let pole = if north { POLE } else { -POLE };
    let start = corners[0].1;
    corners.extend([(last, start), (last, pole), (first, pole)]);
}

fn copies(corners: &[(i64, i64)]) -> Result<Vec<Ring>, PlaceError> {
    let west = corners.iter().map(|(lon, _)| *lon).min().unwrap_or_default();
    let east = corners.iter().map(|(lon, _)| *lon).max().unwrap_or_default();
    if east - west > 2 * TURN {
        return Err(PlaceError::Winding);
    }
    let meets = |shift: &i64| east + shift > -HALF && west + shift < HALF;
    let moved = |shift: i64| Ring::new(corners.iter().map(|(lon, lat)| (lon + shift, *lat)).collect());
    Ok((-3..=3).map(|turns| turns * TURN).filter(meets).map(moved).collect())
}

impl Ring {
    fn new(corners: Vec<(i64, i64)>) -> Ring {
        let count = corners.len();
        let note = |start: usize| {
            let ends = (start..=(start + STRETCH).min(count)).map(|i| corners[i % count]);
            let empty = Stretch { south: i64::MAX, north: i64::MIN, west: i64::MAX, east: i64::MIN };
            ends.fold(empty, |grown, (lon, lat)| Stretch {
                south: grown.south.min(lat),
                north: grown.north.max(lat),
                west: grown.west.min(lon),
                east: grown.east.max(lon),
            })
        };
        let stretches = (0..count).step_by(STRETCH).map(note).collect();
        Ring { corners, stretches }
    }

    pub(crate) fn bounds(&self) -> Bounds {
        let least = |of: fn(&Stretch) -> i64| self.stretches.iter().map(of).min().unwrap_or_default();
        let most = |of: fn(&Stretch) -> i64| self.stretches.iter().map(of).max().unwrap_or_default();
        Bounds { low: (least(|s| s.west), least(|s| s.south)), high: (most(|s| s.east), most(|s| s.north)) }
    }

    /// Whether a ray to the east crosses this ring an odd number of times.
    pub(crate) fn crossed_oddly(&self, lon: i64, lat: i64) -> bool {
        let mut odd = false;
        for (number, stretch) in self.stretches.iter().enumerate() {
            if lat < stretch.south || lat >= stretch.north || lon >= stretch.east {
                continue;
            }
            let start = number * STRETCH;
            let end = start + STRETCH;
            let after = if end < self.corners.len() { end } else { 0 };
            if lon < stretch.west {
                // All of it lies east of the point: whether the ray crosses it oddly, its two ends tell.
                odd ^= (self.corners[start].1 > lat) != (self.corners[after].1 > lat);
                continue;
            }
            let mut from = self.corners[start];
            let inner = &self.corners[start + 1..end.min(self.corners.len())];
            for to in inner.iter().chain([&self.corners[after]]) {
                odd ^= crosses(from, *to, lon, lat);
                from = *to;
            }
        }
        odd
    }
}

/// Whether a ray to the east from a point crosses an edge. The edge holds its lower end and not its upper, and a point on
/// it lies to the east of it: so a western or southern border is inside and an eastern or northern is not.
fn crosses(from: (i64, i64), to: (i64, i64), lon: i64, lat: i64) -> bool {
    if (from.1 > lat) == (to.1 > lat) {
        return false;
    }
    // Taken from its lower end, an edge gives the same answer to both its neighbours.
    let (low, high) = if from.1 < to.1 { (from, to) } else { (to, from) };
    if lon >= low.0.max(high.0) || lon < low.0.min(high.0) {
        return lon < low.0;
    }
    // Within the edge's span no factor exceeds a turn by half a turn, 6.5e18, which 64 bits hold: the answer is exact.
    (high.0 - low.0) * (lat - low.1) > (lon - low.0) * (high.1 - low.1)
}
