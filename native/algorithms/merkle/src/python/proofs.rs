//! The proofs, as Python sees them.

use globelet_binding::{Bytes, Rows};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};

use super::{hash_of, kind, refuse, Kind};
use crate::{Blake3, ConsistencyProof, Hash, InclusionProof, MultiProof, Sha256};

/// Proof that one leaf stands at one place.
#[pyclass(name = "InclusionProof", module = "globelet.algorithms.merkle", frozen, eq)]
#[derive(PartialEq, Eq)]
pub(super) struct PyInclusionProof(pub(super) InclusionProof);

/// Proof that a tree only grew.
#[pyclass(name = "ConsistencyProof", module = "globelet.algorithms.merkle", frozen, eq)]
#[derive(PartialEq, Eq)]
pub(super) struct PyConsistencyProof(pub(super) ConsistencyProof);

/// One proof for many leaves.
#[pyclass(name = "MultiProof", module = "globelet.algorithms.merkle", frozen, eq)]
#[derive(PartialEq, Eq)]
pub(super) struct PyMultiProof(pub(super) MultiProof);

fn list<'py>(py: Python<'py>, path: &[Hash]) -> Vec<Bound<'py, PyBytes>> {
    path.iter().map(|hash| PyBytes::new(py, hash)).collect()
}

#[pymethods]
impl PyInclusionProof {
    /// Reads a proof from its only encoding.
    #[classmethod]
    fn from_bytes(_: &Bound<'_, PyType>, py: Python<'_>, data: Bytes<'_>) -> PyResult<PyInclusionProof> {
        InclusionProof::from_bytes(&data).map(PyInclusionProof).map_err(|error| refuse(py, &error))
    }

    /// The only encoding.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_bytes())
    }

    /// The leaf's number.
    #[getter]
    fn index(&self) -> u32 {
        self.0.index
    }

    /// Leaves in the tree.
    #[getter]
    fn count(&self) -> u32 {
        self.0.count
    }

    /// Sibling hashes from the leaf upwards.
    #[getter]
    fn path<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyBytes>> {
        list(py, &self.0.path)
    }

    /// Whether `leaf` stands at this place under `root`.
    #[pyo3(signature = (root, leaf, hash_name="blake3"))]
    fn verify(&self, py: Python<'_>, root: Bytes<'_>, leaf: Bytes<'_>, hash_name: &str) -> PyResult<bool> {
        let (kind, root, leaf) = (kind(py, hash_name)?, hash_of(py, &root)?, &*leaf);
        Ok(py.detach(|| with_hash!(kind, H => self.0.verify::<H>(&root, leaf))))
    }
}

#[pymethods]
impl PyConsistencyProof {
    /// Reads a proof from its only encoding.
    #[classmethod]
    fn from_bytes(_: &Bound<'_, PyType>, py: Python<'_>, data: Bytes<'_>) -> PyResult<PyConsistencyProof> {
        ConsistencyProof::from_bytes(&data).map(PyConsistencyProof).map_err(|error| refuse(py, &error))
    }

    /// The only encoding.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_bytes())
    }

    /// Leaves in the earlier tree.
    #[getter]
    fn old(&self) -> u32 {
        self.0.old
    }

    /// Leaves in the later tree.
    #[getter(new)]
    fn later(&self) -> u32 {
        self.0.new
    }

    /// Hashes from which both roots follow.
    #[getter]
    fn path<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyBytes>> {
        list(py, &self.0.path)
    }

    /// Whether the tree under `new_root` begins with the one under `old_root`.
    #[pyo3(signature = (old_root, new_root, hash_name="blake3"))]
    fn verify(&self, py: Python<'_>, old_root: Bytes<'_>, new_root: Bytes<'_>, hash_name: &str) -> PyResult<bool> {
        let (kind, old, new) = (kind(py, hash_name)?, hash_of(py, &old_root)?, hash_of(py, &new_root)?);
        Ok(py.detach(|| with_hash!(kind, H => self.0.verify::<H>(&old, &new))))
    }
}

#[pymethods]
impl PyMultiProof {
    /// Reads a proof from its only encoding.
    #[classmethod]
    fn from_bytes(_: &Bound<'_, PyType>, py: Python<'_>, data: Bytes<'_>) -> PyResult<PyMultiProof> {
        let data = &*data;
        py.detach(|| MultiProof::from_bytes(data)).map(PyMultiProof).map_err(|error| refuse(py, &error))
    }

    /// The only encoding.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_bytes())
    }

    /// Leaves in the tree.
    #[getter]
    fn count(&self) -> u32 {
        self.0.count()
    }

    /// The leaves' numbers, rising.
    #[getter]
    fn indices(&self) -> Vec<u32> {
        self.0.indices().to_vec()
    }

    /// The hashes that don't follow from the leaves.
    #[getter]
    fn path<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyBytes>> {
        list(py, self.0.path())
    }

    /// Whether these leaves, in the order of `indices`, stand at their places under `root`.
    #[pyo3(signature = (root, leaves, hash_name="blake3"))]
    fn verify(&self, py: Python<'_>, root: Bytes<'_>, leaves: Rows<'_>, hash_name: &str) -> PyResult<bool> {
        let (kind, root, leaves) = (kind(py, hash_name)?, hash_of(py, &root)?, leaves.slices());
        Ok(py.detach(|| with_hash!(kind, H => self.0.verify::<H, _>(&root, &leaves))))
    }
}
