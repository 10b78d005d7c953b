//! `globelet._native.clock`.

use std::hash::{DefaultHasher, Hash, Hasher};

use globelet_binding::{refusal, AlgorithmError, Bytes, Coded, List};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::{Adjustment, Clock, Stamp, Steered};
use time::{PyCandidate, PyEstimate, PyPacket, PySample, PyTimeClient};

mod time;

pyo3::create_exception!(
    globelet.algorithms.clock,
    ClockError,
    AlgorithmError,
    "A stamp, a packet or an adjustment was refused. `code` is stable."
);

impl Coded for crate::ClockError {
    fn code(&self) -> &'static str {
        crate::ClockError::code(self)
    }
}

fn refuse(py: Python<'_>, error: &crate::ClockError) -> PyErr {
    refusal::<ClockError>(py, error)
}

/// Builds the submodule.
///
/// # Errors
/// Only when Python runs out of memory.
pub fn module(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    let module = PyModule::new(py, "clock")?;
    module.add("ClockError", py.get_type::<ClockError>())?;
    module.add_class::<PyStamp>()?;
    module.add_class::<PyClock>()?;
    module.add_class::<PySteered>()?;
    module.add_class::<PyPacket>()?;
    module.add_class::<PySample>()?;
    module.add_class::<PyCandidate>()?;
    module.add_class::<PyEstimate>()?;
    module.add_class::<PyTimeClient>()?;
    module.add_function(wrap_pyfunction!(time::select, &module)?)?;
    Ok(module)
}

/// A point in hybrid time.
#[pyclass(name = "Stamp", module = "globelet.algorithms.clock", frozen, eq, ord)]
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct PyStamp(Stamp);

#[pymethods]
impl PyStamp {
    #[new]
    #[pyo3(signature = (micros, counter=0))]
    fn new(micros: u64, counter: u32) -> PyStamp {
        PyStamp(Stamp { micros, counter })
    }

    /// Reads a stamp from its only encoding.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, data: Bytes<'_>) -> PyResult<PyStamp> {
        Stamp::from_bytes(&data).map(PyStamp).map_err(|error| refuse(py, &error))
    }

    /// The only encoding.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_bytes())
    }

    /// Microseconds since the Unix epoch.
    #[getter]
    fn micros(&self) -> u64 {
        self.0.micros
    }

    /// Order among stamps of the same microsecond.
    #[getter]
    fn counter(&self) -> u32 {
        self.0.counter
    }

    fn __repr__(&self) -> String {
        format!("Stamp({}, {})", self.0.micros, self.0.counter)
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.0.hash(&mut hasher);
        hasher.finish()
    }
}

/// A hybrid logical clock with bounded skew.
#[pyclass(name = "Clock", module = "globelet.algorithms.clock")]
struct PyClock(Clock);

#[pymethods]
impl PyClock {
    #[new]
    fn new(max_skew_us: u64) -> PyClock {
        PyClock(Clock::new(max_skew_us))
    }

    /// The latest stamp given out.
    #[getter]
    fn last(&self) -> PyStamp {
        PyStamp(self.0.last())
    }

    /// How far ahead of physical time a stamp may be, in microseconds.
    #[getter]
    fn max_skew_us(&self) -> u64 {
        self.0.max_skew_us()
    }

    /// A stamp for something that happens here; later than every stamp before it.
    fn now(&mut self, physical_us: u64) -> PyStamp {
        PyStamp(self.0.now(physical_us))
    }

    /// A stamp for each of many things that happen here in this order.
    fn now_many(&mut self, physical_us: List<u64>) -> Vec<PyStamp> {
        physical_us.into_iter().map(|physical_us| PyStamp(self.0.now(physical_us))).collect()
    }

    /// A stamp for the arrival of another node's; later than it and than all before it.
    fn receive(&mut self, py: Python<'_>, physical_us: u64, remote: &PyStamp) -> PyResult<PyStamp> {
        self.0.receive(physical_us, remote.0).map(PyStamp).map_err(|error| refuse(py, &error))
    }
}

/// A clock that is set by offsets and never runs backwards.
#[pyclass(name = "Steered", module = "globelet.algorithms.clock")]
struct PySteered(Steered);

#[pymethods]
impl PySteered {
    #[new]
    fn new(raw_ns: u64, time_ns: u64) -> PySteered {
        PySteered(Steered::new(raw_ns, time_ns))
    }

    /// The time when the raw clock shows `raw_ns`.
    fn time_ns(&self, raw_ns: u64) -> u64 {
        self.0.time_ns(raw_ns)
    }

    /// Takes in that the true time was ahead by so much; `"stepped"` or `"slewed"`.
    fn adjust(&mut self, py: Python<'_>, raw_ns: u64, offset_ns: i64) -> PyResult<&'static str> {
        match self.0.adjust(raw_ns, offset_ns) {
            Ok(Adjustment::Stepped) => Ok("stepped"),
            Ok(Adjustment::Slewed) => Ok("slewed"),
            Err(error) => Err(refuse(py, &error)),
        }
    }

    /// The correction of frequency, in parts per billion.
    #[getter]
    fn frequency_ppb(&self) -> i64 {
        self.0.frequency_ppb()
    }
}
