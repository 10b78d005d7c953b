//! `globelet._native.vrf`.

use globelet_binding::{refusal, AlgorithmError, Bytes, Coded, Rows};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::{Proof, Suite, PROOF_LEN};

pyo3::create_exception!(
    globelet.algorithms.vrf,
    VrfError,
    AlgorithmError,
    "A seed, a key or a proof was refused. `code` is stable."
);

/// What only Python can get wrong.
#[derive(Debug, thiserror::Error)]
enum Misuse {
    #[error("there is no suite {0:?}: choose 'tai' or 'ell2'")]
    UnknownSuite(String),
    #[error("{alphas} inputs and {proofs} proofs: pass one proof for each input")]
    Unequal { alphas: usize, proofs: usize },
}

impl Coded for crate::VrfError {
    fn code(&self) -> &'static str {
        crate::VrfError::code(self)
    }
}

impl Coded for Misuse {
    fn code(&self) -> &'static str {
        match self {
            Misuse::UnknownSuite(_) => "vrf.unknown-suite",
            Misuse::Unequal { .. } => "vrf.unequal",
        }
    }
}

fn refuse(py: Python<'_>, error: &dyn Coded) -> PyErr {
    refusal::<VrfError>(py, error)
}

/// Builds the submodule.
///
/// # Errors
/// Only when Python runs out of memory.
pub fn module(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    let module = PyModule::new(py, "vrf")?;
    module.add("VrfError", py.get_type::<VrfError>())?;
    module.add("SUITES", Suite::ALL.map(Suite::name))?;
    module.add_class::<SecretKey>()?;
    module.add_class::<PublicKey>()?;
    module.add_function(wrap_pyfunction!(proof_to_hash, &module)?)?;
    Ok(module)
}

fn suite(py: Python<'_>, name: &str) -> PyResult<Suite> {
    Suite::from_name(name).ok_or_else(|| refuse(py, &Misuse::UnknownSuite(name.to_owned())))
}

/// The output that a proof is for, 64 bytes, only if it holds: this does not check it.
#[pyfunction]
#[pyo3(signature = (proof, suite="tai"))]
fn proof_to_hash<'py>(py: Python<'py>, proof: Bytes<'py>, suite: &str) -> PyResult<Bound<'py, PyBytes>> {
    let (suite, proof) = (self::suite(py, suite)?, &*proof);
    let output = py.detach(|| Proof::from_bytes(proof).map(|proof| proof.output(suite)));
    output.map(|output| PyBytes::new(py, &output)).map_err(|error| refuse(py, &error))
}

/// A secret key, wiped when it is collected.
#[pyclass(module = "globelet.algorithms.vrf", frozen)]
struct SecretKey(crate::SecretKey);

#[pymethods]
impl SecretKey {
    /// The key that follows from a seed of 32 bytes.
    #[new]
    fn new(py: Python<'_>, seed: Bytes<'_>) -> PyResult<SecretKey> {
        let seed = &*seed;
        py.detach(|| crate::SecretKey::from_slice(seed)).map(SecretKey).map_err(|error| refuse(py, &error))
    }

    /// The public key, 32 bytes.
    fn public<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.public())
    }

    /// The proof of the output for an input, 80 bytes.
    #[pyo3(signature = (alpha, suite="tai"))]
    fn prove<'py>(&self, py: Python<'py>, alpha: Bytes<'py>, suite: &str) -> PyResult<Bound<'py, PyBytes>> {
        let (suite, alpha) = (self::suite(py, suite)?, &*alpha);
        let proof = py.detach(|| self.0.prove_in(suite, alpha));
        Ok(PyBytes::new(py, &proof))
    }

    /// The proofs for inputs.
    #[pyo3(signature = (alphas, suite="tai"))]
    fn prove_many<'py>(&self, py: Python<'py>, alphas: Rows<'py>, suite: &str) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let (suite, alphas) = (self::suite(py, suite)?, alphas.slices());
        let proofs: Vec<[u8; PROOF_LEN]> =
            py.detach(|| alphas.iter().map(|alpha| self.0.prove_in(suite, alpha)).collect());
        Ok(proofs.iter().map(|proof| PyBytes::new(py, proof)).collect())
    }

    fn __repr__(&self) -> &'static str {
        "SecretKey(..)"
    }
}

/// A public key that passed validation.
#[pyclass(module = "globelet.algorithms.vrf", frozen)]
struct PublicKey(crate::PublicKey);

#[pymethods]
impl PublicKey {
    /// Reads and validates a key of 32 bytes.
    #[new]
    fn new(py: Python<'_>, data: Bytes<'_>) -> PyResult<PublicKey> {
        let data = &*data;
        py.detach(|| crate::PublicKey::from_bytes(data)).map(PublicKey).map_err(|error| refuse(py, &error))
    }

    /// The key's only encoding.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_bytes())
    }

    /// Checks a proof and gives the output.
    #[pyo3(signature = (alpha, proof, suite="tai"))]
    fn verify<'py>(
        &self,
        py: Python<'py>,
        alpha: Bytes<'py>,
        proof: Bytes<'py>,
        suite: &str,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (suite, alpha, proof) = (self::suite(py, suite)?, &*alpha, &*proof);
        let output = py.detach(|| self.0.verify(suite, alpha, proof));
        output.map(|output| PyBytes::new(py, &output)).map_err(|error| refuse(py, &error))
    }

    /// Checks many proofs: the output of each that holds, None for others.
    #[pyo3(signature = (alphas, proofs, suite="tai"))]
    fn verify_many<'py>(
        &self,
        py: Python<'py>,
        alphas: Rows<'py>,
        proofs: Rows<'py>,
        suite: &str,
    ) -> PyResult<Vec<Option<Bound<'py, PyBytes>>>> {
        let (suite, alphas, proofs) = (self::suite(py, suite)?, alphas.slices(), proofs.slices());
        if alphas.len() != proofs.len() {
            return Err(refuse(py, &Misuse::Unequal { alphas: alphas.len(), proofs: proofs.len() }));
        }
        let pairs = alphas.iter().zip(&proofs);
        let outputs: Vec<_> =
            py.detach(|| pairs.map(|(alpha, proof)| self.0.verify(suite, alpha, proof).ok()).collect());
        Ok(outputs.iter().map(|output| output.as_ref().map(|output| PyBytes::new(py, output))).collect())
    }

    fn __eq__(&self, other: &PublicKey) -> bool {
        self.0 == other.0
    }

    fn __hash__(&self) -> u64 {
        let bytes = self.0.to_bytes();
        bytes.first_chunk().map_or(0, |word| u64::from_le_bytes(*word))
    }
}
