//! Encryption to a committee, and its coin.

use globelet_binding::{Bytes, List};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use zeroize::Zeroizing;

use super::{encoded, refuse, seed};

pub(super) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PublicKey>()?;
    module.add_class::<KeyShare>()?;
    module.add_class::<Ciphertext>()?;
    module.add_class::<DecryptionShare>()?;
    module.add_class::<CoinShare>()?;
    module.add_function(wrap_pyfunction!(deal, module)?)
}

/// A committee's public key for encryption.
#[pyclass(module = "globelet.algorithms.threshold", frozen)]
pub(super) struct PublicKey(pub(super) crate::PublicKey);

/// One member's share of the key, wiped when it is collected.
#[pyclass(module = "globelet.algorithms.threshold", frozen)]
pub(super) struct KeyShare(pub(super) crate::KeyShare);

/// A payload sealed to a committee and bound to a label.
#[pyclass(module = "globelet.algorithms.threshold", frozen)]
struct Ciphertext(crate::Ciphertext);

/// One member's contribution to opening a ciphertext.
#[pyclass(module = "globelet.algorithms.threshold", frozen)]
struct DecryptionShare(crate::DecryptionShare);

/// One member's contribution to a coin.
#[pyclass(module = "globelet.algorithms.threshold", frozen)]
struct CoinShare(crate::CoinShare);

/// Splits a fresh key among members so that any `needed` can use it.
#[pyfunction]
fn deal(py: Python<'_>, n: u16, needed: u16, randomness: Bytes<'_>) -> PyResult<(PublicKey, Vec<KeyShare>)> {
    let randomness = seed(py, &randomness)?;
    let (public, shares) = py.detach(|| crate::deal(n, needed, randomness)).map_err(|error| refuse(py, &error))?;
    Ok((PublicKey(public), shares.into_iter().map(KeyShare).collect()))
}

encoded!(PublicKey, crate::PublicKey, {
    /// Members of the committee.
    #[getter]
    fn members(&self) -> u16 {
        self.0.members()
    }

    /// Shares that are enough.
    #[getter]
    fn needed(&self) -> u16 {
        self.0.needed()
    }

    /// The key that ciphertexts are sealed to, 32 bytes.
    fn group_key<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.0.group_key()))
    }

    /// Seals a payload, bound to a label.
    fn encrypt(
        &self,
        py: Python<'_>,
        label: Bytes<'_>,
        plaintext: Bytes<'_>,
        randomness: Bytes<'_>,
    ) -> PyResult<Ciphertext> {
        let (label, plaintext, randomness) = (&*label, &*plaintext, seed(py, &randomness)?);
        Ok(Ciphertext(py.detach(|| crate::encrypt(&self.0, label, plaintext, randomness))))
    }

    /// Refuses a ciphertext that was not made for this label by somebody who knows what is in it.
    fn check(&self, py: Python<'_>, label: Bytes<'_>, ciphertext: &Ciphertext) -> PyResult<()> {
        let label = &*label;
        py.detach(|| crate::check(&self.0, label, &ciphertext.0)).map_err(|error| refuse(py, &error))
    }

    /// Whether a share is what its member's key makes of a ciphertext.
    fn verify_share(&self, py: Python<'_>, ciphertext: &Ciphertext, share: &DecryptionShare) -> bool {
        py.detach(|| crate::verify_share(&self.0, &ciphertext.0, &share.0))
    }

    /// Opens a ciphertext with shares of enough members.
    fn combine<'py>(
        &self,
        py: Python<'py>,
        label: Bytes<'py>,
        ciphertext: &Ciphertext,
        shares: List<PyRef<'py, DecryptionShare>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let label = &*label;
        let shares: Vec<_> = shares.iter().map(|share| share.0.clone()).collect();
        let opened = py.detach(|| crate::combine(&self.0, label, &ciphertext.0, &shares));
        opened.map(|payload| PyBytes::new(py, &Zeroizing::new(payload))).map_err(|error| refuse(py, &error))
    }

    /// Whether a share is what its member's key makes of a coin's name.
    fn verify_coin_share(&self, py: Python<'_>, name: Bytes<'_>, share: &CoinShare) -> bool {
        let name = &*name;
        py.detach(|| crate::verify_coin_share(&self.0, name, &share.0))
    }

    /// The coin of a name, from shares of enough members.
    fn combine_coin<'py>(
        &self,
        py: Python<'py>,
        name: Bytes<'py>,
        shares: List<PyRef<'py, CoinShare>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let name = &*name;
        let shares: Vec<_> = shares.iter().map(|share| share.0.clone()).collect();
        let coin = py.detach(|| crate::combine_coin(&self.0, name, &shares));
        coin.map(|coin| PyBytes::new(py, &coin)).map_err(|error| refuse(py, &error))
    }
});

encoded!(KeyShare, crate::KeyShare, {
    /// The member's number.
    #[getter]
    fn index(&self) -> u16 {
        self.0.index()
    }

    /// This member's share of opening a checked ciphertext.
    fn decryption_share(&self, py: Python<'_>, ciphertext: &Ciphertext) -> DecryptionShare {
        DecryptionShare(py.detach(|| self.0.decryption_share(&ciphertext.0, &[0; 32])))
    }

    /// This member's share of a coin.
    fn coin_share(&self, py: Python<'_>, name: Bytes<'_>) -> CoinShare {
        let name = &*name;
        CoinShare(py.detach(|| self.0.coin_share(name)))
    }
});

encoded!(DecryptionShare, crate::DecryptionShare, {
    /// The member's number.
    #[getter]
    fn index(&self) -> u16 {
        self.0.index
    }
});

encoded!(CoinShare, crate::CoinShare, {
    /// The member's number.
    #[getter]
    fn index(&self) -> u16 {
        self.0.index
    }
});

encoded!(Ciphertext, crate::Ciphertext, {});
