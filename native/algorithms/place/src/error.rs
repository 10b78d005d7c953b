//! What outlines, areas and claims refuse.

/// Why a text or bytes gave no outlines, or a position is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// A position is outside of the globe.
    #[error("longitude {lon}, latitude {lat} is not on the globe: degrees, longitude from -180 to 180, latitude from -90 to 90; check their order")]
    OffGlobe {
        /// The longitude read, in degrees, as text.
        lon: String,
        /// The latitude read, in degrees, as text.
        lat: String,
    },
    /// The text is no FeatureCollection of polygons.
    #[error("not a GeoJSON FeatureCollection of polygons ({0}): check the file against RFC 7946")]
    NotGeoJson(String),
    /// A feature has neither an `id` nor a `name`.
    #[error("feature {index} has neither a text id nor a property \"name\": give it one")]
    Nameless {
        /// The feature's number, from 0.
        index: usize,
    },
    /// Two outlines have one id.
    #[error("two outlines have the id {id}: give each its own")]
    Doubled {
        /// The id.
        id: String,
    },
    /// A ring encloses nothing.
    #[error("a ring has {points} different points in a row, three are the least: leave it out or complete it")]
    Ring {
        /// Its points.
        points: usize,
    },
    /// A ring goes round and round.
    #[error("a ring goes round the globe more than twice: cut it into rings that do not")]
    Winding,
    /// There is more than an atlas holds.
    #[error("{what}: at most {most} fit; split the atlas")]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// The bound.
        most: usize,
    },
    /// Bytes that nothing was encoded to.
    #[error("these are not the bytes of {what} ({reason}): pass exactly what was encoded")]
    Malformed {
        /// What was to be read.
        what: &'static str,
        /// What the decoder met.
        reason: &'static str,
    },
    /// An area that applies at no time.
    #[error("an event from {from_us} until {until_us} µs never is: let it end after it begins")]
    Window {
        /// Start, in microseconds since the Unix epoch.
        from_us: u64,
        /// End, in microseconds since the Unix epoch.
        until_us: u64,
    },
    /// A multiplier beyond the bound.
    #[error(
        "a multiplier of {per_mille} thousandths is beyond {}: that would be more than a bonus",
        crate::MOST_PER_MILLE
    )]
    Multiplier {
        /// The multiplier in thousandths.
        per_mille: u32,
    },
    /// There is no outline of this id.
    #[error("there is no outline {id} in this atlas: ask it for its ids")]
    NoSuchPlace {
        /// The id asked for.
        id: String,
    },
}

impl PlaceError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            PlaceError::OffGlobe { .. } => "place.off-globe",
            PlaceError::NotGeoJson(_) => "place.not-geojson",
            PlaceError::Nameless { .. } => "place.nameless",
            PlaceError::Doubled { .. } => "place.doubled",
            PlaceError::Ring { .. } => "place.ring",
            PlaceError::Winding => "place.winding",
            PlaceError::TooMuch { .. } => "place.too-much",
            PlaceError::Malformed { .. } => "place.malformed",
            PlaceError::Window { .. } => "place.window",
            PlaceError::Multiplier { .. } => "place.multiplier",
            PlaceError::NoSuchPlace { .. } => "place.no-such-place",
        }
    }

    pub(crate) fn malformed(what: &'static str, reason: &'static str) -> PlaceError {
        PlaceError::Malformed { what, reason }
    }
}
