//! `globelet._native.holding`.

mod holder;
mod shard;

use globelet_binding::{refusal, AlgorithmError, Bytes, Coded};
use globelet_signatures::SigningKey;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};

use self::shard::PyCommitment;
use crate::{Answer, Challenge, Extension, HoldingProof, Request};

pyo3::create_exception!(
    globelet.algorithms.holding,
    HoldingError,
    AlgorithmError,
    "A shard, a request, a proof or an answer was refused. `code` is stable."
);

/// What only Python can get wrong.
#[derive(Debug, thiserror::Error)]
enum Misuse {
    #[error("{what} has {expected} bytes, not {found}")]
    Length { what: &'static str, expected: usize, found: usize },
    #[error("an outcome is 'acknowledged', 'passed', 'missed' or 'wrong', not {0:?}")]
    UnknownOutcome(String),
}

impl Coded for crate::HoldingError {
    fn code(&self) -> &'static str {
        crate::HoldingError::code(self)
    }
}

impl Coded for Misuse {
    fn code(&self) -> &'static str {
        match self {
            Misuse::Length { .. } => "holding.length",
            Misuse::UnknownOutcome(_) => "holding.unknown-outcome",
        }
    }
}

fn refuse(py: Python<'_>, error: &dyn Coded) -> PyErr {
    refusal::<HoldingError>(py, error)
}

fn fixed<const N: usize>(py: Python<'_>, what: &'static str, bytes: &[u8]) -> PyResult<[u8; N]> {
    <[u8; N]>::try_from(bytes).map_err(|_| refuse(py, &Misuse::Length { what, expected: N, found: bytes.len() }))
}

/// The key of a seed, which is read where it lies: a copy would have to be wiped.
fn signing_key(py: Python<'_>, seed: &[u8]) -> PyResult<SigningKey> {
    let length = Misuse::Length { what: "a seed", expected: 32, found: seed.len() };
    let seed: &[u8; 32] = seed.try_into().map_err(|_| refuse(py, &length))?;
    Ok(py.detach(|| SigningKey::from_seed(seed)))
}

/// Builds the submodule.
///
/// # Errors
/// Only when Python runs out of memory.
pub fn module(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    let module = PyModule::new(py, "holding")?;
    module.add("HoldingError", py.get_type::<HoldingError>())?;
    module.add_class::<PyCommitment>()?;
    module.add_class::<shard::PyShard>()?;
    module.add_class::<PyRequest>()?;
    module.add_class::<PyExtension>()?;
    module.add_class::<PyHoldingProof>()?;
    module.add_class::<PyChallenge>()?;
    module.add_class::<PyAnswer>()?;
    module.add_class::<holder::PyHolder>()?;
    module.add_class::<holder::PyRecords>()?;
    module.add_function(wrap_pyfunction!(caught, &module)?)?;
    module.add_function(wrap_pyfunction!(ranges_needed, &module)?)?;
    Ok(module)
}

/// PoH_REQUEST.
#[pyclass(name = "Request", module = "globelet.algorithms.holding", frozen, eq)]
#[derive(PartialEq, Eq)]
struct PyRequest(Request);

/// Please keep it longer.
#[pyclass(name = "Extension", module = "globelet.algorithms.holding", frozen, eq)]
#[derive(PartialEq, Eq)]
struct PyExtension(Extension);

/// PoH_ACK.
#[pyclass(name = "HoldingProof", module = "globelet.algorithms.holding", frozen, eq)]
#[derive(PartialEq, Eq)]
struct PyHoldingProof(HoldingProof);

/// Show these pieces of a shard.
#[pyclass(name = "Challenge", module = "globelet.algorithms.holding", frozen, eq)]
#[derive(PartialEq, Eq)]
struct PyChallenge(Challenge);

/// The pieces asked for and their proof.
#[pyclass(name = "Answer", module = "globelet.algorithms.holding", frozen, eq)]
#[derive(PartialEq, Eq)]
struct PyAnswer(Answer);

#[pymethods]
impl PyRequest {
    /// Reads it from its only encoding.
    #[classmethod]
    fn from_bytes(_: &Bound<'_, PyType>, py: Python<'_>, data: Bytes<'_>) -> PyResult<PyRequest> {
        Request::from_bytes(&data).map(PyRequest).map_err(|e| refuse(py, &e))
    }

    /// The only encoding.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_bytes())
    }

    /// A request signed with the asker's seed.
    #[classmethod]
    fn sign(
        _: &Bound<'_, PyType>,
        py: Python<'_>,
        seed: Bytes<'_>,
        vertex: Bytes<'_>,
        shard: u16,
        commitment: PyRef<'_, PyCommitment>,
        ttl_us: u64,
    ) -> PyResult<PyRequest> {
        let (key, vertex, commitment) = (signing_key(py, &seed)?, fixed(py, "a vertex", &vertex)?, commitment.0);
        Ok(PyRequest(py.detach(|| Request::sign(&key, vertex, shard, commitment, ttl_us))))
    }

    /// Checks signature and lengths.
    fn verify(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.0.verify()).map_err(|e| refuse(py, &e))
    }
}

#[pymethods]
impl PyExtension {
    /// Reads it from its only encoding.
    #[classmethod]
    fn from_bytes(_: &Bound<'_, PyType>, py: Python<'_>, data: Bytes<'_>) -> PyResult<PyExtension> {
        Extension::from_bytes(&data).map(PyExtension).map_err(|e| refuse(py, &e))
    }

    /// The only encoding.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_bytes())
    }

    /// An extension signed with the asker's seed.
    #[classmethod]
    fn sign(
        _: &Bound<'_, PyType>,
        py: Python<'_>,
        seed: Bytes<'_>,
        vertex: Bytes<'_>,
        shard: u16,
        until_us: u64,
    ) -> PyResult<PyExtension> {
        let (key, vertex) = (signing_key(py, &seed)?, fixed(py, "a vertex", &vertex)?);
        Ok(PyExtension(py.detach(|| Extension::sign(&key, vertex, shard, until_us))))
    }
}

#[pymethods]
impl PyHoldingProof {
    /// Reads it from its only encoding.
    #[classmethod]
    fn from_bytes(_: &Bound<'_, PyType>, py: Python<'_>, data: Bytes<'_>) -> PyResult<PyHoldingProof> {
        HoldingProof::from_bytes(&data).map(PyHoldingProof).map_err(|e| refuse(py, &e))
    }

    /// The only encoding.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_bytes())
    }

    /// Checks that the holder promises to keep the shard now.
    fn verify(&self, py: Python<'_>, key: Bytes<'_>, vertex: Bytes<'_>, now_us: u64, longest_us: u64) -> PyResult<()> {
        let (key, vertex) = (fixed(py, "a key", &key)?, fixed(py, "a vertex", &vertex)?);
        py.detach(|| self.0.verify(&key, &vertex, now_us, longest_us)).map_err(|e| refuse(py, &e))
    }

    /// Index of the holder.
    #[getter]
    fn holder(&self) -> u16 {
        self.0.holder
    }

    /// Which shard.
    #[getter]
    fn shard(&self) -> u16 {
        self.0.shard
    }

    /// Kept durably since, in microseconds.
    #[getter]
    fn since_us(&self) -> u64 {
        self.0.since.micros
    }

    /// Kept until, in microseconds.
    #[getter]
    fn until_us(&self) -> u64 {
        self.0.until_us
    }
}

#[pymethods]
impl PyChallenge {
    /// Reads it from its only encoding.
    #[classmethod]
    fn from_bytes(_: &Bound<'_, PyType>, py: Python<'_>, data: Bytes<'_>) -> PyResult<PyChallenge> {
        Challenge::from_bytes(&data).map(PyChallenge).map_err(|e| refuse(py, &e))
    }

    /// The only encoding.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_bytes())
    }

    #[new]
    #[pyo3(signature = (vertex, shard, holder, seed, ranges, width=1, due_us=u64::MAX))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        vertex: Bytes<'_>,
        shard: u16,
        holder: u16,
        seed: Bytes<'_>,
        ranges: u16,
        width: u16,
        due_us: u64,
    ) -> PyResult<PyChallenge> {
        let (vertex, seed) = (fixed(py, "a vertex", &vertex)?, fixed(py, "a seed", &seed)?);
        Ok(PyChallenge(Challenge { vertex, shard, holder, seed, ranges, width, due_us }))
    }

    /// The pieces to show.
    fn pieces(&self, py: Python<'_>, commitment: PyRef<'_, PyCommitment>) -> PyResult<Vec<u32>> {
        let commitment = commitment.0;
        py.detach(|| self.0.pieces(&commitment)).map_err(|e| refuse(py, &e))
    }
}

#[pymethods]
impl PyAnswer {
    /// Reads it from its only encoding.
    #[classmethod]
    fn from_bytes(_: &Bound<'_, PyType>, py: Python<'_>, data: Bytes<'_>) -> PyResult<PyAnswer> {
        let data: &[u8] = &data;
        py.detach(|| Answer::from_bytes(data)).map(PyAnswer).map_err(|e| refuse(py, &e))
    }

    /// The only encoding.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_bytes())
    }

    /// The pieces.
    #[getter]
    fn pieces<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyBytes>> {
        self.0.pieces.iter().map(|piece| PyBytes::new(py, piece)).collect()
    }

    /// Checks an answer that came at `now_us`.
    fn verify(
        &self,
        py: Python<'_>,
        commitment: PyRef<'_, PyCommitment>,
        challenge: PyRef<'_, PyChallenge>,
        key: Bytes<'_>,
        now_us: u64,
    ) -> PyResult<()> {
        let (commitment, challenge, key) = (commitment.0, challenge.0, fixed(py, "a key", &key)?);
        py.detach(|| self.0.verify(&commitment, &challenge, &key, now_us)).map_err(|e| refuse(py, &e))
    }
}

/// The probability that a challenge meets a lost piece.
#[pyfunction]
#[pyo3(signature = (pieces, lost, ranges, width=1))]
fn caught(py: Python<'_>, pieces: u32, lost: u32, ranges: u16, width: u16) -> f64 {
    py.detach(|| crate::caught(pieces, lost, ranges, width))
}

/// The fewest ranges that catch with this probability.
#[pyfunction]
#[pyo3(signature = (pieces, lost, at_least, width=1))]
fn ranges_needed(py: Python<'_>, pieces: u32, lost: u32, at_least: f64, width: u16) -> Option<u16> {
    py.detach(|| crate::ranges_needed(pieces, lost, width, at_least))
}
