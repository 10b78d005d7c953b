//! The cuckoo filter, as Python sees it: marks of either width behind one class.

use globelet_binding::{hashing, Bytes, Rows};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};

use super::class::{filter_class, with_filter, Filter, Other, Width};
use super::{refuse, Misuse};
use crate::{Cuckoo, FilterError, Mark};

type Any = Width<Cuckoo<u16>, Cuckoo<u32>>;

/// A cuckoo filter with deletion.
#[pyclass(name = "Cuckoo", module = "globelet.algorithms.filters", eq)]
#[derive(Clone, PartialEq, Eq)]
pub(super) struct PyCuckoo(Any);

fn insert_all<M: Mark>(filter: &mut Cuckoo<M>, items: &[&[u8]]) -> Result<(), FilterError> {
    items.iter().try_for_each(|item| filter.insert(item))
}

fn remove_all<M: Mark>(filter: &mut Cuckoo<M>, items: &[&[u8]]) -> Vec<bool> {
    items.iter().map(|item| filter.remove(item)).collect()
}

filter_class!(PyCuckoo, {
    #[new]
    #[pyo3(signature = (items, seed=0, bits=16))]
    fn new(py: Python<'_>, items: u64, seed: u64, bits: u32) -> PyResult<PyCuckoo> {
        let made = match bits {
            16 => py.detach(|| Cuckoo::with_capacity(items, seed).map(Any::Narrow)),
            32 => py.detach(|| Cuckoo::with_capacity(items, seed).map(Any::Wide)),
            _ => return Err(refuse(py, &Misuse::Bits { kind: "cuckoo", choices: "16 or 32", bits })),
        };
        made.map(PyCuckoo).map_err(|error| refuse(py, &error))
    }

    /// Adds an item; the same item added twice is held twice.
    fn insert(&mut self, py: Python<'_>, item: Bytes<'_>) -> PyResult<()> {
        // A full filter doubles, which takes as long as it is large.
        let (filter, item) = (&mut self.0, &*item);
        py.detach(|| with_filter!(filter, filter => filter.insert(item))).map_err(|error| refuse(py, &error))
    }

    /// Adds items, up to the first that is refused.
    fn insert_many(&mut self, py: Python<'_>, items: Rows<'_>) -> PyResult<()> {
        let (filter, items) = (&mut self.0, items.slices());
        let added = py.detach(|| with_filter!(filter, filter => insert_all(filter, &items)));
        added.map_err(|error| refuse(py, &error))
    }

    /// Takes out one copy of an item, and says whether there was one.
    fn remove(&mut self, py: Python<'_>, item: Bytes<'_>) -> bool {
        let filter = &mut self.0;
        hashing(py, &item, |item| with_filter!(filter, filter => filter.remove(item)))
    }

    /// Takes out one copy of each item, and says of each whether there was one.
    fn remove_many(&mut self, py: Python<'_>, items: Rows<'_>) -> Vec<bool> {
        let (filter, items) = (&mut self.0, items.slices());
        py.detach(|| with_filter!(filter, filter => remove_all(filter, &items)))
    }

    /// Adds all that the other filter holds.
    fn merge(slf: &Bound<'_, PyCuckoo>, other: &Bound<'_, PyCuckoo>) -> PyResult<()> {
        let other = Other::of(slf, other)?;
        let (mut this, other) = (slf.try_borrow_mut()?, &other.get().0);
        let filter = &mut this.0;
        let merged = slf.py().detach(|| match (filter, other) {
            (Any::Narrow(one), Any::Narrow(two)) => one.merge(two),
            (Any::Wide(one), Any::Wide(two)) => one.merge(two),
            _ => Err(FilterError::Different),
        });
        merged.map_err(|error| refuse(slf.py(), &error))
    }

    /// Bits of a mark.
    #[getter]
    fn bits(&self) -> u32 {
        self.0.bits()
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
});
