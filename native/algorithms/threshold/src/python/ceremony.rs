//! Ceremonies of either scheme.

use globelet_binding::{Bytes, Rows};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::encryption::{KeyShare, PublicKey};
use super::signature::{SigningCommittee, SigningShare};
use super::{exactly, misuse, refuse, seed, Misuse};
use crate::ceremony::{self as native, Message};
use crate::{Encryption, Scheme, Signing, ThresholdError};

pub(super) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("SCHEMES", [Encryption::NAME, Signing::NAME])?;
    module.add_class::<TransportKey>()?;
    module.add_class::<Ceremony>()
}

/// A member's own key, to which dealers seal its shares; wiped when it is collected.
#[pyclass(module = "globelet.algorithms.threshold", frozen)]
struct TransportKey {
    /// The seed, since a ceremony takes a key of its own.
    seed: zeroize::Zeroizing<[u8; 32]>,
    public: [u8; 32],
}

#[pymethods]
impl TransportKey {
    /// The key that follows from a seed of 32 bytes.
    #[new]
    fn new(py: Python<'_>, seed: Bytes<'_>) -> PyResult<TransportKey> {
        let mut kept = zeroize::Zeroizing::new([0; 32]);
        kept.copy_from_slice(exactly::<32>(py, "a seed", &seed)?);
        let public = py.detach(|| crate::TransportKey::from_seed(&kept).public());
        Ok(TransportKey { seed: kept, public })
    }

    /// The public key, 32 bytes.
    fn public<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.public)
    }

    fn __repr__(&self) -> &'static str {
        "TransportKey(..)"
    }
}

#[derive(Debug)]
enum Any {
    Encryption(native::Ceremony<Encryption>),
    Signing(native::Ceremony<Signing>),
}

/// Runs `$body` with `$ceremony` bound to the ceremony inside.
macro_rules! with {
    ($any:expr, $ceremony:ident => $body:expr) => {
        match $any {
            Any::Encryption($ceremony) => $body,
            Any::Signing($ceremony) => $body,
        }
    };
}

/// One member's view of the making, or handing on, of a key.
#[pyclass(module = "globelet.algorithms.threshold")]
struct Ceremony(Any);

/// An old key of either scheme.
#[derive(FromPyObject)]
enum OldKey<'py> {
    Encryption(PyRef<'py, PublicKey>),
    Signing(PyRef<'py, SigningCommittee>),
}

/// An old share of either scheme.
#[derive(FromPyObject)]
enum OldShare<'py> {
    Encryption(PyRef<'py, KeyShare>),
    Signing(PyRef<'py, SigningShare>),
}

fn with_key<S: Scheme>(
    made: Result<native::Ceremony<S>, ThresholdError>,
    key: Option<&TransportKey>,
) -> Result<native::Ceremony<S>, ThresholdError> {
    match key {
        Some(key) => made?.with_key(crate::TransportKey::from_seed(&key.seed)),
        None => made,
    }
}

fn keys(py: Python<'_>, receivers: &Rows<'_>) -> PyResult<Vec<[u8; 32]>> {
    receivers.slices().into_iter().map(|key| exactly(py, "a transport key", key).copied()).collect()
}

fn handled<S: Scheme>(ceremony: &mut native::Ceremony<S>, bytes: &[u8]) -> Result<Option<Vec<u8>>, ThresholdError> {
    let answer = ceremony.handle(Message::from_bytes(bytes)?)?;
    Ok(answer.map(|message| message.to_bytes()))
}

/// Public key, share, dealers.
type Made<'py> = (Bound<'py, PyAny>, Option<Bound<'py, PyAny>>, Vec<u16>);

#[pymethods]
impl Ceremony {
    /// A ceremony for a new key.
    #[staticmethod]
    #[pyo3(signature = (scheme, session, receivers, needed, key=None))]
    fn generation(
        py: Python<'_>,
        scheme: &str,
        session: Bytes<'_>,
        receivers: Rows<'_>,
        needed: u16,
        key: Option<PyRef<'_, TransportKey>>,
    ) -> PyResult<Ceremony> {
        let (session, receivers) = (&*session, keys(py, &receivers)?);
        let key = key.as_deref();
        let (encryption, signing) = (scheme == Encryption::NAME, scheme == Signing::NAME);
        if !encryption && !signing {
            return Err(misuse(py, &Misuse::UnknownScheme(scheme.to_owned())));
        }
        let made = py.detach(|| {
            if encryption {
                with_key(native::Ceremony::generation(session, &receivers, needed), key).map(Any::Encryption)
            } else {
                with_key(native::Ceremony::generation(session, &receivers, needed), key).map(Any::Signing)
            }
        });
        made.map(Ceremony).map_err(|error| refuse(py, &error))
    }

    /// A ceremony that hands a key to a new committee.
    #[staticmethod]
    #[pyo3(signature = (old, session, receivers, needed, key=None))]
    fn resharing(
        py: Python<'_>,
        old: OldKey<'_>,
        session: Bytes<'_>,
        receivers: Rows<'_>,
        needed: u16,
        key: Option<PyRef<'_, TransportKey>>,
    ) -> PyResult<Ceremony> {
        let (session, receivers) = (&*session, keys(py, &receivers)?);
        let key = key.as_deref();
        let made = match old {
            OldKey::Encryption(old) => {
                let old = &old.0;
                let made = || with_key(native::Ceremony::resharing(session, old, &receivers, needed), key);
                py.detach(made).map(Any::Encryption)
            }
            OldKey::Signing(old) => {
                let old = &old.0;
                let made = || with_key(native::Ceremony::resharing(session, old, &receivers, needed), key);
                py.detach(made).map(Any::Signing)
            }
        };
        made.map(Ceremony).map_err(|error| refuse(py, &error))
    }

    /// The scheme's name.
    #[getter]
    fn scheme(&self) -> &'static str {
        match self.0 {
            Any::Encryption(_) => Encryption::NAME,
            Any::Signing(_) => Signing::NAME,
        }
    }

    /// Receivers.
    #[getter]
    fn members(&self) -> u16 {
        with!(&self.0, ceremony => ceremony.members())
    }

    /// Members who may deal.
    #[getter]
    fn dealers(&self) -> u16 {
        with!(&self.0, ceremony => ceremony.dealers())
    }

    /// Dealings that must stand.
    #[getter]
    fn dealings_needed(&self) -> u16 {
        with!(&self.0, ceremony => ceremony.dealings_needed())
    }

    /// The dealers that are out, each with the reason.
    #[getter]
    fn faults(&self) -> std::collections::BTreeMap<u16, String> {
        with!(&self.0, ceremony => ceremony.faults().iter().map(|(dealer, fault)| (*dealer, fault.to_string())).collect())
    }

    /// A member's dealing of a fresh secret, to be broadcast.
    fn deal<'py>(&self, py: Python<'py>, dealer: u16, randomness: Bytes<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let randomness = seed(py, &randomness)?;
        let dealt = py.detach(|| {
            with!(&self.0, ceremony => ceremony.deal(dealer, randomness).map(|dealing| Message::Dealing(dealing).to_bytes()))
        });
        dealt.map(|message| PyBytes::new(py, &message)).map_err(|error| refuse(py, &error))
    }

    /// An old member's dealing of its share, to be broadcast.
    fn redeal<'py>(
        &self,
        py: Python<'py>,
        share: OldShare<'py>,
        randomness: Bytes<'py>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let randomness = seed(py, &randomness)?;
        let dealt = match (&self.0, &share) {
            (Any::Encryption(ceremony), OldShare::Encryption(share)) => {
                let share = &share.0;
                py.detach(|| ceremony.redeal(share, randomness).map(|dealing| Message::Dealing(dealing).to_bytes()))
            }
            (Any::Signing(ceremony), OldShare::Signing(share)) => {
                let share = &share.0;
                py.detach(|| ceremony.redeal(share, randomness).map(|dealing| Message::Dealing(dealing).to_bytes()))
            }
            _ => return Err(misuse(py, &Misuse::OtherScheme(self.scheme()))),
        };
        dealt.map(|message| PyBytes::new(py, &message)).map_err(|error| refuse(py, &error))
    }

    /// Takes in a message that was broadcast; gives a complaint to broadcast, if there is one to make.
    fn handle<'py>(&mut self, py: Python<'py>, message: Bytes<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let message = &*message;
        let answer = py.detach(|| with!(&mut self.0, ceremony => handled(ceremony, message)));
        answer.map(|answer| answer.map(|bytes| PyBytes::new(py, &bytes))).map_err(|error| refuse(py, &error))
    }

    /// The public key, this member's share of the secret one, and the dealers it is made of.
    fn outcome<'py>(&self, py: Python<'py>) -> PyResult<Made<'py>> {
        match &self.0 {
            Any::Encryption(ceremony) => {
                let made = py.detach(|| ceremony.outcome()).map_err(|error| refuse(py, &error))?;
                let share = made.share.map(|share| Bound::new(py, KeyShare(share))).transpose()?;
                Ok((Bound::new(py, PublicKey(made.public))?.into_any(), share.map(Bound::into_any), made.dealers))
            }
            Any::Signing(ceremony) => {
                let made = py.detach(|| ceremony.outcome()).map_err(|error| refuse(py, &error))?;
                let share = made.share.map(|share| Bound::new(py, SigningShare(share))).transpose()?;
                Ok((
                    Bound::new(py, SigningCommittee(made.public))?.into_any(),
                    share.map(Bound::into_any),
                    made.dealers,
                ))
            }
        }
    }

    fn __repr__(&self) -> String {
        format!("Ceremony({:?}, {} receivers)", self.scheme(), self.members())
    }
}
