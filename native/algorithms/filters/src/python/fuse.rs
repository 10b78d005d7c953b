//! The binary fuse filter, as Python sees it: fingerprints of either width behind one class.

use globelet_binding::{Bytes, Rows};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};

use super::{refuse, Misuse};
use crate::{Fingerprint, Fuse};

#[derive(PartialEq, Eq)]
enum Any {
    Narrow(Fuse<u8>),
    Wide(Fuse<u16>),
}

/// Runs `$body` with `$filter` bound to the filter inside.
macro_rules! with_filter {
    ($any:expr, $filter:ident => $body:expr) => {
        match $any {
            Any::Narrow($filter) => $body,
            Any::Wide($filter) => $body,
        }
    };
}

/// A sealed set: a binary fuse filter.
#[pyclass(name = "Fuse", module = "globelet.algorithms.filters", frozen, eq)]
#[derive(PartialEq, Eq)]
pub(super) struct PyFuse(Any);

fn contains_all<F: Fingerprint>(filter: &Fuse<F>, items: &[&[u8]]) -> Vec<bool> {
    items.iter().map(|item| filter.contains(item)).collect()
}

#[pymethods]
impl PyFuse {
    #[new]
    #[pyo3(signature = (items, seed=0, bits=8))]
    fn new(py: Python<'_>, items: Rows<'_>, seed: u64, bits: u32) -> PyResult<PyFuse> {
        let items = items.slices();
        let made = match bits {
            8 => py.detach(|| Fuse::new(&items, seed).map(Any::Narrow)),
            16 => py.detach(|| Fuse::new(&items, seed).map(Any::Wide)),
            _ => return Err(refuse(py, &Misuse::Bits { kind: "fuse", choices: "8 or 16", bits })),
        };
        made.map(PyFuse).map_err(|error| refuse(py, &error))
    }

    /// Reads a filter from its only encoding.
    #[classmethod]
    fn from_bytes(_: &Bound<'_, PyType>, py: Python<'_>, data: Bytes<'_>) -> PyResult<PyFuse> {
        let data = &*data;
        // The width stands in byte 20; what is wrong otherwise, either decoder says.
        let read = py.detach(|| match data.get(20) {
            Some(16) => Fuse::from_bytes(data).map(Any::Wide),
            _ => Fuse::from_bytes(data).map(Any::Narrow),
        });
        read.map(PyFuse).map_err(|error| refuse(py, &error))
    }

    /// The only encoding.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &with_filter!(&self.0, filter => filter.to_bytes()))
    }

    fn __contains__(&self, item: Bytes<'_>) -> bool {
        with_filter!(&self.0, filter => filter.contains(&item))
    }

    /// Whether each item is perhaps in the set.
    fn contains_many(&self, py: Python<'_>, items: Rows<'_>) -> Vec<bool> {
        let (filter, items) = (&self.0, items.slices());
        py.detach(|| with_filter!(filter, filter => contains_all(filter, &items)))
    }

    /// Distinct items.
    fn __len__(&self) -> usize {
        with_filter!(&self.0, filter => filter.len() as usize)
    }

    /// Bits of a fingerprint.
    #[getter]
    fn bits(&self) -> u32 {
        match self.0 {
            Any::Narrow(_) => 8,
            Any::Wide(_) => 16,
        }
    }

    /// The probability that a stranger is found.
    #[getter]
    fn rate(&self) -> f64 {
        with_filter!(&self.0, filter => filter.rate())
    }

    /// Bytes of memory.
    #[getter]
    fn size(&self) -> usize {
        with_filter!(&self.0, filter => filter.size())
    }

    /// What decides every choice.
    #[getter]
    fn seed(&self) -> u64 {
        with_filter!(&self.0, filter => filter.seed())
    }
}
