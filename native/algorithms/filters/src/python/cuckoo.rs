//! The cuckoo filter, as Python sees it: marks of either width behind one class.

use globelet_binding::{Bytes, Rows};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};

use super::{refuse, Misuse};
use crate::{Cuckoo, FilterError, Mark};

#[derive(PartialEq, Eq)]
enum Any {
    Narrow(Cuckoo<u16>),
    Wide(Cuckoo<u32>),
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

/// A cuckoo filter with deletion.
#[pyclass(name = "Cuckoo", module = "globelet.algorithms.filters", eq)]
#[derive(PartialEq, Eq)]
pub(super) struct PyCuckoo(Any);

fn insert_all<M: Mark>(filter: &mut Cuckoo<M>, items: &[&[u8]]) -> Result<(), FilterError> {
    items.iter().try_for_each(|item| filter.insert(item))
}

fn contains_all<M: Mark>(filter: &Cuckoo<M>, items: &[&[u8]]) -> Vec<bool> {
    items.iter().map(|item| filter.contains(item)).collect()
}

fn remove_all<M: Mark>(filter: &mut Cuckoo<M>, items: &[&[u8]]) -> Vec<bool> {
    items.iter().map(|item| filter.remove(item)).collect()
}

#[pymethods]
impl PyCuckoo {
    #[new]
    #[pyo3(signature = (items, seed=0, bits=16))]
    fn new(py: Python<'_>, items: u64, seed: u64, bits: u32) -> PyResult<PyCuckoo> {
        let made = match bits {
            16 => Cuckoo::with_capacity(items, seed).map(Any::Narrow),
            32 => Cuckoo::with_capacity(items, seed).map(Any::Wide),
            _ => return Err(refuse(py, &Misuse::Bits { kind: "cuckoo", choices: "16 or 32", bits })),
        };
        made.map(PyCuckoo).map_err(|error| refuse(py, &error))
    }

    /// Reads a filter from its only encoding.
    #[classmethod]
    fn from_bytes(_: &Bound<'_, PyType>, py: Python<'_>, data: Bytes<'_>) -> PyResult<PyCuckoo> {
        let data = &*data;
        // The width stands in byte 20; what is wrong otherwise, either decoder says.
        let read = py.detach(|| match data.get(20) {
            Some(32) => Cuckoo::from_bytes(data).map(Any::Wide),
            _ => Cuckoo::from_bytes(data).map(Any::Narrow),
        });
        read.map(PyCuckoo).map_err(|error| refuse(py, &error))
    }

    /// The only encoding.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &with_filter!(&self.0, filter => filter.to_bytes()))
    }

    /// Adds an item; the same item added twice is held twice.
    fn insert(&mut self, py: Python<'_>, item: Bytes<'_>) -> PyResult<()> {
        with_filter!(&mut self.0, filter => filter.insert(&item)).map_err(|error| refuse(py, &error))
    }

    /// Adds items, up to the first that is refused.
    fn insert_many(&mut self, py: Python<'_>, items: Rows<'_>) -> PyResult<()> {
        let (filter, items) = (&mut self.0, items.slices());
        let added = py.detach(|| with_filter!(filter, filter => insert_all(filter, &items)));
        added.map_err(|error| refuse(py, &error))
    }

    fn __contains__(&self, item: Bytes<'_>) -> bool {
        with_filter!(&self.0, filter => filter.contains(&item))
    }

    /// Whether each item is perhaps held.
    fn contains_many(&self, py: Python<'_>, items: Rows<'_>) -> Vec<bool> {
        let (filter, items) = (&self.0, items.slices());
        py.detach(|| with_filter!(filter, filter => contains_all(filter, &items)))
    }

    /// Takes out one copy of an item, and says whether there was one.
    fn remove(&mut self, item: Bytes<'_>) -> bool {
        with_filter!(&mut self.0, filter => filter.remove(&item))
    }

    /// Takes out one copy of each item, and says of each whether there was one.
    fn remove_many(&mut self, py: Python<'_>, items: Rows<'_>) -> Vec<bool> {
        let (filter, items) = (&mut self.0, items.slices());
        py.detach(|| with_filter!(filter, filter => remove_all(filter, &items)))
    }

    /// Adds all that the other filter holds.
    fn merge(&mut self, py: Python<'_>, other: PyRef<'_, PyCuckoo>) -> PyResult<()> {
        let (filter, other) = (&mut self.0, &other.0);
        let merged = py.detach(|| match (filter, other) {
            (Any::Narrow(one), Any::Narrow(two)) => one.merge(two),
            (Any::Wide(one), Any::Wide(two)) => one.merge(two),
            _ => Err(FilterError::Different),
        });
        merged.map_err(|error| refuse(py, &error))
    }

    fn __len__(&self) -> usize {
        with_filter!(&self.0, filter => filter.len() as usize)
    }

    /// Bits of a mark.
    #[getter]
    fn bits(&self) -> u32 {
        match self.0 {
            Any::Narrow(_) => 16,
            Any::Wide(_) => 32,
        }
    }

    /// How often the filter has doubled.
    #[getter]
    fn grown(&self) -> u32 {
        with_filter!(&self.0, filter => filter.grown())
    }

    /// Items for which there is a place now.
    #[getter]
    fn slots(&self) -> u64 {
        with_filter!(&self.0, filter => filter.slots())
    }

    /// The probability that a stranger is found now.
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
