//! Many byte strings in one argument.

use std::fmt::{self, Display, Formatter};

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use crate::{refusal, AlgorithmError, Bytes, Coded};

/// An array of rows without bytes.
struct NoBytes;

impl Display for NoBytes {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("rows without bytes: pass a list of b'' if that is meant")
    }
}

impl Coded for NoBytes {
    fn code(&self) -> &'static str {
        "rows.no-bytes"
    }
}

/// A batch: a list or tuple of bytes-like objects, or a contiguous two-dimensional array of bytes, one item a row.
pub struct Rows<'py>(Held<'py>);

enum Held<'py> {
    Items(Vec<Bytes<'py>>),
    Matrix { memory: PyBuffer<u8>, width: usize },
}

impl Rows<'_> {
    /// The rows in order; nothing is copied.
    pub fn slices(&self) -> Vec<&[u8]> {
        match &self.0 {
            Held::Items(items) => items.iter().map(|item| &**item).collect(),
            Held::Matrix { memory, width } => match memory.as_slice_ptr() {
                // SAFETY: as for `Bytes`: held, contiguous, only read.
                Some(memory) if *width > 0 => unsafe { memory.as_ref() }.chunks_exact(*width).collect(),
                _ => Vec::new(),
            },
        }
    }
}

impl<'py> FromPyObject<'_, 'py> for Rows<'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Rows<'py>> {
        if let Ok(list) = object.cast::<PyList>() {
            return Ok(Rows(Held::Items(list.iter().map(|item| item.extract()).collect::<PyResult<_>>()?)));
        }
        if let Ok(tuple) = object.cast::<PyTuple>() {
            return Ok(Rows(Held::Items(tuple.iter().map(|item| item.extract()).collect::<PyResult<_>>()?)));
        }
        match PyBuffer::<u8>::get(&object) {
            Ok(memory) if memory.dimensions() == 2 && memory.is_c_contiguous() => {
                let (count, width) = (memory.shape()[0], memory.shape()[1]);
                // Rows without bytes take no memory, so their number would be unbounded.
                if width == 0 && count > 0 {
                    return Err(refusal::<AlgorithmError>(object.py(), &NoBytes));
                }
                Ok(Rows(Held::Matrix { memory, width }))
            }
            _ => Err(PyTypeError::new_err(
                "a list or tuple of bytes-like objects, or a contiguous array of bytes with two dimensions, is wanted",
            )),
        }
    }
}
