//! Shards and their commitments, as Python sees them.

use globelet_binding::Bytes;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};

use super::{refuse, signing_key, PyAnswer, PyChallenge};
use crate::{Answer, Commitment, Shard};

/// What a shard is, for those who do not have it.
#[pyclass(name = "Commitment", module = "globelet.algorithms.holding", frozen, eq)]
#[derive(PartialEq, Eq)]
pub(super) struct PyCommitment(pub(super) Commitment);

/// A shard and the tree over its pieces.
#[pyclass(name = "Shard", module = "globelet.algorithms.holding", frozen)]
pub(super) struct PyShard(Shard);

#[pymethods]
impl PyCommitment {
    /// Reads it from its only encoding.
    #[classmethod]
    fn from_bytes(_: &Bound<'_, PyType>, py: Python<'_>, data: Bytes<'_>) -> PyResult<PyCommitment> {
        Commitment::from_bytes(&data).map(PyCommitment).map_err(|e| refuse(py, &e))
    }

    /// The only encoding.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_bytes())
    }

    /// Root over the pieces.
    #[getter]
    fn root<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.root)
    }

    /// Bytes of the shard.
    #[getter]
    fn length(&self) -> u64 {
        self.0.length
    }

    /// The number of pieces.
    #[getter]
    fn pieces(&self, py: Python<'_>) -> PyResult<u32> {
        self.0.pieces().map_err(|e| refuse(py, &e))
    }
}

#[pymethods]
impl PyShard {
    #[new]
    #[pyo3(signature = (data, piece=256))]
    fn new(py: Python<'_>, data: Bytes<'_>, piece: u32) -> PyResult<PyShard> {
        let data: &[u8] = &data;
        py.detach(|| Shard::cut(data.to_vec(), piece)).map(PyShard).map_err(|e| refuse(py, &e))
    }

    /// What others need to know of it.
    #[getter]
    fn commitment(&self) -> PyCommitment {
        PyCommitment(self.0.commitment())
    }

    fn __len__(&self) -> usize {
        self.0.bytes().len()
    }

    /// One piece.
    fn piece<'py>(&self, py: Python<'py>, index: u32) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.piece(index))
    }

    /// The answer of one who has the shard.
    fn answer(&self, py: Python<'_>, seed: Bytes<'_>, challenge: PyRef<'_, PyChallenge>) -> PyResult<PyAnswer> {
        let (key, challenge) = (signing_key(py, &seed)?, challenge.0);
        py.detach(|| Answer::make(&key, &challenge, &self.0)).map(PyAnswer).map_err(|e| refuse(py, &e))
    }
}
