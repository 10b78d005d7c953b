//! Bytes as Python gives them, without a copy.

use std::ops::Deref;

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Bytes that take about as long to hash as it takes to leave the interpreter's lock and come back.
const LONG: usize = 4096;

/// Hashes bytes by `work`: without the interpreter's lock, unless they are so few that leaving it would take longer.
pub fn hashing<T: Send>(py: Python<'_>, bytes: &[u8], work: impl FnOnce(&[u8]) -> T + Send) -> T {
    if bytes.len() < LONG {
        work(bytes)
    } else {
        py.detach(|| work(bytes))
    }
}

/// An argument that is `bytes` or has a contiguous buffer of single bytes: memoryview, bytearray, NumPy, Arrow buffer.
///
/// Nothing is copied. Python lets another thread write to a bytearray or an array while a call without the lock reads
/// it; the result of such a call is then that of some mixture of old and new bytes, as with Python's own `hashlib`.
pub struct Bytes<'py>(Held<'py>);

enum Held<'py> {
    Object(Bound<'py, PyBytes>),
    Buffer(PyBuffer<u8>),
}

impl Deref for Bytes<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Held::Object(bytes) => bytes.as_bytes(),
            Held::Buffer(buffer) => match buffer.as_slice_ptr() {
                // SAFETY: the buffer is held, so its memory stays in place and in size as long as `self` lives, and it
                // is contiguous. Only reads are made; see above for writes of others.
                Some(memory) => unsafe { memory.as_ref() },
                None => &[],
            },
        }
    }
}

impl AsRef<[u8]> for Bytes<'_> {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl<'py> FromPyObject<'_, 'py> for Bytes<'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Bytes<'py>> {
        if let Ok(bytes) = object.cast::<PyBytes>() {
            return Ok(Bytes(Held::Object(bytes.to_owned())));
        }
        let buffer = PyBuffer::<u8>::get(&object).map_err(|_| wrong_type(&object))?;
        if !buffer.is_c_contiguous() {
            return Err(PyTypeError::new_err("the buffer is not contiguous: pass a contiguous copy of it"));
        }
        Ok(Bytes(Held::Buffer(buffer)))
    }
}

fn wrong_type(object: &Bound<'_, PyAny>) -> PyErr {
    let name = object.get_type().qualname().map_or_else(|_| "this".to_owned(), |name| name.to_string());
    PyTypeError::new_err(format!("bytes or a buffer of single bytes are wanted, not {name}"))
}
