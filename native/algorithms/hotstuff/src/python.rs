//! `globelet._native.hotstuff`.

mod keys;
mod member;
mod watch;

use globelet_binding::{refusal, AlgorithmError, Bytes, Coded};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::{Certificate, HotstuffError as Refused, HotstuffMessage, Phase};

pyo3::create_exception!(
    globelet.algorithms.hotstuff,
    HotstuffError,
    AlgorithmError,
    "A committee, a member or bytes were refused. `code` is stable."
);

/// What only Python can get wrong.
#[derive(Debug, thiserror::Error)]
enum Misuse {
    #[error("a seed has 32 bytes, not {found}")]
    Length { found: usize },
}

impl Coded for Refused {
    fn code(&self) -> &'static str {
        Refused::code(self)
    }
}

impl Coded for Misuse {
    fn code(&self) -> &'static str {
        "hotstuff.length"
    }
}

fn refuse(py: Python<'_>, error: &dyn Coded) -> PyErr {
    refusal::<HotstuffError>(py, error)
}

/// A member's number that exists.
fn known(py: Python<'_>, member: u16, n: u16) -> PyResult<u16> {
    if member < n {
        return Ok(member);
    }
    Err(refuse(py, &Refused::NoSuchMember { member, n }))
}

/// Builds the submodule.
///
/// # Errors
/// Only when Python runs out of memory.
pub fn module(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    let module = PyModule::new(py, "hotstuff")?;
    module.add("HotstuffError", py.get_type::<HotstuffError>())?;
    module.add("HISTORY", crate::HISTORY)?;
    module.add_class::<keys::PyKeys>()?;
    module.add_class::<member::PyHotstuff>()?;
    module.add_class::<watch::PyWatch>()?;
    module.add_function(wrap_pyfunction!(message, &module)?)?;
    module.add_function(wrap_pyfunction!(certificate, &module)?)?;
    Ok(module)
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Prepare => "prepare",
        Phase::Commit => "commit",
    }
}

/// What a message says, for people: its kind, and the view, height and block it is about where it names them.
#[pyfunction]
fn message<'py>(py: Python<'py>, data: Bytes<'py>) -> PyResult<Bound<'py, PyDict>> {
    let bytes: &[u8] = &data;
    let message = py.detach(|| HotstuffMessage::from_bytes(bytes)).map_err(|e| refuse(py, &e))?;
    let after = |view: Option<u64>| view.map_or(0, |view| view.saturating_add(1));
    let (kind, view, height, block) = match &message {
        HotstuffMessage::Propose { header, timeout, .. } => {
            ("propose", Some(after(timeout.as_ref().map(|t| t.view))), Some(header.height), Some(header.hash()))
        }
        HotstuffMessage::Vote { phase: Phase::Prepare, view, height, block, .. } => {
            ("vote to prepare", Some(*view), Some(*height), Some(*block))
        }
        HotstuffMessage::Vote { view, height, block, .. } => {
            ("vote to commit", Some(*view), Some(*height), Some(*block))
        }
        HotstuffMessage::Prepared { certificate } => shown("prepared", certificate),
        HotstuffMessage::Committed { certificate, .. } => shown("committed", certificate),
        HotstuffMessage::Timeout { view, height, .. } => ("timeout", Some(*view), Some(*height), None),
        HotstuffMessage::Advance { timeout } => ("advance", Some(timeout.view), None, None),
        HotstuffMessage::Fetch { height, block } => ("fetch", None, Some(*height), *block),
        HotstuffMessage::Block { header, .. } => ("block", None, Some(header.height), Some(header.hash())),
    };
    let dict = PyDict::new(py);
    dict.set_item("kind", kind)?;
    dict.set_item("view", view)?;
    dict.set_item("height", height)?;
    dict.set_item("block", block.map(|block| PyBytes::new(py, &block)))?;
    Ok(dict)
}

type Shown = (&'static str, Option<u64>, Option<u64>, Option<crate::Hash>);

fn shown(kind: &'static str, certificate: &Certificate) -> Shown {
    (kind, Some(certificate.view), Some(certificate.height), Some(certificate.block))
}

/// What a certificate says, for people.
#[pyfunction]
fn certificate<'py>(py: Python<'py>, data: Bytes<'py>) -> PyResult<Bound<'py, PyDict>> {
    let bytes: &[u8] = &data;
    let found = py.detach(|| Certificate::from_bytes(bytes)).map_err(|e| refuse(py, &e))?;
    let dict = PyDict::new(py);
    dict.set_item("phase", phase(found.phase))?;
    dict.set_item("view", found.view)?;
    dict.set_item("height", found.height)?;
    dict.set_item("block", PyBytes::new(py, &found.block))?;
    let members: Vec<u16> = found.signatures.iter().map(|(member, _)| *member).collect();
    dict.set_item("members", members)?;
    Ok(dict)
}
