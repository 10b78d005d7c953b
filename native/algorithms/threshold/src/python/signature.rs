//! Signatures of a committee.

use globelet_binding::{Bytes, List, Rows};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::{encoded, exactly, misuse, refuse, seed, Misuse};
use crate::signature as native;

pub(super) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<SigningCommittee>()?;
    module.add_class::<SigningShare>()?;
    module.add_function(wrap_pyfunction!(deal_signing, module)?)
}

/// A committee's public key for signatures.
#[pyclass(module = "globelet.algorithms.threshold", frozen)]
pub(super) struct SigningCommittee(pub(super) native::SigningCommittee);

/// One member's share of the signing key, wiped when it is collected.
#[pyclass(module = "globelet.algorithms.threshold", frozen)]
pub(super) struct SigningShare(pub(super) native::SigningShare);

/// Splits a fresh signing key among members so that any `needed` can sign.
#[pyfunction]
fn deal_signing(
    py: Python<'_>,
    n: u16,
    needed: u16,
    randomness: Bytes<'_>,
) -> PyResult<(SigningCommittee, Vec<SigningShare>)> {
    let randomness = seed(py, &randomness)?;
    let (committee, shares) =
        py.detach(|| native::deal_signing(n, needed, randomness)).map_err(|error| refuse(py, &error))?;
    Ok((SigningCommittee(committee), shares.into_iter().map(SigningShare).collect()))
}

encoded!(SigningCommittee, native::SigningCommittee, {
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

    /// The group key, 96 bytes.
    fn group_key<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.group_key())
    }

    /// Whether the committee signed a message.
    fn verify(&self, py: Python<'_>, message: Bytes<'_>, signature: Bytes<'_>) -> PyResult<bool> {
        let (message, signature) = (&*message, exactly(py, "a signature", &signature)?);
        Ok(py.detach(|| self.0.verify(message, signature)))
    }

    /// Which signatures stand on their messages.
    fn verify_many(&self, py: Python<'_>, messages: Rows<'_>, signatures: Rows<'_>) -> PyResult<Vec<bool>> {
        let (messages, signatures) = (messages.slices(), signatures.slices());
        if messages.len() != signatures.len() {
            let (members, shares) = (messages.len(), signatures.len());
            return Err(misuse(py, &Misuse::Unequal { members, shares }));
        }
        let signatures: Vec<&[u8; 48]> =
            signatures.iter().map(|signature| exactly(py, "a signature", signature)).collect::<PyResult<_>>()?;
        let pairs = messages.iter().zip(signatures);
        Ok(py.detach(|| pairs.map(|(message, signature)| self.0.verify(message, signature)).collect()))
    }

    /// Whether a member signed a message.
    fn verify_share(&self, py: Python<'_>, index: u16, message: Bytes<'_>, share: Bytes<'_>) -> PyResult<bool> {
        let (message, share) = (&*message, exactly(py, "a share of a signature", &share)?);
        Ok(py.detach(|| self.0.verify_share(index, message, share)))
    }

    /// The committee's signature from shares of enough members.
    fn combine<'py>(
        &self,
        py: Python<'py>,
        message: Bytes<'py>,
        indices: List<u16>,
        shares: Rows<'py>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (message, shares) = (&*message, shares.slices());
        if indices.len() != shares.len() {
            return Err(misuse(py, &Misuse::Unequal { members: indices.len(), shares: shares.len() }));
        }
        let pairs = indices.iter().zip(&shares);
        let given = pairs.map(|(index, share)| Ok((*index, *exactly(py, "a share of a signature", share)?)));
        let given: Vec<(u16, [u8; native::SIGNATURE_LEN])> = given.collect::<PyResult<_>>()?;
        let signature = py.detach(|| self.0.combine(message, &given));
        signature.map(|signature| PyBytes::new(py, &signature)).map_err(|error| refuse(py, &error))
    }
});

encoded!(SigningShare, native::SigningShare, {
    /// The member's number.
    #[getter]
    fn index(&self) -> u16 {
        self.0.index()
    }

    /// This member's share of the signature on a message, 48 bytes.
    fn sign<'py>(&self, py: Python<'py>, message: Bytes<'py>) -> Bound<'py, PyBytes> {
        let message = &*message;
        let share = py.detach(|| self.0.sign(message));
        PyBytes::new(py, &share)
    }
});
