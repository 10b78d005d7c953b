//! Arrays of degrees as Python gives them, without a copy.

use globelet_binding::List;
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use super::{refuse, Misuse};

/// An array with one dimension of contiguous 64-bit floats (NumPy, `array('d')`, Arrow), read where it lies, or a list or
/// tuple of numbers, which is copied.
///
/// Another thread may write to an array while it is read without Python's lock; the result is then that of some mixture.
pub(super) enum Degrees {
    /// Memory that Python keeps in place.
    Memory(PyBuffer<f64>),
    /// Numbers from a list.
    Numbers(List<f64>),
}

impl Degrees {
    fn slice(&self) -> &[f64] {
        match self {
            Degrees::Numbers(numbers) => numbers,
            Degrees::Memory(memory) => match memory.as_slice_ptr() {
                // SAFETY: the buffer is held, so its memory stays in place and in size as long as `self` lives; it is
                // contiguous, aligned and of 64-bit floats, which `PyBuffer` has checked. Only reads are made.
                Some(numbers) => unsafe { numbers.as_ref() },
                None => &[],
            },
        }
    }
}

impl<'py> FromPyObject<'_, 'py> for Degrees {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Degrees> {
        if let Ok(memory) = PyBuffer::<f64>::get(&object) {
            if memory.dimensions() == 1 && memory.is_c_contiguous() {
                return Ok(Degrees::Memory(memory));
            }
        } else if let Ok(numbers) = object.extract::<List<f64>>() {
            if !object.hasattr("__array_interface__")? {
                return Ok(Degrees::Numbers(numbers));
            }
        }
        Err(PyTypeError::new_err(
            "a contiguous array of 64-bit floats with one dimension, or a list of floats, is wanted",
        ))
    }
}

/// Longitudes and latitudes of the same number.
pub(super) fn both<'a>(py: Python<'_>, lons: &'a Degrees, lats: &'a Degrees) -> PyResult<(&'a [f64], &'a [f64])> {
    let (lons, lats) = (lons.slice(), lats.slice());
    if lons.len() != lats.len() {
        return Err(refuse(py, &Misuse::OneLatitudeEach { lons: lons.len(), lats: lats.len() }));
    }
    Ok((lons, lats))
}
