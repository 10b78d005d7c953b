//! `globelet._native.abba`.

mod coin;
mod member;
mod subset;

use globelet_binding::{refusal, AlgorithmError, Bytes, Coded, List};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::AbbaMessage;

pyo3::create_exception!(
    globelet.algorithms.abba,
    AbbaError,
    AlgorithmError,
    "A committee, a member or a message was refused. `code` is stable."
);

/// What only Python can get wrong.
#[derive(Debug, thiserror::Error)]
enum Misuse {
    #[error("a seed has 32 bytes, not {found}")]
    Length { found: usize },
    #[error("{n} members are too many to deal a coin among here: at most {most}")]
    TooMany { n: u16, most: u16 },
    #[error("no coin is drawn in round {round}: the coins of rounds 0 and 1 are fixed, true and then false")]
    Fixed { round: u32 },
}

impl Coded for crate::AbbaError {
    fn code(&self) -> &'static str {
        crate::AbbaError::code(self)
    }
}

impl Coded for Misuse {
    fn code(&self) -> &'static str {
        match self {
            Misuse::Length { .. } => "abba.length",
            Misuse::TooMany { .. } => "abba.committee",
            Misuse::Fixed { .. } => "abba.fixed-coin",
        }
    }
}

fn refuse(py: Python<'_>, error: &dyn Coded) -> PyErr {
    refusal::<AbbaError>(py, error)
}

/// A member's number that exists.
fn known(py: Python<'_>, member: u16, n: u16) -> PyResult<u16> {
    if member < n {
        return Ok(member);
    }
    Err(refuse(py, &crate::AbbaError::NoSuchMember { member, n }))
}

/// Builds the submodule.
///
/// # Errors
/// Only when Python runs out of memory.
pub fn module(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    let module = PyModule::new(py, "abba")?;
    module.add("AbbaError", py.get_type::<AbbaError>())?;
    module.add("FIXED", (true, false))?;
    module.add("WINDOW", crate::WINDOW)?;
    module.add_class::<coin::PyCoin>()?;
    module.add_class::<member::PyAbba>()?;
    module.add_class::<subset::PySubset>()?;
    module.add_function(wrap_pyfunction!(message, &module)?)?;
    module.add_function(wrap_pyfunction!(bval, &module)?)?;
    module.add_function(wrap_pyfunction!(aux, &module)?)?;
    module.add_function(wrap_pyfunction!(conf, &module)?)?;
    module.add_function(wrap_pyfunction!(term, &module)?)?;
    Ok(module)
}

/// Reads a message; the points in a share of a coin take microseconds.
fn read(py: Python<'_>, data: &[u8]) -> PyResult<AbbaMessage> {
    py.detach(|| AbbaMessage::from_bytes(data)).map_err(|e| refuse(py, &e))
}

/// What a message says, for people.
#[pyfunction]
fn message<'py>(py: Python<'py>, data: Bytes<'py>) -> PyResult<Bound<'py, PyDict>> {
    let message = read(py, &data)?;
    let dict = PyDict::new(py);
    let kind = match &message {
        AbbaMessage::Bval { input: true, .. } => "input",
        AbbaMessage::Bval { .. } => "bval",
        AbbaMessage::Aux { .. } => "aux",
        AbbaMessage::Conf { .. } => "conf",
        AbbaMessage::Coin { .. } => "coin",
        AbbaMessage::Term { .. } => "term",
    };
    dict.set_item("kind", kind)?;
    dict.set_item("round", message.round())?;
    match &message {
        AbbaMessage::Bval { value, .. } | AbbaMessage::Aux { value, .. } | AbbaMessage::Term { value } => {
            dict.set_item("values", [*value])?;
        }
        AbbaMessage::Conf { values, .. } => {
            let both = [false, true].into_iter().filter(|&value| values >> u8::from(value) & 1 == 1);
            dict.set_item("values", both.collect::<Vec<bool>>())?;
        }
        AbbaMessage::Coin { .. } => dict.set_item("values", Vec::<bool>::new())?,
    }
    Ok(dict)
}

fn made<'py>(py: Python<'py>, message: &AbbaMessage) -> PyResult<Bound<'py, PyBytes>> {
    let bytes = py.detach(|| message.to_bytes());
    // What no honest member says is refused where it is read, so it is not made either.
    read(py, &bytes)?;
    Ok(PyBytes::new(py, &bytes))
}

/// A BVAL message.
#[pyfunction]
#[pyo3(signature = (number, value, own=false))]
fn bval(py: Python<'_>, number: u32, value: bool, own: bool) -> PyResult<Bound<'_, PyBytes>> {
    made(py, &AbbaMessage::Bval { round: number, value, input: own })
}

/// An AUX message.
#[pyfunction]
fn aux(py: Python<'_>, number: u32, value: bool) -> PyResult<Bound<'_, PyBytes>> {
    made(py, &AbbaMessage::Aux { round: number, value })
}

/// A CONF message.
#[pyfunction]
fn conf(py: Python<'_>, number: u32, values: List<bool>) -> PyResult<Bound<'_, PyBytes>> {
    let values = values.iter().fold(0, |set, &value| set | 1 << u8::from(value));
    made(py, &AbbaMessage::Conf { round: number, values })
}

/// A TERM message.
#[pyfunction]
fn term(py: Python<'_>, value: bool) -> PyResult<Bound<'_, PyBytes>> {
    made(py, &AbbaMessage::Term { value })
}
