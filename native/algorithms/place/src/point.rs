//! Positions in whole numbers.

use crate::PlaceError;

/// Units in a degree: positions are whole ten-millionths of a degree, about a centimetre.
pub const UNITS: i64 = 10_000_000;

/// Half a turn.
pub(crate) const HALF: i64 = 180 * UNITS;
/// A whole turn.
pub(crate) const TURN: i64 = 360 * UNITS;
/// From equator to pole.
pub(crate) const POLE: i64 = 90 * UNITS;

/// A position on the globe (WGS 84), in ten-millionths of a degree.
///
/// Whole numbers make every answer the same on every machine. As written: longitude 180 and -180 stay what they are here,
/// because the corners of an outline need both; a position that is looked up is taken by [`Point::canonical`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Point {
    lon: i32,
    lat: i32,
}

impl Point {
    /// A position from degrees, rounded to the nearest unit, halves away from zero.
    ///
    /// # Errors
    /// [`PlaceError::OffGlobe`] outside of ±180 and ±90 degrees, and for what is no number.
    pub fn from_degrees(lon: f64, lat: f64) -> Result<Point, PlaceError> {
        if (-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat) {
            let round = |degrees: f64| (degrees * UNITS as f64).round() as i32;
            return Ok(Point { lon: round(lon), lat: round(lat) });
        }
        Err(PlaceError::OffGlobe { lon: lon.to_string(), lat: lat.to_string() })
    }

    /// A position from units.
    ///
    /// # Errors
    /// [`PlaceError::OffGlobe`] outside of ±180 and ±90 degrees.
    pub fn from_units(lon: i64, lat: i64) -> Result<Point, PlaceError> {
        match (i32::try_from(lon), i32::try_from(lat)) {
            (Ok(x), Ok(y)) if lon.abs() <= HALF && lat.abs() <= POLE => Ok(Point { lon: x, lat: y }),
            _ => {
                let degrees = |units: i64| (units as f64 / UNITS as f64).to_string();
                Err(PlaceError::OffGlobe { lon: degrees(lon), lat: degrees(lat) })
            }
        }
    }

    /// Longitude in units.
    pub fn lon(self) -> i64 {
        i64::from(self.lon)
    }

    /// Latitude in units.
    pub fn lat(self) -> i64 {
        i64::from(self.lat)
    }

    /// Longitude and latitude in degrees.
    pub fn degrees(self) -> (f64, f64) {
        (f64::from(self.lon) / UNITS as f64, f64::from(self.lat) / UNITS as f64)
    }

    /// The one name of a place that has many: longitude 180 is -180, and a pole lies on that meridian too.
    ///
    /// The north pole counts as the point one unit south of it, a centimetre away, since nothing has it inside: an outline
    /// holds its southern edge, not its northern.
    pub fn canonical(self) -> Point {
        let lat = self.lat.min(POLE as i32 - 1);
        let pole = lat != self.lat || i64::from(lat) == -POLE;
        let lon = if pole || i64::from(self.lon) == HALF { -HALF as i32 } else { self.lon };
        Point { lon, lat }
    }
}
