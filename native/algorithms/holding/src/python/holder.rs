//! The holder and the records, as Python sees them.

use globelet_binding::Bytes;
use globelet_clock::Stamp;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};

use super::{fixed, refuse, signing_key, Misuse, PyAnswer, PyChallenge, PyExtension, PyHoldingProof, PyRequest};
use crate::{Holder, Limits, Outcome, Records};

/// A node that holds shards for others.
#[pyclass(name = "Holder", module = "globelet.algorithms.holding")]
pub(super) struct PyHolder(Holder);

#[pymethods]
impl PyHolder {
    #[new]
    #[pyo3(signature = (place, seed, room, shards, longest_us))]
    fn new(
        py: Python<'_>,
        place: u16,
        seed: Bytes<'_>,
        room: u64,
        shards: usize,
        longest_us: u64,
    ) -> PyResult<PyHolder> {
        let limits = Limits { bytes: room, shards, longest_us };
        Ok(PyHolder(Holder::new(place, signing_key(py, &seed)?, limits)))
    }

    /// The key that its proofs verify by.
    #[getter]
    fn public<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.public())
    }

    /// Takes a shard in and acknowledges it.
    fn hold(
        &mut self,
        py: Python<'_>,
        now_us: u64,
        request: PyRef<'_, PyRequest>,
        data: Bytes<'_>,
    ) -> PyResult<PyHoldingProof> {
        let (holder, request, data): (_, _, &[u8]) = (&mut self.0, &request.0, &data);
        let now = Stamp { micros: now_us, counter: 0 };
        py.detach(|| holder.hold(now, request, data.to_vec())).map(PyHoldingProof).map_err(|e| refuse(py, &e))
    }

    /// Promises to keep a shard longer.
    fn extend(&mut self, py: Python<'_>, now_us: u64, extension: PyRef<'_, PyExtension>) -> PyResult<PyHoldingProof> {
        let (holder, extension) = (&mut self.0, &extension.0);
        py.detach(|| holder.extend(now_us, extension)).map(PyHoldingProof).map_err(|e| refuse(py, &e))
    }

    /// Forgets every shard whose time is over; says which.
    fn expire<'py>(&mut self, py: Python<'py>, now_us: u64) -> Vec<(Bound<'py, PyBytes>, u16)> {
        let holder = &mut self.0;
        let over = py.detach(|| holder.expire(now_us));
        over.iter().map(|(vertex, shard)| (PyBytes::new(py, vertex), *shard)).collect()
    }

    /// Answers a challenge.
    fn answer(&self, py: Python<'_>, now_us: u64, challenge: PyRef<'_, PyChallenge>) -> PyResult<PyAnswer> {
        let challenge = challenge.0;
        py.detach(|| self.0.answer(now_us, &challenge)).map(PyAnswer).map_err(|e| refuse(py, &e))
    }

    /// Bytes of all shards kept.
    #[getter]
    fn bytes_held(&self) -> u64 {
        self.0.bytes_held()
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }
}

/// The records of all nodes, by key.
#[pyclass(name = "Records", module = "globelet.algorithms.holding")]
pub(super) struct PyRecords(Records);

#[pymethods]
impl PyRecords {
    /// Reads it from its only encoding.
    #[classmethod]
    fn from_bytes(_: &Bound<'_, PyType>, py: Python<'_>, data: Bytes<'_>) -> PyResult<PyRecords> {
        let data: &[u8] = &data;
        py.detach(|| Records::from_bytes(data)).map(PyRecords).map_err(|e| refuse(py, &e))
    }

    /// The only encoding.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_bytes())
    }

    #[new]
    fn new() -> PyRecords {
        PyRecords(Records::new())
    }

    /// Notes what came of asking a node.
    fn note(&mut self, py: Python<'_>, key: Bytes<'_>, outcome: &str) -> PyResult<()> {
        let outcome = match outcome {
            "acknowledged" => Outcome::Acknowledged,
            "passed" => Outcome::Passed,
            "missed" => Outcome::Missed,
            "wrong" => Outcome::Wrong,
            other => return Err(refuse(py, &Misuse::UnknownOutcome(other.to_owned()))),
        };
        self.0.note(fixed(py, "a key", &key)?, outcome).map_err(|e| refuse(py, &e))
    }

    /// Closes an epoch: all counts are halved.
    fn close_epoch(&mut self) {
        self.0.close_epoch();
    }

    /// How much of a node's stake counts, in millionths.
    fn score_ppm(&self, py: Python<'_>, key: Bytes<'_>) -> PyResult<u32> {
        Ok(self.0.record(&fixed(py, "a key", &key)?).score_ppm())
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }
}
