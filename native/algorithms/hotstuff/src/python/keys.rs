//! The keys of a whole committee, for networks that are played by hand.

use std::sync::Arc;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use globelet_binding::Bytes;
use pyo3::prelude::*;
use zeroize::Zeroizing;

use super::{known, refuse, Misuse};
use crate::{Certificate, Crypto, Evidence, HotstuffError};

/// Everybody's Ed25519 keys.
pub(super) struct Committee {
    pub(super) n: u16,
    pub(super) chain: u16,
    secret: Vec<SigningKey>,
    public: Vec<VerifyingKey>,
}

/// One member's view of them.
pub(super) struct Signing<'a>(pub(super) &'a Committee, pub(super) u16);

impl Crypto for Signing<'_> {
    fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.0.secret.get(usize::from(self.1)).map_or([0; 64], |key| key.sign(bytes).to_bytes())
    }

    fn verify(&self, member: u16, bytes: &[u8], sig: &[u8; 64]) -> bool {
        let key = self.0.public.get(usize::from(member));
        key.is_some_and(|key| key.verify_strict(bytes, &Signature::from_bytes(sig)).is_ok())
    }
}

/// The committee of one chain with everybody's keys.
#[pyclass(name = "Keys", module = "globelet.algorithms.hotstuff", frozen)]
pub(super) struct PyKeys(pub(super) Arc<Committee>);

#[pymethods]
impl PyKeys {
    #[new]
    #[pyo3(signature = (n, seed, chain=0))]
    fn new(py: Python<'_>, n: u16, seed: Bytes<'_>, chain: u16) -> PyResult<PyKeys> {
        if n == 0 {
            return Err(refuse(py, &HotstuffError::Committee));
        }
        let seed: &[u8; 32] = (*seed).try_into().map_err(|_| refuse(py, &Misuse::Length { found: seed.len() }))?;
        let (secret, public) = py.detach(|| {
            let derived = |me: u16| {
                let material = Zeroizing::new([&seed[..], &chain.to_le_bytes(), &me.to_le_bytes()].concat());
                let key = blake3::derive_key("globelet hotstuff 1: played key", &material);
                SigningKey::from_bytes(&Zeroizing::new(key))
            };
            let secret: Vec<SigningKey> = (0..n).map(derived).collect();
            let public = secret.iter().map(SigningKey::verifying_key).collect();
            (secret, public)
        });
        Ok(PyKeys(Arc::new(Committee { n, chain, secret, public })))
    }

    /// Members.
    #[getter]
    fn n(&self) -> u16 {
        self.0.n
    }

    /// The chain's number.
    #[getter]
    fn chain(&self) -> u16 {
        self.0.chain
    }

    /// Signatures in a certificate: n - f.
    #[getter]
    fn quorum(&self) -> u16 {
        self.0.n - self.0.n.saturating_sub(1) / 3
    }

    /// A member's public key, 32 bytes.
    fn public(&self, py: Python<'_>, member: u16) -> PyResult<[u8; 32]> {
        known(py, member, self.0.n)?;
        Ok(self.0.public[usize::from(member)].to_bytes())
    }

    /// Whether a quorum of distinct members signed a certificate.
    fn verify<'py>(&self, py: Python<'py>, certificate: Bytes<'py>) -> PyResult<bool> {
        let (bytes, committee, quorum): (&[u8], _, _) = (&certificate, &*self.0, usize::from(self.quorum()));
        let verified = py.detach(|| {
            let certificate = Certificate::from_bytes(bytes)?;
            Ok(certificate.verify(committee.chain, quorum, &Signing(committee, 0)))
        });
        verified.map_err(|e: HotstuffError| refuse(py, &e))
    }

    /// The member whom a piece of evidence convicts; None if it does not hold.
    fn convicts<'py>(&self, py: Python<'py>, evidence: Bytes<'py>) -> PyResult<Option<u16>> {
        let (bytes, committee): (&[u8], _) = (&evidence, &*self.0);
        let convicted = py.detach(|| {
            let evidence = Evidence::from_bytes(bytes)?;
            Ok(evidence.verify(committee.chain, &Signing(committee, 0)).then(|| evidence.member()))
        });
        convicted.map_err(|e: HotstuffError| refuse(py, &e))
    }
}
