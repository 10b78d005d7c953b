//! A member that Python drives by hand.

use std::collections::BTreeSet;

use globelet_binding::{Bytes, Rows};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use pyo3::IntoPyObjectExt;

use super::{fixed, refuse, settings_of, PySettings};
use crate::{encode, Authors, GossipError, Input, Member, Output, Timer};

/// A member of an overlay.
#[pyclass(name = "Member", module = "globelet.algorithms.gossip")]
pub(super) struct PyMember(Member);

type Outputs<'py> = Vec<Bound<'py, PyAny>>;

/// An output as a tuple that begins with its name.
fn told<'py>(py: Python<'py>, output: &Output) -> PyResult<Bound<'py, PyAny>> {
    match output {
        Output::Send(to, packet) => {
            ("send", *to, PyBytes::new(py, &encode(std::slice::from_ref(packet)))).into_bound_py_any(py)
        }
        Output::Deliver { from, round, payload } => {
            ("deliver", *from, *round, PyBytes::new(py, payload)).into_bound_py_any(py)
        }
        Output::StartTimer(after, timer) => {
            ("timer", *after, PyBytes::new(py, &timer.to_bytes())).into_bound_py_any(py)
        }
    }
}

impl PyMember {
    fn tell<'py>(&mut self, py: Python<'py>, input: Input) -> PyResult<Outputs<'py>> {
        let member = &mut self.0;
        let outputs = py.detach(|| member.handle(input));
        outputs.iter().map(|output| told(py, output)).collect()
    }
}

fn all<'py>(py: Python<'py>, outputs: Result<Vec<Output>, GossipError>) -> PyResult<Outputs<'py>> {
    let outputs = outputs.map_err(|error| refuse(py, &error))?;
    outputs.iter().map(|output| told(py, output)).collect()
}

#[pymethods]
impl PyMember {
    #[new]
    #[pyo3(signature = (me, seed, settings=None, authors=None))]
    fn new(
        py: Python<'_>,
        me: u16,
        seed: u64,
        settings: Option<PyRef<'_, PySettings>>,
        authors: Option<Rows<'_>>,
    ) -> PyResult<PyMember> {
        let settings = settings_of(settings);
        let Some(keys) = authors else { return Ok(PyMember(Member::new(me, settings, seed))) };
        let keys = keys.slices().into_iter().map(|key| fixed(py, "an author's public key", key));
        let keys = keys.collect::<PyResult<BTreeSet<_>>>()?;
        Ok(PyMember(Member::guarded(me, settings, seed, Authors::These(keys))))
    }

    /// The member begins.
    fn start<'py>(&mut self, py: Python<'py>) -> PyResult<Outputs<'py>> {
        self.tell(py, Input::Started)
    }

    /// Enters the overlay by a peer.
    fn join<'py>(&mut self, py: Python<'py>, contact: u16) -> PyResult<Outputs<'py>> {
        self.tell(py, Input::Join(contact))
    }

    /// Hears what a peer sent.
    fn receive<'py>(&mut self, py: Python<'py>, sender: u16, data: Bytes<'py>) -> PyResult<Outputs<'py>> {
        let (member, bytes): (_, &[u8]) = (&mut self.0, &data);
        let outputs = py.detach(|| member.receive(sender, bytes));
        all(py, outputs)
    }

    /// A peer cannot be reached.
    fn down<'py>(&mut self, py: Python<'py>, peer: u16) -> PyResult<Outputs<'py>> {
        self.tell(py, Input::Down(peer))
    }

    /// The round trip to a peer, microseconds.
    fn round_trip<'py>(&mut self, py: Python<'py>, peer: u16, micros: u64) -> PyResult<Outputs<'py>> {
        self.tell(py, Input::RoundTrip(peer, micros))
    }

    /// Tells every member.
    fn broadcast<'py>(&mut self, py: Python<'py>, payload: Bytes<'py>) -> PyResult<Outputs<'py>> {
        let (member, payload): (_, &[u8]) = (&mut self.0, &payload);
        let outputs = py.detach(|| member.broadcast(payload.to_vec()));
        all(py, outputs)
    }

    /// A timer ran out.
    fn expired<'py>(&mut self, py: Python<'py>, timer: Bytes<'py>) -> PyResult<Outputs<'py>> {
        let timer = Timer::from_bytes(&timer).map_err(|error| refuse(py, &error))?;
        self.tell(py, Input::TimerExpired(timer))
    }

    /// Its own number.
    #[getter]
    fn me(&self) -> u16 {
        self.0.me()
    }

    /// Its neighbours.
    #[getter]
    fn active(&self) -> Vec<u16> {
        self.0.active().iter().copied().collect()
    }

    /// Its reserve.
    #[getter]
    fn passive(&self) -> Vec<u16> {
        self.0.passive().iter().copied().collect()
    }

    /// Neighbours that get payloads at once.
    #[getter]
    fn eager(&self) -> Vec<u16> {
        self.0.eager().iter().copied().collect()
    }

    /// Payloads that nobody who may broadcast has signed.
    #[getter]
    fn refused(&self) -> u64 {
        self.0.refused()
    }
}
