//! Shards in and out of Python, without a copy where there is a place to write to.

use globelet_binding::{Bytes, List};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use super::refuse;
use crate::{ErasureError, Frame};

/// Shards by their numbers: a dict, or pairs.
pub(super) struct Numbered<'py>(List<(usize, Bytes<'py>)>);

impl Numbered<'_> {
    pub(super) fn slices(&self) -> Vec<(usize, &[u8])> {
        self.0.iter().map(|(index, shard)| (*index, &**shard)).collect()
    }
}

impl<'py> FromPyObject<'_, 'py> for Numbered<'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Numbered<'py>> {
        match object.cast::<PyDict>() {
            // A copy of what is in it: a number's own code may change the dict while it is read.
            Ok(by_number) => by_number.items().extract(),
            Err(_) => object.extract(),
        }
        .map(Numbered)
    }
}

/// `count` bytes objects of `size` bytes that `fill` writes without the interpreter's lock.
pub(super) fn filled<'py>(
    py: Python<'py>,
    count: usize,
    size: usize,
    fill: impl FnOnce(&mut [&mut [u8]]) -> Result<(), ErasureError> + Send,
) -> PyResult<Vec<Bound<'py, PyBytes>>> {
    let made = (0..count).map(|_| PyBytes::new_with(py, size, |_| Ok(()))).collect::<PyResult<Vec<_>>>()?;
    let place = |bytes: &Bound<'py, PyBytes>| -> &mut [u8] {
        // SAFETY: the object is new and zeroed, has `size` bytes, is held until after `fill`, and nobody else has it yet:
        // so this is the only reference to its memory. One of no bytes is shared, but nothing is written to it.
        unsafe { std::slice::from_raw_parts_mut(ffi::PyBytes_AsString(bytes.as_ptr()).cast(), size) }
    };
    let mut places: Vec<&mut [u8]> = made.iter().map(place).collect();
    py.detach(|| fill(&mut places)).map_err(|error| refuse(py, &error))?;
    Ok(made)
}

/// The payload of a frame, copied once.
pub(super) fn joined<'py>(py: Python<'py>, frame: &Frame<'_>) -> PyResult<Bound<'py, PyBytes>> {
    let mut made = filled(py, 1, frame.len(), |places| {
        let mut rest = &mut *places[0];
        for part in frame.parts() {
            let (now, later) = rest.split_at_mut(part.len());
            now.copy_from_slice(part);
            rest = later;
        }
        Ok(())
    })?;
    Ok(made.remove(0))
}
