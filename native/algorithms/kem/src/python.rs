//! `globelet._native.kem`.

use globelet_binding::{refusal, AlgorithmError, Bytes, Coded, Rows};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::{KemError as Error, MlKem768, PublicKey, Scheme, SecretKey, SharedSecret, Sntrup761, XWing};

pyo3::create_exception!(
    globelet.algorithms.kem,
    KemError,
    AlgorithmError,
    "A key, a seed or a ciphertext was refused. `code` is stable."
);

/// What only Python can get wrong.
#[derive(Debug, thiserror::Error)]
#[error("there is no scheme {0:?}: choose 'ml-kem-768', 'x-wing' or 'sntrup761'")]
struct UnknownScheme(String);

impl Coded for Error {
    fn code(&self) -> &'static str {
        Error::code(self)
    }
}

impl Coded for UnknownScheme {
    fn code(&self) -> &'static str {
        "kem.unknown-scheme"
    }
}

fn refuse(py: Python<'_>, error: &dyn Coded) -> PyErr {
    refusal::<KemError>(py, error)
}

/// Builds the submodule.
///
/// # Errors
/// Only when Python runs out of memory.
pub fn module(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    let module = PyModule::new(py, "kem")?;
    module.add("KemError", py.get_type::<KemError>())?;
    module.add_class::<PySecretKey>()?;
    module.add_class::<PyPublicKey>()?;
    module.add("SIZES", sizes(py)?)?;
    Ok(module)
}

/// Lengths in bytes by scheme.
fn sizes(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    fn of<S: Scheme>(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
        let sizes = PyDict::new(py);
        sizes.set_item("seed", S::SEED_LEN)?;
        sizes.set_item("randomness", S::RANDOMNESS_LEN)?;
        sizes.set_item("public", S::PUBLIC_LEN)?;
        sizes.set_item("ciphertext", S::CIPHERTEXT_LEN)?;
        Ok(sizes)
    }
    let all = PyDict::new(py);
    all.set_item("ml-kem-768", of::<MlKem768>(py)?)?;
    all.set_item("x-wing", of::<XWing>(py)?)?;
    all.set_item("sntrup761", of::<Sntrup761>(py)?)?;
    Ok(all)
}

/// One value for each scheme.
enum Any<M, X, S> {
    MlKem768(M),
    XWing(X),
    Sntrup761(S),
}

type AnySecret = Any<SecretKey<MlKem768>, SecretKey<XWing>, SecretKey<Sntrup761>>;
type AnyPublic = Any<PublicKey<MlKem768>, PublicKey<XWing>, PublicKey<Sntrup761>>;

/// Runs `$body` with `$key` bound to the key inside.
macro_rules! with_key {
    ($any:expr, $key:ident => $body:expr) => {
        match $any {
            Any::MlKem768($key) => $body,
            Any::XWing($key) => $body,
            Any::Sntrup761($key) => $body,
        }
    };
}

/// Makes the key of the scheme that `$name` names by `$make`.
macro_rules! named {
    ($py:expr, $name:expr, $make:expr) => {
        match $name {
            "ml-kem-768" => $py.detach(|| $make.map(Any::MlKem768)),
            "x-wing" => $py.detach(|| $make.map(Any::XWing)),
            "sntrup761" => $py.detach(|| $make.map(Any::Sntrup761)),
            other => return Err(refuse($py, &UnknownScheme(other.to_owned()))),
        }
        .map_err(|error| refuse($py, &error))
    };
}

fn name<M, X, S>(any: &Any<M, X, S>) -> &'static str {
    match any {
        Any::MlKem768(_) => "ml-kem-768",
        Any::XWing(_) => "x-wing",
        Any::Sntrup761(_) => "sntrup761",
    }
}

/// A secret key, wiped when it is collected.
#[pyclass(name = "SecretKey", module = "globelet.algorithms.kem", frozen)]
struct PySecretKey(AnySecret);

/// A public key whose encoding is canonical.
#[pyclass(name = "PublicKey", module = "globelet.algorithms.kem", frozen, eq)]
#[derive(PartialEq, Eq)]
struct PyPublicKey(AnyPublic);

impl PartialEq for AnyPublic {
    fn eq(&self, other: &AnyPublic) -> bool {
        let bytes = |any: &AnyPublic| with_key!(any, key => key.to_bytes());
        name(self) == name(other) && bytes(self) == bytes(other)
    }
}

impl Eq for AnyPublic {}

#[pymethods]
impl PySecretKey {
    /// The key that follows from a seed.
    #[new]
    fn new(py: Python<'_>, scheme: &str, seed: Bytes<'_>) -> PyResult<PySecretKey> {
        let seed = &*seed;
        named!(py, scheme, SecretKey::from_seed(seed)).map(PySecretKey)
    }

    /// The scheme's name.
    #[getter]
    fn scheme(&self) -> &'static str {
        name(&self.0)
    }

    /// The public key.
    fn public(&self) -> PyPublicKey {
        PyPublicKey(match &self.0 {
            Any::MlKem768(key) => Any::MlKem768(key.public()),
            Any::XWing(key) => Any::XWing(key.public()),
            Any::Sntrup761(key) => Any::Sntrup761(key.public()),
        })
    }

    /// The shared secret of a ciphertext.
    fn decapsulate<'py>(&self, py: Python<'py>, ciphertext: Bytes<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let ciphertext = &*ciphertext;
        let shared = py.detach(|| with_key!(&self.0, key => key.decapsulate(ciphertext)));
        shared.map(|shared| PyBytes::new(py, shared.expose())).map_err(|error| refuse(py, &error))
    }

    /// The shared secrets of ciphertexts.
    fn decapsulate_many<'py>(&self, py: Python<'py>, ciphertexts: Rows<'py>) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let ciphertexts = ciphertexts.slices();
        let all: Result<Vec<SharedSecret>, Error> =
            py.detach(|| with_key!(&self.0, key => ciphertexts.iter().map(|one| key.decapsulate(one)).collect()));
        let all = all.map_err(|error| refuse(py, &error))?;
        Ok(all.iter().map(|shared| PyBytes::new(py, shared.expose())).collect())
    }

    fn __repr__(&self) -> String {
        format!("SecretKey({:?}, ..)", name(&self.0))
    }
}

#[pymethods]
impl PyPublicKey {
    /// Reads a public key.
    #[new]
    fn new(py: Python<'_>, scheme: &str, data: Bytes<'_>) -> PyResult<PyPublicKey> {
        let data = &*data;
        named!(py, scheme, PublicKey::from_bytes(data)).map(PyPublicKey)
    }

    /// The scheme's name.
    #[getter]
    fn scheme(&self) -> &'static str {
        name(&self.0)
    }

    /// The key's only encoding.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &with_key!(&self.0, key => key.to_bytes()))
    }

    /// A ciphertext and the shared secret.
    fn encapsulate<'py>(&self, py: Python<'py>, randomness: Bytes<'py>) -> PyResult<Encapsulated<'py>> {
        let randomness = &*randomness;
        let made = py.detach(|| with_key!(&self.0, key => key.encapsulate(randomness)));
        made.map(|made| give(py, &made)).map_err(|error| refuse(py, &error))
    }

    /// A ciphertext and a shared secret for each row of randomness.
    fn encapsulate_many<'py>(&self, py: Python<'py>, randomness: Rows<'py>) -> PyResult<Vec<Encapsulated<'py>>> {
        let rows = randomness.slices();
        let all: Result<Vec<_>, Error> =
            py.detach(|| with_key!(&self.0, key => rows.iter().map(|row| key.encapsulate(row)).collect()));
        let all = all.map_err(|error| refuse(py, &error))?;
        Ok(all.iter().map(|made| give(py, made)).collect())
    }

    fn __repr__(&self) -> String {
        format!("PublicKey({:?})", name(&self.0))
    }
}

/// Ciphertext and shared secret.
type Encapsulated<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>);

fn give<'py>(py: Python<'py>, (ciphertext, shared): &(Vec<u8>, SharedSecret)) -> Encapsulated<'py> {
    (PyBytes::new(py, ciphertext), PyBytes::new(py, shared.expose()))
}
