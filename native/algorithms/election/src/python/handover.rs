//! Committees, handovers, evidence and removals, as Python sees them.

use globelet_binding::{Bytes, List};
use globelet_types::ChainId;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};

use super::{fixed, refuse, signing_key};
use crate::{Committee, Evidence, Handover, Member, Removals};

fn pair<const N: usize>(py: Python<'_>, what: &'static str, two: &(Bytes<'_>, Bytes<'_>)) -> PyResult<[[u8; N]; 2]> {
    Ok([fixed(py, what, &two.0)?, fixed(py, what, &two.1)?])
}

type PyMember<'py> = (Bytes<'py>, u32, Bytes<'py>);

/// The members of one chain in one epoch.
#[pyclass(name = "Committee", module = "globelet.algorithms.election", frozen, eq)]
#[derive(PartialEq, Eq)]
pub(super) struct PyCommittee(Committee);

#[pymethods]
impl PyCommittee {
    #[new]
    fn new(py: Python<'_>, chain: u16, epoch: u64, members: List<PyMember<'_>>) -> PyResult<PyCommittee> {
        let member = |(key, place, others): &PyMember<'_>| {
            Ok(Member { key: fixed(py, "a key", key)?, place: *place, others: fixed(py, "a hash", others)? })
        };
        let members = members.iter().map(member).collect::<PyResult<Vec<_>>>()?;
        py.detach(|| Committee::new(ChainId(chain), epoch, members)).map(PyCommittee).map_err(|e| refuse(py, &e))
    }

    /// Reads a committee from its only encoding.
    #[classmethod]
    fn from_bytes(_: &Bound<'_, PyType>, py: Python<'_>, data: Bytes<'_>) -> PyResult<PyCommittee> {
        let data: &[u8] = &data;
        py.detach(|| Committee::from_bytes(data)).map(PyCommittee).map_err(|e| refuse(py, &e))
    }

    /// The only encoding.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_bytes())
    }

    /// Its hash.
    fn hash<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.0.hash()))
    }

    /// Which chain.
    #[getter]
    fn chain(&self) -> u16 {
        self.0.chain.0
    }

    /// Which epoch.
    #[getter]
    fn epoch(&self) -> u64 {
        self.0.epoch
    }

    /// Keys of the members, ascending.
    #[getter]
    fn keys<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyBytes>> {
        self.0.members.iter().map(|m| PyBytes::new(py, &m.key)).collect()
    }

    /// Signatures that bind it.
    #[getter]
    fn quorum(&self) -> usize {
        self.0.quorum()
    }

    /// Members that may be faulty.
    #[getter]
    fn faults(&self) -> usize {
        self.0.faults()
    }
}

/// A new committee under the old one's signatures.
#[pyclass(name = "Handover", module = "globelet.algorithms.election", eq)]
#[derive(PartialEq, Eq)]
pub(super) struct PyHandover(Handover);

#[pymethods]
impl PyHandover {
    #[new]
    fn new(py: Python<'_>, old: PyRef<'_, PyCommittee>, new: PyRef<'_, PyCommittee>) -> PyResult<PyHandover> {
        Handover::begin(&old.0, new.0.clone()).map(PyHandover).map_err(|e| refuse(py, &e))
    }

    /// Adds the signature of a member of the old committee.
    fn sign(&mut self, py: Python<'_>, old: PyRef<'_, PyCommittee>, seed: Bytes<'_>) -> PyResult<()> {
        let (handover, key, old) = (&mut self.0, signing_key(py, &seed)?, &old.0);
        py.detach(|| handover.sign(old, &key)).map_err(|e| refuse(py, &e))
    }

    /// Checks that a quorum of the old committee signed.
    fn verify(&self, py: Python<'_>, old: PyRef<'_, PyCommittee>) -> PyResult<()> {
        let (handover, old) = (&self.0, &old.0);
        py.detach(|| handover.verify(old)).map_err(|e| refuse(py, &e))
    }

    /// Reads a handover from its only encoding.
    #[classmethod]
    fn from_bytes(_: &Bound<'_, PyType>, py: Python<'_>, data: Bytes<'_>) -> PyResult<PyHandover> {
        let data: &[u8] = &data;
        py.detach(|| Handover::from_bytes(data)).map(PyHandover).map_err(|e| refuse(py, &e))
    }

    /// The only encoding.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_bytes())
    }

    /// The new committee.
    #[getter]
    fn committee(&self) -> PyCommittee {
        PyCommittee(self.0.committee.clone())
    }

    /// Members of the old committee that signed, by index.
    #[getter]
    fn signers(&self) -> Vec<u16> {
        self.0.signatures.iter().map(|(index, _)| *index).collect()
    }
}

/// Follows handovers from a committee that is trusted.
#[pyfunction]
pub(super) fn follow(
    py: Python<'_>,
    genesis: PyRef<'_, PyCommittee>,
    handovers: List<PyRef<'_, PyHandover>>,
) -> PyResult<PyCommittee> {
    let (genesis, handovers) = (&genesis.0, handovers.iter().map(|h| h.0.clone()).collect::<Vec<_>>());
    py.detach(|| crate::follow(genesis, &handovers)).map(PyCommittee).map_err(|e| refuse(py, &e))
}

/// What a replica signs as its vote on a block.
#[pyfunction]
pub(super) fn vote_bytes<'py>(
    py: Python<'py>,
    chain: u16,
    height: u64,
    block: Bytes<'py>,
) -> PyResult<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(py, &crate::vote_bytes(ChainId(chain), height, &fixed(py, "a hash", &block)?)))
}

/// What a member of the old committee signs.
#[pyfunction]
pub(super) fn handover_bytes<'py>(
    py: Python<'py>,
    chain: u16,
    epoch: u64,
    old: Bytes<'py>,
    new: Bytes<'py>,
) -> PyResult<Bound<'py, PyBytes>> {
    let (old, new) = (fixed(py, "a hash", &old)?, fixed(py, "a hash", &new)?);
    Ok(PyBytes::new(py, &crate::handover_bytes(ChainId(chain), epoch, &old, &new)))
}

/// Two signatures of one member that contradict each other.
#[pyclass(name = "Evidence", module = "globelet.algorithms.election", frozen, eq)]
#[derive(PartialEq, Eq)]
pub(super) struct PyEvidence(Evidence);

type Two<'py> = (Bytes<'py>, Bytes<'py>);

#[pymethods]
impl PyEvidence {
    /// It voted for two blocks of one height.
    #[classmethod]
    fn votes(
        _: &Bound<'_, PyType>,
        py: Python<'_>,
        member: Bytes<'_>,
        chain: u16,
        height: u64,
        blocks: Two<'_>,
        signatures: Two<'_>,
    ) -> PyResult<PyEvidence> {
        let (member, chain) = (fixed(py, "a key", &member)?, ChainId(chain));
        let (blocks, signatures) = (pair(py, "a hash", &blocks)?, pair(py, "a signature", &signatures)?);
        Ok(PyEvidence(Evidence::Votes { member, chain, height, blocks, signatures }))
    }

    /// It signed two committees to follow one.
    #[classmethod]
    #[allow(clippy::too_many_arguments)]
    fn handovers(
        _: &Bound<'_, PyType>,
        py: Python<'_>,
        member: Bytes<'_>,
        chain: u16,
        epoch: u64,
        old: Bytes<'_>,
        new: Two<'_>,
        signatures: Two<'_>,
    ) -> PyResult<PyEvidence> {
        let (member, chain, old) = (fixed(py, "a key", &member)?, ChainId(chain), fixed(py, "a hash", &old)?);
        let (new, signatures) = (pair(py, "a hash", &new)?, pair(py, "a signature", &signatures)?);
        Ok(PyEvidence(Evidence::Handovers { member, chain, epoch, old, new, signatures }))
    }

    /// Checks that the accused signed both.
    fn verify(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.0.verify()).map_err(|e| refuse(py, &e))
    }

    /// Who is accused.
    #[getter]
    fn member<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.member())
    }

    /// Reads evidence from its only encoding.
    #[classmethod]
    fn from_bytes(_: &Bound<'_, PyType>, py: Python<'_>, data: Bytes<'_>) -> PyResult<PyEvidence> {
        let data: &[u8] = &data;
        py.detach(|| Evidence::from_bytes(data)).map(PyEvidence).map_err(|e| refuse(py, &e))
    }

    /// The only encoding.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_bytes())
    }
}

/// Who was removed, with what proves it.
#[pyclass(name = "Removals", module = "globelet.algorithms.election")]
pub(super) struct PyRemovals(pub(super) Removals);

#[pymethods]
impl PyRemovals {
    #[new]
    fn new() -> PyRemovals {
        PyRemovals(Removals::new())
    }

    /// Removes a member for good; false if it was removed before.
    fn remove(
        &mut self,
        py: Python<'_>,
        committee: PyRef<'_, PyCommittee>,
        evidence: PyRef<'_, PyEvidence>,
    ) -> PyResult<bool> {
        let (removals, committee, evidence) = (&mut self.0, &committee.0, &evidence.0);
        py.detach(|| removals.remove(committee, evidence)).map_err(|e| refuse(py, &e))
    }

    /// Whether this key was removed.
    fn bars(&self, py: Python<'_>, key: Bytes<'_>) -> PyResult<bool> {
        Ok(self.0.bars(&fixed(py, "a key", &key)?))
    }

    /// What proves a removal.
    fn evidence(&self, py: Python<'_>, key: Bytes<'_>) -> PyResult<Option<PyEvidence>> {
        Ok(self.0.evidence(&fixed(py, "a key", &key)?).cloned().map(PyEvidence))
    }
}
