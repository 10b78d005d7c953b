//! `globelet._native.erasure`.

use globelet_binding::{refusal, AlgorithmError, Bytes, Coded, List, Rows};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::{commit, Codec, Commitment, MerkleProof};
use memory::{filled, Numbered};

mod memory;
mod stream;

pyo3::create_exception!(
    globelet.algorithms.erasure,
    ErasureError,
    AlgorithmError,
    "A code, a shard, a proof or a manifest was refused. `code` is stable."
);

/// What only Python can get wrong.
#[derive(Debug, thiserror::Error)]
enum Misuse {
    #[error("a root has 32 bytes, not {0}")]
    RootLength(usize),
    #[error("{proofs} proofs for {shards} shards: pass one for each")]
    OneProofEach { proofs: usize, shards: usize },
    #[error("the encoder has finished: make another one")]
    Finished,
}

impl Coded for crate::ErasureError {
    fn code(&self) -> &'static str {
        crate::ErasureError::code(self)
    }
}

impl Coded for Misuse {
    fn code(&self) -> &'static str {
        match self {
            Misuse::RootLength(_) => "erasure.root-length",
            Misuse::OneProofEach { .. } => "erasure.one-proof-each",
            Misuse::Finished => "erasure.finished",
        }
    }
}

fn refuse(py: Python<'_>, error: &dyn Coded) -> PyErr {
    refusal::<ErasureError>(py, error)
}

/// Builds the submodule.
///
/// # Errors
/// Only when Python runs out of memory.
pub fn module(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    let module = PyModule::new(py, "erasure")?;
    module.add("ErasureError", py.get_type::<ErasureError>())?;
    module.add("MAX_STRIPE", crate::MAX_STRIPE)?;
    module.add_class::<PyCodec>()?;
    module.add_class::<PyCommitment>()?;
    module.add_class::<stream::PyManifest>()?;
    module.add_class::<stream::PyEncoder>()?;
    module.add_class::<stream::PyDecoder>()?;
    module.add_function(wrap_pyfunction!(verify, &module)?)?;
    module.add_function(wrap_pyfunction!(verify_many, &module)?)?;
    Ok(module)
}

fn root_of(py: Python<'_>, root: &Bytes<'_>) -> PyResult<[u8; 32]> {
    <[u8; 32]>::try_from(&**root).map_err(|_| refuse(py, &Misuse::RootLength(root.len())))
}

fn proof_of(py: Python<'_>, proof: &[u8]) -> PyResult<MerkleProof> {
    MerkleProof::from_bytes(proof).map_err(|error| refuse(py, &error))
}

fn list<'py>(py: Python<'py>, shards: &[Vec<u8>]) -> Vec<Bound<'py, PyBytes>> {
    shards.iter().map(|shard| PyBytes::new(py, shard)).collect()
}

/// Whether a shard stands where its proof says.
#[pyfunction]
fn verify(py: Python<'_>, root: Bytes<'_>, proof: Bytes<'_>, shard: Bytes<'_>) -> PyResult<bool> {
    let (root, proof, shard) = (root_of(py, &root)?, proof_of(py, &proof)?, &*shard);
    Ok(py.detach(|| proof.verify(&root, shard)))
}

/// Whether each shard stands where its proof says, under one root.
#[pyfunction]
fn verify_many(py: Python<'_>, root: Bytes<'_>, proofs: Rows<'_>, shards: Rows<'_>) -> PyResult<Vec<bool>> {
    let (root, proofs, shards) = (root_of(py, &root)?, proofs.slices(), shards.slices());
    if proofs.len() != shards.len() {
        return Err(refuse(py, &Misuse::OneProofEach { proofs: proofs.len(), shards: shards.len() }));
    }
    let found = py.detach(|| {
        let check = |(proof, shard): (&&[u8], &&[u8])| Ok(MerkleProof::from_bytes(proof)?.verify(&root, shard));
        proofs.iter().zip(&shards).map(check).collect::<Result<Vec<bool>, crate::ErasureError>>()
    });
    found.map_err(|error| refuse(py, &error))
}

/// A Reed-Solomon code of n shards, any k of which rebuild.
#[pyclass(name = "Codec", module = "globelet.algorithms.erasure", frozen)]
struct PyCodec(Codec);

#[pymethods]
impl PyCodec {
    #[new]
    fn new(py: Python<'_>, k: usize, n: usize) -> PyResult<PyCodec> {
        py.detach(|| Codec::new(k, n)).map(PyCodec).map_err(|error| refuse(py, &error))
    }

    fn __repr__(&self) -> String {
        format!("Codec({}, {})", self.0.k(), self.0.n())
    }

    /// Shards needed to rebuild.
    #[getter]
    fn k(&self) -> usize {
        self.0.k()
    }

    /// Shards made.
    #[getter]
    fn n(&self) -> usize {
        self.0.n()
    }

    /// Bytes in each shard of a payload of so many bytes.
    fn shard_len(&self, payload_len: u32) -> usize {
        self.0.shard_len(payload_len as usize)
    }

    /// Cuts a payload into n shards.
    fn encode<'py>(&self, py: Python<'py>, payload: Bytes<'py>) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let payload = &*payload;
        filled(py, self.0.n(), self.0.shard_len(payload.len()), |shards| self.0.encode_into(payload, shards))
    }

    /// Cuts each payload into n shards.
    fn encode_many<'py>(&self, py: Python<'py>, payloads: Rows<'py>) -> PyResult<Vec<Vec<Bound<'py, PyBytes>>>> {
        let (codec, payloads) = (&self.0, payloads.slices());
        let made = py.detach(|| payloads.iter().map(|one| codec.try_encode(one)).collect::<Result<Vec<_>, _>>());
        made.map(|all| all.iter().map(|shards| list(py, shards)).collect()).map_err(|error| refuse(py, &error))
    }

    /// Rebuilds the payload from any k shards by their numbers.
    fn decode<'py>(&self, py: Python<'py>, shards: Numbered<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let (codec, shards) = (&self.0, shards.slices());
        let frame = py.detach(|| codec.frame(&shards)).map_err(|error| refuse(py, &error))?;
        memory::joined(py, &frame)
    }

    /// Rebuilds the payload and checks that it encodes to the root.
    fn decode_committed<'py>(
        &self,
        py: Python<'py>,
        root: Bytes<'py>,
        shards: Numbered<'py>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (codec, root, shards) = (&self.0, root_of(py, &root)?, shards.slices());
        let payload = py.detach(|| codec.decode_committed(&root, &shards)).map_err(|error| refuse(py, &error))?;
        Ok(PyBytes::new(py, &payload))
    }

    /// Rebuilds the payload from pairs of proof and shard, and names the shards that do not stand.
    fn decode_proven<'py>(
        &self,
        py: Python<'py>,
        root: Bytes<'py>,
        shards: List<(Bytes<'py>, Bytes<'py>)>,
    ) -> PyResult<(Bound<'py, PyBytes>, Vec<usize>)> {
        let (codec, root) = (&self.0, root_of(py, &root)?);
        let proofs = shards.iter().map(|(proof, _)| proof_of(py, proof)).collect::<PyResult<Vec<_>>>()?;
        let given: Vec<(&MerkleProof, &[u8])> = proofs.iter().zip(shards.iter().map(|(_, shard)| &**shard)).collect();
        let proven = py.detach(|| codec.decode_proven(&root, &given)).map_err(|error| refuse(py, &error))?;
        Ok((PyBytes::new(py, &proven.payload), proven.wrong))
    }

    /// The wanted shards from any k.
    fn restore<'py>(
        &self,
        py: Python<'py>,
        shards: Numbered<'py>,
        wanted: List<usize>,
    ) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let (codec, shards) = (&self.0, shards.slices());
        let made = py.detach(|| codec.restore(&shards, &wanted)).map_err(|error| refuse(py, &error))?;
        Ok(list(py, &made))
    }

    /// The parity of k data shards of equal length, without a frame.
    fn parity<'py>(&self, py: Python<'py>, data: Rows<'py>) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let data = data.slices();
        let size = data.first().map_or(0, |shard| shard.len());
        filled(py, self.0.n() - self.0.k(), size, |parity| self.0.parity(&data, parity))
    }
}

/// The Merkle commitment to an ordered list of shards.
#[pyclass(name = "Commitment", module = "globelet.algorithms.erasure", frozen)]
struct PyCommitment(Commitment);

#[pymethods]
impl PyCommitment {
    #[new]
    fn new(py: Python<'_>, shards: Rows<'_>) -> PyCommitment {
        let shards = shards.slices();
        PyCommitment(py.detach(|| commit(&shards)))
    }

    /// The root over the shards in order.
    #[getter]
    fn root<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.root)
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// The proof that a shard is under the root.
    fn prove<'py>(&self, py: Python<'py>, index: usize) -> PyResult<Bound<'py, PyBytes>> {
        let proof = self.0.try_proof(index).map_err(|error| refuse(py, &error))?;
        Ok(PyBytes::new(py, &proof.to_bytes()))
    }
}
