//! `globelet._native.merkle`.

use globelet_binding::{hashing, refusal, AlgorithmError, Bytes, Coded, List, Rows};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::{Blake3, Hash, Sha256, Tree};
use proofs::{PyConsistencyProof, PyInclusionProof, PyMultiProof};

/// Runs `$body` with the type `$hash` bound to the hash that `$kind` names.
macro_rules! with_hash {
    ($kind:expr, $hash:ident => $body:expr) => {
        match $kind {
            Kind::Blake3 => {
                type $hash = Blake3;
                $body
            }
            Kind::Sha256 => {
                type $hash = Sha256;
                $body
            }
        }
    };
}

mod proofs;

pyo3::create_exception!(
    globelet.algorithms.merkle,
    MerkleError,
    AlgorithmError,
    "A tree or a proof was refused. `code` is stable."
);

/// What only Python can get wrong.
#[derive(Debug, thiserror::Error)]
enum Misuse {
    #[error("the hash of a tree is 'blake3' or 'sha256', not {0:?}")]
    UnknownHash(String),
    #[error("a root has 32 bytes, not {0}")]
    RootLength(usize),
    #[error("{proofs} proofs for {leaves} leaves: pass one for each")]
    OneProofEach { proofs: usize, leaves: usize },
}

impl Coded for crate::MerkleError {
    fn code(&self) -> &'static str {
        crate::MerkleError::code(self)
    }
}

impl Coded for Misuse {
    fn code(&self) -> &'static str {
        match self {
            Misuse::UnknownHash(_) => "merkle.unknown-hash",
            Misuse::RootLength(_) => "merkle.root-length",
            Misuse::OneProofEach { .. } => "merkle.one-proof-each",
        }
    }
}

fn refuse(py: Python<'_>, error: &dyn Coded) -> PyErr {
    refusal::<MerkleError>(py, error)
}

/// Builds the submodule.
///
/// # Errors
/// Only when Python runs out of memory.
pub fn module(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    let module = PyModule::new(py, "merkle")?;
    module.add("MerkleError", py.get_type::<MerkleError>())?;
    module.add_class::<PyTree>()?;
    module.add_class::<PyInclusionProof>()?;
    module.add_class::<PyConsistencyProof>()?;
    module.add_class::<PyMultiProof>()?;
    module.add_function(wrap_pyfunction!(root, &module)?)?;
    module.add_function(wrap_pyfunction!(verify_many, &module)?)?;
    Ok(module)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blake3,
    Sha256,
}

fn kind(py: Python<'_>, name: &str) -> PyResult<Kind> {
    match name {
        "blake3" => Ok(Kind::Blake3),
        "sha256" => Ok(Kind::Sha256),
        other => Err(refuse(py, &Misuse::UnknownHash(other.to_owned()))),
    }
}

fn hash_of(py: Python<'_>, root: &Bytes<'_>) -> PyResult<Hash> {
    Hash::try_from(&**root).map_err(|_| refuse(py, &Misuse::RootLength(root.len())))
}

/// The root over leaves in order.
#[pyfunction]
#[pyo3(signature = (leaves, hash_name="blake3"))]
fn root<'py>(py: Python<'py>, leaves: Rows<'py>, hash_name: &str) -> PyResult<Bound<'py, PyBytes>> {
    let kind = kind(py, hash_name)?;
    let leaves = leaves.slices();
    let made = py.detach(|| with_hash!(kind, H => Tree::<H>::from_leaves(&leaves).map(|tree| tree.root())));
    made.map(|root| PyBytes::new(py, &root)).map_err(|error| refuse(py, &error))
}

/// Whether each leaf stands where its proof says, under one root.
#[pyfunction]
#[pyo3(signature = (root, proofs, leaves, hash_name="blake3"))]
fn verify_many(
    py: Python<'_>,
    root: Bytes<'_>,
    proofs: List<PyRef<'_, PyInclusionProof>>,
    leaves: Rows<'_>,
    hash_name: &str,
) -> PyResult<Vec<bool>> {
    let (kind, root) = (kind(py, hash_name)?, hash_of(py, &root)?);
    let (leaves, proofs) = (leaves.slices(), proofs.iter().map(|proof| &proof.0).collect::<Vec<_>>());
    if leaves.len() != proofs.len() {
        return Err(refuse(py, &Misuse::OneProofEach { proofs: proofs.len(), leaves: leaves.len() }));
    }
    let pairs = proofs.into_iter().zip(leaves);
    Ok(py.detach(|| with_hash!(kind, H => pairs.map(|(proof, leaf)| proof.verify::<H>(&root, leaf)).collect())))
}

enum AnyTree {
    Blake3(Tree<Blake3>),
    Sha256(Tree<Sha256>),
}

/// Runs `$body` with `$tree` bound to the tree inside.
macro_rules! with_tree {
    ($any:expr, $tree:ident => $body:expr) => {
        match $any {
            AnyTree::Blake3($tree) => $body,
            AnyTree::Sha256($tree) => $body,
        }
    };
}

/// A Merkle tree over an ordered list of leaves that grows at its end.
#[pyclass(name = "Tree", module = "globelet.algorithms.merkle")]
struct PyTree(AnyTree);

#[pymethods]
impl PyTree {
    #[new]
    #[pyo3(signature = (leaves=None, hash_name="blake3"))]
    fn new(py: Python<'_>, leaves: Option<Rows<'_>>, hash_name: &str) -> PyResult<PyTree> {
        let kind = kind(py, hash_name)?;
        let leaves = leaves.as_ref().map(Rows::slices).unwrap_or_default();
        let made = py.detach(|| match kind {
            Kind::Blake3 => Tree::from_leaves(&leaves).map(AnyTree::Blake3),
            Kind::Sha256 => Tree::from_leaves(&leaves).map(AnyTree::Sha256),
        });
        made.map(PyTree).map_err(|error| refuse(py, &error))
    }

    /// Adds a leaf at the end and gives its number.
    fn push(&mut self, py: Python<'_>, leaf: Bytes<'_>) -> PyResult<u32> {
        let tree = &mut self.0;
        let pushed = hashing(py, &leaf, |leaf| with_tree!(tree, tree => tree.push(leaf)));
        pushed.map_err(|error| refuse(py, &error))
    }

    /// Adds leaves at the end.
    fn extend(&mut self, py: Python<'_>, leaves: Rows<'_>) -> PyResult<()> {
        let leaves = leaves.slices();
        let tree = &mut self.0;
        let pushed =
            py.detach(|| with_tree!(tree, tree => leaves.iter().try_for_each(|leaf| tree.push(leaf).map(|_| ()))));
        pushed.map_err(|error| refuse(py, &error))
    }

    fn __len__(&self) -> usize {
        with_tree!(&self.0, tree => tree.len() as usize)
    }

    /// The name of the hash.
    #[getter]
    fn hash_name(&self) -> &'static str {
        match self.0 {
            AnyTree::Blake3(_) => "blake3",
            AnyTree::Sha256(_) => "sha256",
        }
    }

    /// The root, of the tree as it is or as it was with `size` leaves.
    #[pyo3(signature = (size=None))]
    fn root<'py>(&self, py: Python<'py>, size: Option<u32>) -> PyResult<Bound<'py, PyBytes>> {
        let found = with_tree!(&self.0, tree => tree.root_at(size.unwrap_or(tree.len())));
        found.map(|root| PyBytes::new(py, &root)).map_err(|error| refuse(py, &error))
    }

    /// The proof that a leaf stands in the tree, as it is or as it was with `size` leaves.
    #[pyo3(signature = (index, size=None))]
    fn prove(&self, py: Python<'_>, index: u32, size: Option<u32>) -> PyResult<PyInclusionProof> {
        let made = with_tree!(&self.0, tree => tree.prove_at(index, size.unwrap_or(tree.len())));
        made.map(PyInclusionProof).map_err(|error| refuse(py, &error))
    }

    /// One proof for many leaves, named in rising order.
    fn prove_many(&self, py: Python<'_>, indices: List<u32>) -> PyResult<PyMultiProof> {
        let made = py.detach(|| with_tree!(&self.0, tree => tree.prove_many(&indices)));
        made.map(PyMultiProof).map_err(|error| refuse(py, &error))
    }

    /// The proof that the tree of `new` leaves begins with that of `old`.
    #[pyo3(signature = (old, new=None))]
    fn prove_consistency(&self, py: Python<'_>, old: u32, new: Option<u32>) -> PyResult<PyConsistencyProof> {
        let made = with_tree!(&self.0, tree => tree.prove_consistency(old, new.unwrap_or(tree.len())));
        made.map(PyConsistencyProof).map_err(|error| refuse(py, &error))
    }
}
