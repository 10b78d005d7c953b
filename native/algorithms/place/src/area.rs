//! What several rings hold together.

use crate::ring::{ready, tidy, Bounds, Ring};
use crate::{PlaceError, Point};

/// A region of the globe: the points that an odd number of its rings enclose, so holes and islands need no marking.
///
/// A corner repeated at once, or the first at the end, is dropped. A ring may cross the 180th meridian, cut there
/// (RFC 7946 section 3.1.9) or not: an edge goes the shorter way round unless it is written from -180 to 180. A ring that
/// goes round a pole encloses the one in whose hemisphere most of it lies. Edges are straight in longitude and latitude.
///
/// **The border.** A point on a southern or western border is inside, on a northern or eastern one outside: neighbours
/// that share a border share no point of it and leave no gap. All longitudes of a pole are one point.
#[derive(Clone, Debug)]
pub struct Area {
    points: Vec<Vec<Point>>,
    rings: Vec<Ring>,
}

impl PartialEq for Area {
    fn eq(&self, other: &Area) -> bool {
        self.points == other.points
    }
}

impl Eq for Area {}

impl Area {
    /// The area of these rings, in any order and orientation.
    ///
    /// # Errors
    /// [`PlaceError::Ring`] for a ring of fewer than three points, [`PlaceError::Winding`] for a spiral.
    pub fn new(rings: &[Vec<Point>]) -> Result<Area, PlaceError> {
        let points = rings.iter().map(|ring| tidy(ring)).collect::<Result<Vec<_>, _>>()?;
        let mut made = Vec::with_capacity(points.len());
        for ring in &points {
            made.extend(ready(ring)?);
        }
        Ok(Area { points, rings: made })
    }

    /// The rings as given, without repetitions, open.
    pub fn rings(&self) -> &[Vec<Point>] {
        &self.points
    }

    /// Whether a point lies inside. O(corners / 16).
    pub fn holds(&self, point: Point) -> bool {
        let at = point.canonical();
        self.rings.iter().filter(|ring| ring.crossed_oddly(at.lon(), at.lat())).count() % 2 == 1
    }

    pub(crate) fn ready_rings(&self) -> &[Ring] {
        &self.rings
    }

    /// The boxes around the rings, which a canonical point has to be in to be inside.
    pub(crate) fn bounds(&self) -> impl Iterator<Item = Bounds> + '_ {
        self.rings.iter().map(Ring::bounds)
    }
}
