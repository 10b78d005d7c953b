//! Event areas and their calendar.

use globelet_binding::{Bytes, List};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::degrees::{both, Degrees};
use super::{area, degrees_of, point, refuse, Rings};
use crate::{Calendar, EventArea, Point};

/// An area with a multiplier for a while.
#[pyclass(name = "EventArea", module = "globelet.algorithms.place", frozen, eq)]
#[derive(PartialEq, Eq)]
pub(super) struct PyEventArea(EventArea);

#[pymethods]
impl PyEventArea {
    #[new]
    #[pyo3(signature = (rings, from_us, until_us, per_mille))]
    fn new(py: Python<'_>, rings: Rings, from_us: u64, until_us: u64, per_mille: u32) -> PyResult<PyEventArea> {
        let made = EventArea::new(area(py, &rings)?, from_us, until_us, per_mille);
        made.map(PyEventArea).map_err(|error| refuse(py, &error))
    }

    /// Reads an event area from its only encoding.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, data: Bytes<'_>) -> PyResult<PyEventArea> {
        let data: &[u8] = &data;
        py.detach(|| EventArea::from_bytes(data)).map(PyEventArea).map_err(|error| refuse(py, &error))
    }

    /// The only encoding.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.0.to_bytes()))
    }

    /// The rings, as (longitude, latitude) in degrees.
    #[getter]
    fn rings(&self) -> Vec<Vec<(f64, f64)>> {
        degrees_of(self.0.area())
    }

    /// Start, in microseconds since the Unix epoch.
    #[getter(from_us)]
    fn begins_us(&self) -> u64 {
        self.0.from_us()
    }

    /// End, in microseconds since the Unix epoch.
    #[getter]
    fn until_us(&self) -> u64 {
        self.0.until_us()
    }

    /// The multiplier in thousandths.
    #[getter]
    fn per_mille(&self) -> u32 {
        self.0.per_mille()
    }

    /// Whether a point lies inside.
    fn holds(&self, py: Python<'_>, lon: f64, lat: f64) -> PyResult<bool> {
        Ok(self.0.area().holds(point(py, lon, lat)?))
    }
}

/// Events with an index.
#[pyclass(name = "Calendar", module = "globelet.algorithms.place", frozen)]
pub(super) struct PyCalendar(Calendar);

#[pymethods]
impl PyCalendar {
    #[new]
    fn new(py: Python<'_>, events: List<PyRef<'_, PyEventArea>>) -> PyCalendar {
        let events: Vec<&EventArea> = events.iter().map(|event| &event.0).collect();
        PyCalendar(py.detach(|| Calendar::new(events.into_iter().cloned().collect())))
    }

    fn __len__(&self) -> usize {
        self.0.events().len()
    }

    /// The multiplier at a point and time, in thousandths.
    fn per_mille(&self, py: Python<'_>, lon: f64, lat: f64, now_us: u64) -> PyResult<u32> {
        Ok(self.0.per_mille(point(py, lon, lat)?, now_us))
    }

    /// The multiplier at each of many points at one time.
    fn per_mille_many(&self, py: Python<'_>, lons: Degrees, lats: Degrees, now_us: u64) -> PyResult<Vec<u32>> {
        let (lons, lats) = both(py, &lons, &lats)?;
        let pairs = lons.iter().zip(lats);
        let found: Result<Vec<_>, _> =
            py.detach(|| pairs.map(|(x, y)| Ok(self.0.per_mille(Point::from_degrees(*x, *y)?, now_us))).collect());
        found.map_err(|error: crate::PlaceError| refuse(py, &error))
    }
}
