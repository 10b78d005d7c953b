//! `globelet._native.signatures`: Ed25519 with the very rule that replicas verify by.
use globelet_signatures::SigningKey;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Builds the submodule.
///
/// # Errors
/// Only when Python runs out of memory.
pub fn module(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    let module = PyModule::new(py, "signatures")?;
    module.add_function(wrap_pyfunction!(public_key, &module)?)?;
    module.add_function(wrap_pyfunction!(sign, &module)?)?;
    module.add_function(wrap_pyfunction!(verify, &module)?)?;
    Ok(module)
}

/// The public key, 32 bytes, of a seed of 32 bytes.
#[pyfunction]
fn public_key<'py>(py: Python<'py>, seed: [u8; 32]) -> Bound<'py, PyBytes> {
    PyBytes::new(py, &SigningKey::from_seed(&seed).public())
}

/// The signature, 64 bytes, of a message by a seed of 32 bytes.
#[pyfunction]
fn sign<'py>(py: Python<'py>, seed: [u8; 32], message: &[u8]) -> Bound<'py, PyBytes> {
    let signature = py.detach(|| SigningKey::from_seed(&seed).sign(message));
    PyBytes::new(py, &signature)
}

/// Whether the signature, 64 bytes, by the public key, 32 bytes, stands on the message.
#[pyfunction]
fn verify(py: Python<'_>, public: [u8; 32], message: &[u8], signature: [u8; 64]) -> bool {
    py.detach(|| globelet_signatures::verify(&public, message, &signature))
}
