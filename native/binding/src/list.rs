//! Many values in one argument.

use std::ops::Deref;

use pyo3::conversion::FromPyObjectOwned;
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyTuple};

/// A list, tuple, array or other sequence of values.
///
/// It takes what a `Vec` takes, but reserves no room for a length that an object of Python's merely claims: for one that
/// lies, PyO3's own would panic, or end the process.
pub struct List<T>(Vec<T>);

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> IntoIterator for List<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'py, T: FromPyObjectOwned<'py>> FromPyObject<'_, 'py> for List<T> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<List<T>> {
        // SAFETY: the object is alive, and the call only looks at its type.
        let sequence = unsafe { ffi::PySequence_Check(object.as_ptr()) } != 0;
        if !sequence || object.is_instance_of::<PyString>() {
            let name = object.get_type().qualname()?;
            return Err(PyTypeError::new_err(format!("a list or another sequence is wanted, not {name}")));
        }
        let known = object.is_exact_instance_of::<PyList>() || object.is_exact_instance_of::<PyTuple>();
        let mut items = Vec::with_capacity(if known { object.len()? } else { 0 });
        for item in object.try_iter()? {
            items.push(item?.extract().map_err(Into::into)?);
        }
        Ok(List(items))
    }
}
