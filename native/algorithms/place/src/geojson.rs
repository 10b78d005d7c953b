//! Outlines from a GeoJSON FeatureCollection (RFC 7946).

use serde::Deserialize;

use crate::{Area, Outline, PlaceError, Point};

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

/// Reads the outlines of a FeatureCollection of polygons and multipolygons; positions are rounded to units.
///
/// An outline's id is the feature's `id` if that is a text, else its property `name`; its name is that property, else the
/// id. Heights are dropped. Rings of one feature count together: what an odd number of them enclose is inside.
///
/// # Errors
/// [`PlaceError`]: not such a text, a feature without a name, a position off the globe, a ring that is none.
pub fn outlines_from_geojson(text: &[u8]) -> Result<Vec<Outline>, PlaceError> {
    let collection: Collection =
        serde_json::from_slice(text).map_err(|error| PlaceError::NotGeoJson(error.to_string()))?;
    collection.features.into_iter().enumerate().map(|(index, feature)| outline(index, feature)).collect()
}

fn outline(index: usize, feature: Feature) -> Result<Outline, PlaceError> {
    let name = feature.properties.as_ref().and_then(|p| p.get("name")).and_then(|name| name.as_str());
    let id = feature.id.as_ref().and_then(|id| id.as_str());
    let (Some(id), Some(name)) = (id.or(name), name.or(id)) else {
        return Err(PlaceError::Nameless { index });
    };
    let rings: Rings = match feature.geometry {
        Geometry::Polygon(rings) => rings,
        Geometry::MultiPolygon(polygons) => polygons.into_iter().flatten().collect(),
    };
    let ring = |ring: &Vec<Vec<f64>>| ring.iter().map(|position| point(position)).collect();
    let rings = rings.iter().map(ring).collect::<Result<Vec<Vec<Point>>, PlaceError>>()?;
    Ok(Outline { id: id.to_owned(), name: name.to_owned(), area: Area::new(&rings)? })
}

/// A position; a missing number is off the globe.
fn point(position: &[f64]) -> Result<Point, PlaceError> {
    let [lon, lat] = [0, 1].map(|i| position.get(i).copied().unwrap_or(f64::NAN));
    Point::from_degrees(lon, lat)
}
