//! `globelet._native.place`.

use globelet_binding::{refusal, AlgorithmError, Bytes, Coded, List};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::{Atlas, Point, Refutation, Trip};
use degrees::{both, Degrees};
use events::{PyCalendar, PyEventArea};

mod degrees;
mod events;

pyo3::create_exception!(
    globelet.algorithms.place,
    PlaceError,
    AlgorithmError,
    "A position, an outline or an area was refused. `code` is stable."
);

/// What only Python can get wrong.
#[derive(Debug, thiserror::Error)]
enum Misuse {
    #[error("{lons} longitudes for {lats} latitudes: pass one for each")]
    OneLatitudeEach { lons: usize, lats: usize },
}

impl Coded for crate::PlaceError {
    fn code(&self) -> &'static str {
        crate::PlaceError::code(self)
    }
}

impl Coded for Misuse {
    fn code(&self) -> &'static str {
        "place.one-latitude-each"
    }
}

fn refuse(py: Python<'_>, error: &dyn Coded) -> PyErr {
    refusal::<PlaceError>(py, error)
}

fn point(py: Python<'_>, lon: f64, lat: f64) -> PyResult<Point> {
    Point::from_degrees(lon, lat).map_err(|error| refuse(py, &error))
}

/// Rings as Python has them: lists of (longitude, latitude) in degrees.
type Rings = List<List<(f64, f64)>>;

fn area(py: Python<'_>, rings: &Rings) -> PyResult<crate::Area> {
    let ring = |ring: &List<(f64, f64)>| ring.iter().map(|(lon, lat)| Point::from_degrees(*lon, *lat)).collect();
    let made = py.detach(|| crate::Area::new(&rings.iter().map(ring).collect::<Result<Vec<_>, _>>()?));
    made.map_err(|error| refuse(py, &error))
}

fn degrees_of(area: &crate::Area) -> Vec<Vec<(f64, f64)>> {
    area.rings().iter().map(|ring| ring.iter().map(|point| point.degrees()).collect()).collect()
}

/// Round trips as Python has them: (longitude, latitude, microseconds).
type Trips = List<(f64, f64, u64)>;

fn trips(py: Python<'_>, trips: &Trips) -> PyResult<Vec<Trip>> {
    trips.iter().map(|(lon, lat, rtt_us)| Ok(Trip { witness: point(py, *lon, *lat)?, rtt_us: *rtt_us })).collect()
}

fn told(found: Vec<Refutation>) -> Vec<(usize, u64, u64)> {
    found.into_iter().map(|r| (r.trip, r.least_m, r.reach_m)).collect()
}

/// Builds the submodule.
///
/// # Errors
/// Only when Python runs out of memory.
pub fn module(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    let module = PyModule::new(py, "place")?;
    module.add("PlaceError", py.get_type::<PlaceError>())?;
    module.add_class::<PyAtlas>()?;
    module.add_class::<PyEventArea>()?;
    module.add_class::<PyCalendar>()?;
    module.add_function(wrap_pyfunction!(distance_m, &module)?)?;
    module.add_function(wrap_pyfunction!(distances_m, &module)?)?;
    module.add_function(wrap_pyfunction!(reach_m, &module)?)?;
    module.add_function(wrap_pyfunction!(refute, &module)?)?;
    Ok(module)
}

/// Great-circle distance between two places (longitude, latitude in degrees) in whole metres.
#[pyfunction]
fn distance_m(py: Python<'_>, from_place: (f64, f64), to_place: (f64, f64)) -> PyResult<u64> {
    Ok(crate::distance_m(point(py, from_place.0, from_place.1)?, point(py, to_place.0, to_place.1)?))
}

/// Great-circle distances from one place to many, in whole metres.
#[pyfunction]
fn distances_m(py: Python<'_>, from_place: (f64, f64), lons: Degrees, lats: Degrees) -> PyResult<Vec<u64>> {
    let from = point(py, from_place.0, from_place.1)?;
    let (lons, lats) = both(py, &lons, &lats)?;
    let pairs = lons.iter().zip(lats);
    let made: Result<Vec<_>, _> =
        py.detach(|| pairs.map(|(x, y)| Ok(crate::distance_m(from, Point::from_degrees(*x, *y)?))).collect());
    made.map_err(|error: crate::PlaceError| refuse(py, &error))
}

/// How far away an answer can have come from within a round trip, in metres.
#[pyfunction]
fn reach_m(rtt_us: u64) -> u64 {
    crate::reach_m(rtt_us)
}

/// The trips that a claim to be at a place contradicts, worst first.
#[pyfunction]
#[pyo3(signature = (lon, lat, trips))]
fn refute(py: Python<'_>, lon: f64, lat: f64, trips: Trips) -> PyResult<Vec<(usize, u64, u64)>> {
    let (claimed, trips) = (point(py, lon, lat)?, self::trips(py, &trips)?);
    Ok(told(py.detach(|| crate::refute(claimed, &trips))))
}

/// Named outlines, and which of them a point lies in.
#[pyclass(name = "Atlas", module = "globelet.algorithms.place", frozen)]
struct PyAtlas {
    atlas: Atlas,
    /// The ids as Python has them, made once, so that an answer costs no new text.
    ids: Vec<Py<PyString>>,
}

impl PyAtlas {
    fn new(py: Python<'_>, made: Result<Atlas, crate::PlaceError>) -> PyResult<PyAtlas> {
        let atlas = made.map_err(|error| refuse(py, &error))?;
        let ids = atlas.outlines().iter().map(|outline| PyString::new(py, &outline.id).unbind()).collect();
        Ok(PyAtlas { atlas, ids })
    }

    fn outline(&self, py: Python<'_>, id: &str) -> PyResult<&crate::Outline> {
        self.atlas.outline(id).map_err(|error| refuse(py, &error))
    }

    fn id(&self, py: Python<'_>, number: usize) -> Py<PyString> {
        self.ids[number].clone_ref(py)
    }
}

#[pymethods]
impl PyAtlas {
    /// Reads the outlines of a GeoJSON FeatureCollection.
    #[staticmethod]
    fn from_geojson(py: Python<'_>, text: Bytes<'_>) -> PyResult<PyAtlas> {
        let text: &[u8] = &text;
        PyAtlas::new(py, py.detach(|| crate::outlines_from_geojson(text).and_then(Atlas::new)))
    }

    /// Reads an atlas from its only encoding.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, data: Bytes<'_>) -> PyResult<PyAtlas> {
        let data: &[u8] = &data;
        PyAtlas::new(py, py.detach(|| Atlas::from_bytes(data)))
    }

    /// The only encoding.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.atlas.to_bytes()))
    }

    fn __len__(&self) -> usize {
        self.ids.len()
    }

    /// The ids of the outlines, in the order given.
    #[getter]
    fn ids(&self, py: Python<'_>) -> Vec<Py<PyString>> {
        self.ids.iter().map(|id| id.clone_ref(py)).collect()
    }

    /// The name of an outline for people.
    fn name(&self, py: Python<'_>, outline: &str) -> PyResult<String> {
        Ok(self.outline(py, outline)?.name.clone())
    }

    /// The rings of an outline, as (longitude, latitude) in degrees.
    fn rings(&self, py: Python<'_>, outline: &str) -> PyResult<Vec<Vec<(f64, f64)>>> {
        Ok(degrees_of(&self.outline(py, outline)?.area))
    }

    /// The id of the first outline that holds a point.
    fn find(&self, py: Python<'_>, lon: f64, lat: f64) -> PyResult<Option<Py<PyString>>> {
        let found = self.atlas.find(point(py, lon, lat)?);
        Ok(found.map(|number| self.id(py, number)))
    }

    /// The ids of all outlines that hold a point, in their order.
    fn find_all(&self, py: Python<'_>, lon: f64, lat: f64) -> PyResult<Vec<Py<PyString>>> {
        let found = self.atlas.find_all(point(py, lon, lat)?);
        Ok(found.into_iter().map(|number| self.id(py, number)).collect())
    }

    /// For each of many points the id of the first outline that holds it.
    fn find_many(&self, py: Python<'_>, lons: Degrees, lats: Degrees) -> PyResult<Vec<Option<Py<PyString>>>> {
        let (lons, lats) = both(py, &lons, &lats)?;
        let pairs = lons.iter().zip(lats);
        let found: Result<Vec<_>, _> =
            py.detach(|| pairs.map(|(x, y)| Ok(self.atlas.find(Point::from_degrees(*x, *y)?))).collect());
        let found = found.map_err(|error: crate::PlaceError| refuse(py, &error))?;
        Ok(found.into_iter().map(|number| number.map(|number| self.id(py, number))).collect())
    }

    /// Whether one outline holds a point.
    fn holds(&self, py: Python<'_>, outline: &str, lon: f64, lat: f64) -> PyResult<bool> {
        Ok(self.outline(py, outline)?.area.holds(point(py, lon, lat)?))
    }

    /// What a point is apart at least from all of an outline, in metres; 0 inside.
    fn least_distance_m(&self, py: Python<'_>, outline: &str, lon: f64, lat: f64) -> PyResult<u64> {
        let (area, from) = (&self.outline(py, outline)?.area, point(py, lon, lat)?);
        Ok(py.detach(|| crate::least_distance_to_area_m(from, area)))
    }

    /// The trips that a claim to be anywhere in an outline contradicts, worst first.
    fn refute(&self, py: Python<'_>, outline: &str, trips: Trips) -> PyResult<Vec<(usize, u64, u64)>> {
        let (area, trips) = (&self.outline(py, outline)?.area, self::trips(py, &trips)?);
        Ok(told(py.detach(|| crate::refute_area(area, &trips))))
    }

    fn __eq__(&self, other: &PyAtlas) -> bool {
        self.atlas == other.atlas
    }
}
