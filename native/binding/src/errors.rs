//! One family of exceptions for all algorithms, each with a stable code.

use std::fmt::Display;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::PyTypeInfo;

pyo3::create_exception!(
    globelet.algorithms,
    AlgorithmError,
    PyValueError,
    "An algorithm refused its input. `code` is stable; the text names what is wrong and the mend."
);

/// An error with a stable code in the style `merkle.no-such-leaf`.
pub trait Coded: Display {
    /// The code; it never changes once published.
    fn code(&self) -> &'static str;
}

/// The exception of class `E`, a subclass of [`AlgorithmError`], with the error's text and its `code`.
pub fn refusal<E: PyTypeInfo>(py: Python<'_>, error: &dyn Coded) -> PyErr {
    let made = PyErr::from_type(py.get_type::<E>(), error.to_string());
    match made.value(py).setattr("code", error.code()) {
        Ok(()) => made,
        Err(failed) => failed,
    }
}
