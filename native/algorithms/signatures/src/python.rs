//! `globelet._native.signatures`: Ed25519 with the very rule that replicas verify by, ML-DSA, and both together.

use globelet_binding::{refusal, AlgorithmError, Bytes, Coded, Rows};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::{AnySigningKey, AnyVerifyingKey, Scheme};

pyo3::create_exception!(
    globelet.algorithms.signatures,
    SignatureError,
    AlgorithmError,
    "A seed, a key or a signature was refused. `code` is stable."
);

/// What only Python can get wrong.
#[derive(Debug, thiserror::Error)]
enum Misuse {
    #[error("there is no scheme {0:?}: choose 'ed25519', 'ml-dsa-44', 'ml-dsa-65', 'ml-dsa-44-ed25519' or 'ml-dsa-65-ed25519'")]
    UnknownScheme(String),
    #[error("{keys} keys, {messages} messages and {signatures} signatures: pass as many of each")]
    Unequal { keys: usize, messages: usize, signatures: usize },
}

impl Coded for crate::SignatureError {
    fn code(&self) -> &'static str {
        crate::SignatureError::code(self)
    }
}

impl Coded for Misuse {
    fn code(&self) -> &'static str {
        match self {
            Misuse::UnknownScheme(_) => "signatures.unknown-scheme",
            Misuse::Unequal { .. } => "signatures.unequal",
        }
    }
}

fn refuse(py: Python<'_>, error: &dyn Coded) -> PyErr {
    refusal::<SignatureError>(py, error)
}

/// Builds the submodule.
///
/// # Errors
/// Only when Python runs out of memory.
pub fn module(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    let module = PyModule::new(py, "signatures")?;
    module.add("SignatureError", py.get_type::<SignatureError>())?;
    module.add("SCHEMES", Scheme::ALL.map(Scheme::name))?;
    module.add_class::<SigningKey>()?;
    module.add_class::<VerifyingKey>()?;
    module.add_function(wrap_pyfunction!(public_key, &module)?)?;
    module.add_function(wrap_pyfunction!(sign, &module)?)?;
    module.add_function(wrap_pyfunction!(verify, &module)?)?;
    module.add_function(wrap_pyfunction!(verify_batch, &module)?)?;
    Ok(module)
}

/// Exactly `N` bytes of what the error calls `what`.
fn exactly<'a, const N: usize>(py: Python<'_>, what: &'static str, bytes: &'a [u8]) -> PyResult<&'a [u8; N]> {
    let error = crate::SignatureError::Length { what, scheme: "ed25519", expected: N, found: bytes.len() };
    bytes.try_into().map_err(|_| refuse(py, &error))
}

/// The Ed25519 public key, 32 bytes, of a seed of 32 bytes.
#[pyfunction]
fn public_key<'py>(py: Python<'py>, seed: Bytes<'py>) -> PyResult<Bound<'py, PyBytes>> {
    let seed = exactly(py, "a seed", &seed)?;
    let public = py.detach(|| crate::SigningKey::from_seed(seed).public());
    Ok(PyBytes::new(py, &public))
}

/// The Ed25519 signature, 64 bytes, of a message by a seed of 32 bytes.
#[pyfunction]
fn sign<'py>(py: Python<'py>, seed: Bytes<'py>, message: Bytes<'py>) -> PyResult<Bound<'py, PyBytes>> {
    let (seed, message) = (exactly(py, "a seed", &seed)?, &*message);
    let signature = py.detach(|| crate::SigningKey::from_seed(seed).sign(message));
    Ok(PyBytes::new(py, &signature))
}

/// Whether the Ed25519 signature, 64 bytes, by the public key, 32 bytes, stands on the message.
#[pyfunction]
fn verify(py: Python<'_>, public: Bytes<'_>, message: Bytes<'_>, signature: Bytes<'_>) -> PyResult<bool> {
    let (public, message) = (exactly(py, "a public key", &public)?, &*message);
    let signature = exactly(py, "a signature", &signature)?;
    Ok(py.detach(|| crate::verify(public, message, signature)))
}

/// Which of many Ed25519 signatures stand, by one equation for all.
#[pyfunction]
fn verify_batch(py: Python<'_>, publics: Rows<'_>, messages: Rows<'_>, signatures: Rows<'_>) -> PyResult<Vec<bool>> {
    let (publics, messages, signatures) = (publics.slices(), messages.slices(), signatures.slices());
    if publics.len() != messages.len() || messages.len() != signatures.len() {
        let (keys, messages, signatures) = (publics.len(), messages.len(), signatures.len());
        return Err(refuse(py, &Misuse::Unequal { keys, messages, signatures }));
    }
    let items = publics.iter().zip(&messages).zip(&signatures).map(|((public, message), signature)| {
        Ok((exactly(py, "a public key", public)?, *message, exactly(py, "a signature", signature)?))
    });
    let items: Vec<(&[u8; 32], &[u8], &[u8; 64])> = items.collect::<PyResult<_>>()?;
    Ok(py.detach(|| crate::verify_batch(&items)))
}

fn scheme(py: Python<'_>, name: &str) -> PyResult<Scheme> {
    Scheme::from_name(name).ok_or_else(|| refuse(py, &Misuse::UnknownScheme(name.to_owned())))
}

/// A secret key of any scheme, wiped when it is collected.
#[pyclass(module = "globelet.algorithms.signatures", frozen)]
struct SigningKey(AnySigningKey);

/// A public key of any scheme, checked once.
#[pyclass(module = "globelet.algorithms.signatures", frozen)]
struct VerifyingKey(AnyVerifyingKey);

#[pymethods]
impl SigningKey {
    /// The key that follows from a seed.
    #[new]
    fn new(py: Python<'_>, scheme: &str, seed: Bytes<'_>) -> PyResult<SigningKey> {
        let (scheme, seed) = (self::scheme(py, scheme)?, &*seed);
        py.detach(|| AnySigningKey::from_seed(scheme, seed)).map(SigningKey).map_err(|error| refuse(py, &error))
    }

    /// The scheme's name.
    #[getter]
    fn scheme(&self) -> &'static str {
        self.0.scheme().name()
    }

    /// The public key.
    fn public<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.public())
    }

    /// The signature of a message.
    #[pyo3(signature = (message, context=None))]
    fn sign<'py>(
        &self,
        py: Python<'py>,
        message: Bytes<'py>,
        context: Option<Bytes<'py>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (message, context) = (&*message, context.as_deref().unwrap_or_default());
        let signed = py.detach(|| self.0.sign(message, context));
        signed.map(|signature| PyBytes::new(py, &signature)).map_err(|error| refuse(py, &error))
    }

    /// The signatures of messages.
    #[pyo3(signature = (messages, context=None))]
    fn sign_many<'py>(
        &self,
        py: Python<'py>,
        messages: Rows<'py>,
        context: Option<Bytes<'py>>,
    ) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let (messages, context) = (messages.slices(), context.as_deref().unwrap_or_default());
        let all: Result<Vec<_>, crate::SignatureError> =
            py.detach(|| messages.iter().map(|message| self.0.sign(message, context)).collect());
        let all = all.map_err(|error| refuse(py, &error))?;
        Ok(all.iter().map(|signature| PyBytes::new(py, signature)).collect())
    }

    fn __repr__(&self) -> String {
        format!("SigningKey({:?}, ..)", self.scheme())
    }
}

#[pymethods]
impl VerifyingKey {
    /// Reads a public key.
    #[new]
    fn new(py: Python<'_>, scheme: &str, public: Bytes<'_>) -> PyResult<VerifyingKey> {
        let (scheme, public) = (self::scheme(py, scheme)?, &*public);
        py.detach(|| AnyVerifyingKey::from_bytes(scheme, public)).map(VerifyingKey).map_err(|error| refuse(py, &error))
    }

    /// The scheme's name.
    #[getter]
    fn scheme(&self) -> &'static str {
        self.0.scheme().name()
    }

    /// The key's only encoding.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.as_bytes())
    }

    /// Whether a signature stands on a message.
    #[pyo3(signature = (message, signature, context=None))]
    fn verify(
        &self,
        py: Python<'_>,
        message: Bytes<'_>,
        signature: Bytes<'_>,
        context: Option<Bytes<'_>>,
    ) -> PyResult<bool> {
        let (message, signature, context) = (&*message, &*signature, context.as_deref().unwrap_or_default());
        py.detach(|| self.0.verify(message, signature, context)).map_err(|error| refuse(py, &error))
    }

    /// Which signatures stand on their messages.
    #[pyo3(signature = (messages, signatures, context=None))]
    fn verify_many(
        &self,
        py: Python<'_>,
        messages: Rows<'_>,
        signatures: Rows<'_>,
        context: Option<Bytes<'_>>,
    ) -> PyResult<Vec<bool>> {
        let (messages, signatures) = (messages.slices(), signatures.slices());
        let context = context.as_deref().unwrap_or_default();
        if messages.len() != signatures.len() {
            let (messages, signatures) = (messages.len(), signatures.len());
            return Err(refuse(py, &Misuse::Unequal { keys: 1, messages, signatures }));
        }
        let pairs = messages.iter().zip(&signatures);
        let all: Result<Vec<bool>, crate::SignatureError> =
            py.detach(|| pairs.map(|(message, signature)| self.0.verify(message, signature, context)).collect());
        all.map_err(|error| refuse(py, &error))
    }

    fn __repr__(&self) -> String {
        format!("VerifyingKey({:?})", self.scheme())
    }
}
