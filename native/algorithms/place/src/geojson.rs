//! Outlines from a GeoJSON FeatureCollection (RFC 7946).

use serde::Deserialize;

use crate::atlas::Outline;

/// Why a text gave no outlines.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The text is no FeatureCollection of polygons.
    #[error("not a GeoJSON FeatureCollection of polygons ({0}): check the file against RFC 7946")]
    Format(#[from] serde_json::Error),
    /// A feature has neither an `id` nor a `name`.
    #[error("feature {index} has neither a text id nor a property \"name\": give it one")]
    Nameless {
        /// The feature's number, from 0.
        index: usize,
    },
    /// A position is outside of the globe.
    #[error("outline {name} has a position at longitude {lon}, latitude {lat}, which is not on the globe: check their order")]
    OffGlobe {
        /// The outline.
        name: String,
        /// The longitude read, in degrees.
        lon: f64,
        /// The latitude read, in degrees.
        lat: f64,
    },
}

#[derive(Deserialize)]
struct Collection {
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Feature {
    id: Option<serde_json::Value>,
    properties: Option<serde_json::Value>,
    geometry: Geometry,
}

type Rings = Vec<Vec<Vec<f64>>>;

#[derive(Deserialize)]
#[serde(tag = "type", content = "coordinates")]
enum Geometry {
    Polygon(Rings),
    MultiPolygon(Vec<Rings>),
}

/// Reads the outlines of a FeatureCollection of polygons and multipolygons.
///
/// An outline's name is the feature's `id` if that is a text, else its property `name`.
///
/// # Errors
/// [`PlaceError`]: not such a text, a feature without a name, or a position off the globe.
pub fn outlines_from_geojson(text: &str) -> Result<Vec<Outline>, PlaceError> {
    let collection: Collection = serde_json::from_str(text)?;
    collection.features.into_iter().enumerate().map(|(index, feature)| outline(index, feature)).collect()
}

fn outline(index: usize, feature: Feature) -> Result<Outline, PlaceError> {
    let property = feature.properties.as_ref().and_then(|p| p.get("name"));
    let id = feature.id.as_ref().filter(|id| id.is_string());
    let name = id.or(property).and_then(|name| name.as_str()).ok_or(PlaceError::Nameless { index })?;
    let rings: Rings = match feature.geometry {
        Geometry::Polygon(rings) => rings,
        Geometry::MultiPolygon(polygons) => polygons.into_iter().flatten().collect(),
    };
    let ring = |ring: Vec<Vec<f64>>| ring.iter().map(|position| point(name, position)).collect();
    let rings = rings.into_iter().map(ring).collect::<Result<_, PlaceError>>()?;
    Ok(Outline { name: name.to_owned(), rings })
}

/// A position as (longitude, latitude); a height is dropped, a missing number is off the globe.
fn point(name: &str, position: &[f64]) -> Result<(f64, f64), PlaceError> {
    let [lon, lat] = [0, 1].map(|i| position.get(i).copied().unwrap_or(f64::NAN));
    if (-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat) {
        Ok((lon, lat))
    } else {
        Err(PlaceError::OffGlobe { name: name.to_owned(), lon, lat })
    }
}
