//! `globelet._native.filters`.

use globelet_binding::{hashing, refusal, AlgorithmError, Bytes, Coded, Rows};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};

use crate::{Bloom, GrowingBloom};
use class::{filter_class, Filter, Other};

mod class;
mod cuckoo;
mod fuse;

pyo3::create_exception!(
    globelet.algorithms.filters,
    FilterError,
    AlgorithmError,
    "A filter, an item or bytes were refused. `code` is stable."
);

/// What only Python can get wrong.
#[derive(Debug, thiserror::Error)]
enum Misuse {
    #[error("a {kind} filter has {choices} bits, not {bits}")]
    Bits { kind: &'static str, choices: &'static str, bits: u32 },
}

impl Coded for crate::FilterError {
    fn code(&self) -> &'static str {
        crate::FilterError::code(self)
    }
}

impl Coded for Misuse {
    fn code(&self) -> &'static str {
        "filters.bits"
    }
}

fn refuse(py: Python<'_>, error: &dyn Coded) -> PyErr {
    refusal::<FilterError>(py, error)
}

/// Builds the submodule.
///
/// # Errors
/// Only when Python runs out of memory.
pub fn module(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    let module = PyModule::new(py, "filters")?;
    module.add("FilterError", py.get_type::<FilterError>())?;
    module.add("MOST_BYTES", crate::MOST_BYTES)?;
    module.add_class::<PyBloom>()?;
    module.add_class::<PyGrowingBloom>()?;
    module.add_class::<cuckoo::PyCuckoo>()?;
    module.add_class::<fuse::PyFuse>()?;
    Ok(module)
}

/// A blocked Bloom filter.
#[pyclass(name = "Bloom", module = "globelet.algorithms.filters", eq)]
#[derive(Clone, PartialEq, Eq)]
struct PyBloom(Bloom);

filter_class!(PyBloom, {
    #[new]
    #[pyo3(signature = (items, rate=0.01, seed=0))]
    fn new(py: Python<'_>, items: u64, rate: f64, seed: u64) -> PyResult<PyBloom> {
        py.detach(|| Bloom::with_rate(items, rate, seed)).map(PyBloom).map_err(|error| refuse(py, &error))
    }

    /// Adds an item, and says whether it was perhaps there before.
    fn insert(&mut self, py: Python<'_>, item: Bytes<'_>) -> bool {
        hashing(py, &item, |item| self.0.insert(item))
    }

    /// Adds items.
    fn insert_many(&mut self, py: Python<'_>, items: Rows<'_>) {
        let (filter, items) = (&mut self.0, items.slices());
        py.detach(|| {
            items.iter().for_each(|item| {
                filter.insert(item);
            })
        });
    }

    /// Adds all that the other filter holds.
    fn merge(slf: &Bound<'_, PyBloom>, other: &Bound<'_, PyBloom>) -> PyResult<()> {
        let other = Other::of(slf, other)?;
        let (mut this, other) = (slf.try_borrow_mut()?, &other.get().0);
        let filter = &mut this.0;
        slf.py().detach(|| filter.merge(other)).map_err(|error| refuse(slf.py(), &error))
    }
});

/// A Bloom filter that grows.
#[pyclass(name = "GrowingBloom", module = "globelet.algorithms.filters", eq)]
#[derive(PartialEq)]
struct PyGrowingBloom(GrowingBloom);

filter_class!(PyGrowingBloom, {
    #[new]
    #[pyo3(signature = (first=1000, rate=0.01, seed=0))]
    fn new(py: Python<'_>, first: u64, rate: f64, seed: u64) -> PyResult<PyGrowingBloom> {
        py.detach(|| GrowingBloom::new(first, rate, seed)).map(PyGrowingBloom).map_err(|error| refuse(py, &error))
    }

    /// Adds an item if it is not found, and says whether it was perhaps there before.
    fn insert(&mut self, py: Python<'_>, item: Bytes<'_>) -> PyResult<bool> {
        hashing(py, &item, |item| self.0.insert(item)).map_err(|error| refuse(py, &error))
    }

    /// Adds the items that are not found.
    fn insert_many(&mut self, py: Python<'_>, items: Rows<'_>) -> PyResult<()> {
        let (filter, items) = (&mut self.0, items.slices());
        let added = py.detach(|| items.iter().try_for_each(|item| filter.insert(item).map(|_| ())));
        added.map_err(|error| refuse(py, &error))
    }

    /// How many layers there are.
    #[getter]
    fn layers(&self) -> usize {
        self.0.layers()
    }
});
