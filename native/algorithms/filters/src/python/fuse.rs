//! The binary fuse filter, as Python sees it: fingerprints of either width behind one class.

use globelet_binding::{Bytes, Rows};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};

use super::class::{filter_class, Filter, Width};
use super::{refuse, Misuse};
use crate::Fuse;

type Any = Width<Fuse<u8>, Fuse<u16>>;

/// A sealed set: a binary fuse filter.
#[pyclass(name = "Fuse", module = "globelet.algorithms.filters", frozen, eq)]
#[derive(PartialEq, Eq)]
pub(super) struct PyFuse(Any);

filter_class!(PyFuse, {
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

    /// Bits of a fingerprint.
    #[getter]
    fn bits(&self) -> u32 {
        self.0.bits()
    }
});
