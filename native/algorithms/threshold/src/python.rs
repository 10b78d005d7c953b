//! `globelet._native.threshold`.

use globelet_binding::{refusal, AlgorithmError, Bytes, Coded};
use pyo3::prelude::*;

mod ceremony;
mod encryption;
mod signature;

pyo3::create_exception!(
    globelet.algorithms.threshold,
    ThresholdError,
    AlgorithmError,
    "Keys, shares or messages were refused. `code` is stable; `members` names those who are at fault, if any are."
);

/// What only Python can get wrong.
#[derive(Debug, thiserror::Error)]
enum Misuse {
    #[error("{what} has {expected} bytes, not {found}: pass exactly so many")]
    Length { what: &'static str, expected: usize, found: usize },
    #[error("there is no scheme {0:?}: choose 'encryption' or 'signing'")]
    UnknownScheme(String),
    #[error("a key or share of the other scheme: this ceremony is for {0}")]
    OtherScheme(&'static str),
    #[error("{members} members and {shares} shares: pass as many of each")]
    Unequal { members: usize, shares: usize },
}

impl Coded for crate::ThresholdError {
    fn code(&self) -> &'static str {
        crate::ThresholdError::code(self)
    }
}

impl Coded for Misuse {
    fn code(&self) -> &'static str {
        match self {
            Misuse::Length { .. } => "threshold.length",
            Misuse::UnknownScheme(_) => "threshold.unknown-scheme",
            Misuse::OtherScheme(_) => "threshold.other-scheme",
            Misuse::Unequal { .. } => "threshold.unequal",
        }
    }
}

/// The exception of a refusal, with the members at fault.
fn refuse(py: Python<'_>, error: &crate::ThresholdError) -> PyErr {
    use crate::ThresholdError as E;
    let at_fault = match error {
        E::BadShares { indices } => indices.clone(),
        E::BadDealer { dealer, .. } => vec![*dealer],
        E::BadComplaint { receiver, .. } => vec![*receiver],
        _ => Vec::new(),
    };
    with_members(py, refusal::<ThresholdError>(py, error), at_fault)
}

fn misuse(py: Python<'_>, error: &Misuse) -> PyErr {
    with_members(py, refusal::<ThresholdError>(py, error), Vec::new())
}

fn with_members(py: Python<'_>, made: PyErr, at_fault: Vec<u16>) -> PyErr {
    match made.value(py).setattr("members", at_fault) {
        Ok(()) => made,
        Err(failed) => failed,
    }
}

/// Exactly `N` bytes of what the error calls `what`.
fn exactly<'a, const N: usize>(py: Python<'_>, what: &'static str, bytes: &'a [u8]) -> PyResult<&'a [u8; N]> {
    bytes.try_into().map_err(|_| misuse(py, &Misuse::Length { what, expected: N, found: bytes.len() }))
}

/// Randomness or a seed: 32 bytes.
fn seed<'a>(py: Python<'_>, bytes: &'a Bytes<'_>) -> PyResult<&'a [u8; 32]> {
    exactly(py, "randomness", bytes)
}

/// The methods of a class that wraps one Rust value: its own, and `to_bytes`, `from_bytes`, `__eq__` and a `__repr__` that
/// shows nothing.
macro_rules! encoded {
    ($class:ident, $inner:ty, { $($own:tt)* }) => {
        #[pymethods]
        impl $class {
            $($own)*

            /// Reads what `to_bytes` wrote, and nothing else.
            #[staticmethod]
            fn from_bytes(py: Python<'_>, data: Bytes<'_>) -> PyResult<$class> {
                let data = &*data;
                py.detach(|| <$inner>::from_bytes(data)).map($class).map_err(|error| super::refuse(py, &error))
            }

            /// The only encoding.
            fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
                let written = py.detach(|| zeroize::Zeroizing::new(self.0.to_bytes()));
                PyBytes::new(py, &written)
            }

            fn __eq__(&self, other: &$class) -> bool {
                self.0 == other.0
            }

            fn __repr__(&self) -> &'static str {
                concat!(stringify!($class), "(..)")
            }
        }
    };
}
use encoded;

/// Builds the submodule.
///
/// # Errors
/// Only when Python runs out of memory.
pub fn module(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    let module = PyModule::new(py, "threshold")?;
    module.add("ThresholdError", py.get_type::<ThresholdError>())?;
    encryption::add(&module)?;
    signature::add(&module)?;
    ceremony::add(&module)?;
    Ok(module)
}
