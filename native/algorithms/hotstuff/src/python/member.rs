//! One member of a chain.

use std::sync::Arc;

use globelet_binding::Bytes;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use pyo3::IntoPyObjectExt;

use super::keys::{Committee, PyKeys, Signing};
use super::{known, refuse};
use crate::{Action, Header, Hotstuff, HotstuffMessage};

type Actions<'py> = PyResult<Vec<Bound<'py, PyAny>>>;

/// One member of a chain; a payload is any bytes, its root their BLAKE3 hash.
#[pyclass(name = "Hotstuff", module = "globelet.algorithms.hotstuff")]
pub(super) struct PyHotstuff {
    member: Hotstuff,
    me: u16,
    keys: Arc<Committee>,
}

/// An action as a tuple that begins with its name; messages are encoded.
enum Told {
    Send(u16, Vec<u8>),
    Broadcast(Vec<u8>),
    Timer(u64, u64),
    Commit(u64, Vec<u8>, u64, u16, Vec<u8>),
    NeedPayload,
    Equivocation(u16, u64),
}

fn valid(header: &Header, payload: &[u8]) -> bool {
    header.payload_root == *blake3::hash(payload).as_bytes()
}

impl Told {
    fn from(action: Action) -> Told {
        match action {
            Action::Send(to, message) => Told::Send(to, message.to_bytes()),
            Action::Broadcast(message) => Told::Broadcast(message.to_bytes()),
            Action::StartTimer { view, after_us } => Told::Timer(view, after_us),
            Action::Commit { header, payload, certificate } => {
                Told::Commit(header.height, payload, certificate.view, header.proposer, certificate.to_bytes())
            }
            Action::NeedPayload => Told::NeedPayload,
            Action::Equivocation { member, view, .. } => Told::Equivocation(member, view),
        }
    }

    fn told(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        let bytes = |data: &[u8]| PyBytes::new(py, data);
        match self {
            Told::Send(to, message) => ("send", to, bytes(&message)).into_bound_py_any(py),
            Told::Broadcast(message) => ("broadcast", bytes(&message)).into_bound_py_any(py),
            Told::Timer(view, after_us) => ("timer", view, after_us).into_bound_py_any(py),
            Told::Commit(height, payload, view, proposer, certificate) => {
                ("commit", height, bytes(&payload), view, proposer, bytes(&certificate)).into_bound_py_any(py)
            }
            Told::NeedPayload => ("need payload",).into_bound_py_any(py),
            Told::Equivocation(member, view) => ("equivocation", member, view).into_bound_py_any(py),
        }
    }
}

impl PyHotstuff {
    fn step<'py>(
        &mut self,
        py: Python<'py>,
        act: impl FnOnce(&mut Hotstuff, &Signing<'_>) -> Vec<Action> + Send,
    ) -> Actions<'py> {
        let (member, keys, me) = (&mut self.member, &self.keys, self.me);
        let told: Vec<Told> = py.detach(|| act(member, &Signing(keys, me)).into_iter().map(Told::from).collect());
        told.into_iter().map(|action| action.told(py)).collect()
    }
}

#[pymethods]
impl PyHotstuff {
    #[new]
    #[pyo3(signature = (keys, me, timeout_us=1_000_000))]
    fn new(py: Python<'_>, keys: PyRef<'_, PyKeys>, me: u16, timeout_us: u64) -> PyResult<PyHotstuff> {
        let member = Hotstuff::among(keys.0.chain, keys.0.n, me, timeout_us).map_err(|e| refuse(py, &e))?;
        Ok(PyHotstuff { member, me, keys: Arc::clone(&keys.0) })
    }

    /// Takes a message of another member.
    fn handle<'py>(&mut self, py: Python<'py>, now_us: u64, sender: u16, message: Bytes<'py>) -> Actions<'py> {
        known(py, sender, self.keys.n)?;
        let bytes: &[u8] = &message;
        let message = py.detach(|| HotstuffMessage::from_bytes(bytes)).map_err(|e| refuse(py, &e))?;
        self.step(py, |member, keys| member.handle(now_us, sender, message, &valid, keys))
    }

    /// Proposes a block, if this member may.
    fn propose<'py>(&mut self, py: Python<'py>, now_us: u64, payload: Bytes<'py>) -> Actions<'py> {
        let payload: &[u8] = &payload;
        self.step(py, |member, keys| {
            let root = blake3::hash(payload).into();
            member.propose(now_us, payload.to_vec(), root, keys)
        })
    }

    /// A timer ran out.
    fn timer<'py>(&mut self, py: Python<'py>, now_us: u64, view: u64) -> Actions<'py> {
        self.step(py, |member, keys| member.timer(now_us, view, keys))
    }

    /// There is work that only a commit can finish.
    fn expect_progress<'py>(&mut self, py: Python<'py>, now_us: u64) -> Actions<'py> {
        self.step(py, |member, _| member.expect_progress(now_us))
    }

    /// To call after a restart or a long absence.
    fn catch_up<'py>(&mut self, py: Python<'py>, now_us: u64) -> Actions<'py> {
        self.step(py, |member, _| member.catch_up(now_us))
    }

    /// The current view.
    #[getter]
    fn view(&self) -> u64 {
        self.member.view()
    }

    /// The last committed height.
    #[getter]
    fn height(&self) -> u64 {
        self.member.height()
    }

    /// Hash of the last committed block.
    #[getter]
    fn head<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.member.head())
    }

    /// Who leads the current view.
    #[getter]
    fn leader(&self) -> u16 {
        self.member.leader(self.member.view())
    }

    /// Whether this member may propose a block of its own now.
    #[getter]
    fn ready(&self) -> bool {
        self.member.ready_to_propose()
    }

    /// Whether somebody waits for a commit.
    #[getter]
    fn expecting(&self) -> bool {
        self.member.expecting()
    }
}
