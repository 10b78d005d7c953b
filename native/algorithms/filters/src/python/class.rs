//! What the classes share, whatever filter is inside.

use pyo3::prelude::*;
use pyo3::PyClass;

use crate::{Bloom, Cuckoo, FilterError, Fuse, GrowingBloom};

/// A filter as Python's classes see it.
pub(super) trait Filter: Sized {
    /// The bits of a mark or fingerprint, as they stand in byte 20 of the encoding; 0 for a filter of one width.
    const BITS: u32;
    fn read(data: &[u8]) -> Result<Self, FilterError>;
    fn encoded(&self) -> Vec<u8>;
    fn holds(&self, item: &[u8]) -> bool;
    fn holds_each(&self, items: &[&[u8]]) -> Vec<bool>;
    fn count(&self) -> u64;
    fn strangers(&self) -> f64;
    fn memory(&self) -> usize;
    fn choices(&self) -> u64;
}

/// Hands the trait's methods on to those of the filters' own.
macro_rules! filters {
    ($($filter:ty, $bits:expr;)+) => {$(
        impl Filter for $filter {
            const BITS: u32 = $bits;

            fn read(data: &[u8]) -> Result<Self, FilterError> {
                <$filter>::from_bytes(data)
            }

            fn encoded(&self) -> Vec<u8> {
                self.to_bytes()
            }

            fn holds(&self, item: &[u8]) -> bool {
                self.contains(item)
            }

            fn holds_each(&self, items: &[&[u8]]) -> Vec<bool> {
                items.iter().map(|item| self.contains(item)).collect()
            }

            fn count(&self) -> u64 {
                self.len()
            }

            fn strangers(&self) -> f64 {
                self.rate()
            }

            fn memory(&self) -> usize {
                self.size()
            }

            fn choices(&self) -> u64 {
                self.seed()
            }
        }
    )+};
}

filters! {
    Bloom, 0;
    GrowingBloom, 0;
    Cuckoo<u16>, 16;
    Cuckoo<u32>, 32;
    Fuse<u8>, 8;
    Fuse<u16>, 16;
}

/// The other filter of a merge: a copy where it is the very same object, which cannot be borrowed twice.
pub(super) enum Other<'py, C: PyClass> {
    Itself(C),
    Another(PyRef<'py, C>),
}

impl<'py, C: PyClass + Clone> Other<'py, C> {
    pub(super) fn of(this: &Bound<'py, C>, other: &Bound<'py, C>) -> PyResult<Other<'py, C>> {
        let borrowed = other.try_borrow()?;
        Ok(if this.as_any().is(other) { Other::Itself(C::clone(&borrowed)) } else { Other::Another(borrowed) })
    }

    pub(super) fn get(&self) -> &C {
        match self {
            Other::Itself(copy) => copy,
            Other::Another(other) => other,
        }
    }
}

/// A filter of one of two widths behind one class.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Width<N, W> {
    Narrow(N),
    Wide(W),
}

/// Runs `$body` with `$filter` bound to the filter inside.
macro_rules! with_filter {
    ($width:expr, $filter:ident => $body:expr) => {
        match $width {
            crate::python::class::Width::Narrow($filter) => $body,
            crate::python::class::Width::Wide($filter) => $body,
        }
    };
}
pub(super) use with_filter;

impl<N: Filter, W: Filter> Width<N, W> {
    pub(super) fn bits(&self) -> u32 {
        match self {
            Width::Narrow(_) => N::BITS,
            Width::Wide(_) => W::BITS,
        }
    }
}

impl<N: Filter, W: Filter> Filter for Width<N, W> {
    const BITS: u32 = 0;

    /// The width stands in byte 20; what is wrong otherwise, either decoder says.
    fn read(data: &[u8]) -> Result<Self, FilterError> {
        match data.get(20) {
            Some(&bits) if u32::from(bits) == W::BITS => W::read(data).map(Width::Wide),
            _ => N::read(data).map(Width::Narrow),
        }
    }

    fn encoded(&self) -> Vec<u8> {
        with_filter!(self, filter => filter.encoded())
    }

    fn holds(&self, item: &[u8]) -> bool {
        with_filter!(self, filter => filter.holds(item))
    }

    fn holds_each(&self, items: &[&[u8]]) -> Vec<bool> {
        with_filter!(self, filter => filter.holds_each(items))
    }

    fn count(&self) -> u64 {
        with_filter!(self, filter => filter.count())
    }

    fn strangers(&self) -> f64 {
        with_filter!(self, filter => filter.strangers())
    }

    fn memory(&self) -> usize {
        with_filter!(self, filter => filter.memory())
    }

    fn choices(&self) -> u64 {
        with_filter!(self, filter => filter.choices())
    }
}

/// The methods of a class around one filter: its own, and what all filters have.
macro_rules! filter_class {
    ($class:ident, { $($own:tt)* }) => {
        #[pymethods]
        impl $class {
            $($own)*

            /// Reads a filter from its only encoding.
            #[classmethod]
            fn from_bytes(_: &Bound<'_, PyType>, py: Python<'_>, data: Bytes<'_>) -> PyResult<$class> {
                let data = &*data;
                py.detach(|| Filter::read(data)).map($class).map_err(|error| crate::python::refuse(py, &error))
            }

            /// The only encoding.
            fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
                PyBytes::new(py, &py.detach(|| self.0.encoded()))
            }

            fn __contains__(&self, py: Python<'_>, item: Bytes<'_>) -> bool {
                globelet_binding::hashing(py, &item, |item| self.0.holds(item))
            }

            /// Whether each item is perhaps held.
            fn contains_many(&self, py: Python<'_>, items: Rows<'_>) -> Vec<bool> {
                let (filter, items) = (&self.0, items.slices());
                py.detach(|| filter.holds_each(&items))
            }

            fn __len__(&self) -> usize {
                self.0.count() as usize
            }

            /// The probability that a stranger is found now.
            #[getter]
            fn rate(&self) -> f64 {
                self.0.strangers()
            }

            /// Bytes of memory.
            #[getter]
            fn size(&self) -> usize {
                self.0.memory()
            }

            /// What decides every choice.
            #[getter]
            fn seed(&self) -> u64 {
                self.0.choices()
            }
        }
    };
}
pub(super) use filter_class;
