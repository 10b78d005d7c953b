//! NTP: packets and the client of several servers.

use globelet_binding::{Bytes, List};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::refuse;
use crate::ntp::{Candidate, Client, Estimate, NtpTime, Packet, Sample, Selection, Settings};

/// A packet of NTP 3 or 4.
#[pyclass(name = "Packet", module = "globelet.algorithms.clock", frozen, eq)]
#[derive(PartialEq, Eq)]
pub(super) struct PyPacket(Packet);

#[pymethods]
impl PyPacket {
    /// Reads a packet.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, data: Bytes<'_>) -> PyResult<PyPacket> {
        Packet::from_bytes(&data).map(PyPacket).map_err(|error| refuse(py, &error))
    }

    /// A question that tells nothing but a nonce.
    #[staticmethod]
    fn question(nonce: u64) -> PyPacket {
        PyPacket(Packet::question(nonce))
    }

    /// The answer of a server of this stratum and reference, which got this question and answers at once.
    fn answer(&self, received_ns: u64, sent_ns: u64, stratum: u8, reference: [u8; 4]) -> PyPacket {
        let about = Packet { stratum: stratum.min(16), reference, precision: -20, ..Packet::question(0) };
        let [received, sent] = [received_ns, sent_ns].map(NtpTime::from_unix_ns);
        PyPacket(about.answer(&self.0, received, sent))
    }

    /// The 48 bytes.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_bytes())
    }

    /// Leap second to come; 3 for not synchronised.
    #[getter]
    fn leap(&self) -> u8 {
        self.0.leap
    }

    /// Version.
    #[getter]
    fn version(&self) -> u8 {
        self.0.version
    }

    /// Who speaks, as RFC 5905 numbers it.
    #[getter]
    fn mode(&self) -> u8 {
        self.0.mode as u8
    }

    /// Servers between the sender and the true time.
    #[getter]
    fn stratum(&self) -> u8 {
        self.0.stratum
    }

    /// Four bytes: what the sender is set by.
    #[getter]
    fn reference<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.reference)
    }

    /// The code of a kiss-o'-death.
    #[getter]
    fn kiss(&self) -> Option<String> {
        self.0.kiss().map(|code| code.escape_ascii().to_string())
    }

    /// The stamp of the question that this answers, as it stands there.
    #[getter]
    fn origin(&self) -> u64 {
        self.0.origin.0
    }

    /// When the question arrived, in nanoseconds since the Unix epoch, in the era of `about_ns`.
    fn received_ns(&self, about_ns: u64) -> u64 {
        self.0.receive.to_unix_ns(about_ns)
    }

    /// When this packet left, in nanoseconds since the Unix epoch, in the era of `about_ns`.
    fn sent_ns(&self, about_ns: u64) -> u64 {
        self.0.transmit.to_unix_ns(about_ns)
    }
}

/// What one exchange says of a server's clock.
#[pyclass(name = "Sample", module = "globelet.algorithms.clock", frozen, get_all)]
pub(super) struct PySample {
    offset_ns: i64,
    delay_ns: u64,
    dispersion_ns: u64,
    stratum: u8,
}

impl From<Sample> for PySample {
    fn from(sample: Sample) -> PySample {
        let Sample { offset_ns, delay_ns, dispersion_ns, stratum, .. } = sample;
        PySample { offset_ns, delay_ns, dispersion_ns, stratum }
    }
}

/// A server whose time is known well enough.
#[pyclass(name = "Candidate", module = "globelet.algorithms.clock", frozen, get_all)]
#[derive(Clone, Copy)]
pub(super) struct PyCandidate {
    server: usize,
    offset_ns: i64,
    distance_ns: u64,
    jitter_ns: u64,
    stratum: u8,
}

#[pymethods]
impl PyCandidate {
    #[new]
    #[pyo3(signature = (server, offset_ns, distance_ns, jitter_ns=0, stratum=1))]
    fn new(server: usize, offset_ns: i64, distance_ns: u64, jitter_ns: u64, stratum: u8) -> PyCandidate {
        PyCandidate { server, offset_ns, distance_ns, jitter_ns, stratum }
    }
}

/// What the servers say together.
#[pyclass(name = "Estimate", module = "globelet.algorithms.clock", frozen, get_all)]
pub(super) struct PyEstimate {
    offset_ns: i64,
    jitter_ns: u64,
    low_ns: i64,
    high_ns: i64,
    distance_ns: u64,
    stratum: u8,
    survivors: Vec<usize>,
    false_tickers: Vec<usize>,
}

impl PyEstimate {
    fn new(selection: Selection, distance_ns: u64, stratum: u8) -> PyEstimate {
        let Selection { offset_ns, jitter_ns, interval, survivors, false_tickers } = selection;
        let (low_ns, high_ns) = (interval.low_ns, interval.high_ns);
        PyEstimate { offset_ns, jitter_ns, low_ns, high_ns, distance_ns, stratum, survivors, false_tickers }
    }
}

/// Selects among candidates; `None` if no majority agrees.
#[pyfunction]
pub(super) fn select(py: Python<'_>, candidates: List<PyRef<'_, PyCandidate>>) -> Option<PyEstimate> {
    let plain = candidates.iter().map(|c| Candidate {
        server: c.server,
        offset_ns: c.offset_ns,
        distance_ns: c.distance_ns,
        jitter_ns: c.jitter_ns,
        stratum: c.stratum,
    });
    let plain: Vec<Candidate> = plain.collect();
    let selection = py.detach(|| crate::ntp::select(&plain))?;
    let best = plain.iter().find(|c| Some(&c.server) == selection.survivors.first())?;
    let distance_ns = best.distance_ns.saturating_add(selection.jitter_ns);
    Some(PyEstimate::new(selection, distance_ns, best.stratum.saturating_add(1)))
}

/// Asks servers for the time: a state machine without sockets and clocks.
#[pyclass(name = "TimeClient", module = "globelet.algorithms.clock")]
pub(super) struct PyTimeClient(Client);

#[pymethods]
impl PyTimeClient {
    #[new]
    #[pyo3(signature = (servers, least_servers=1, most_distance_ns=1_000_000_000, precision=-20))]
    fn new(servers: u16, least_servers: usize, most_distance_ns: u64, precision: i8) -> PyTimeClient {
        let settings = Settings { precision, most_distance_ns, least_servers };
        PyTimeClient(Client::new(usize::from(servers), settings))
    }

    /// The question to send to a server.
    fn ask<'py>(&mut self, py: Python<'py>, server: usize, now_ns: u64, nonce: u64) -> PyResult<Bound<'py, PyBytes>> {
        let question = self.0.ask(server, now_ns, nonce).map_err(|error| refuse(py, &error))?;
        Ok(PyBytes::new(py, &question.to_bytes()))
    }

    /// Takes what came from a server.
    fn receive(&mut self, py: Python<'_>, server: usize, data: Bytes<'_>, now_ns: u64) -> PyResult<PySample> {
        self.0.receive(server, &data, now_ns).map(PySample::from).map_err(|error| refuse(py, &error))
    }

    /// What the servers say together.
    fn estimate(&self, py: Python<'_>, now_ns: u64) -> PyResult<PyEstimate> {
        let found: Estimate = py.detach(|| self.0.estimate(now_ns)).map_err(|error| refuse(py, &error))?;
        Ok(PyEstimate::new(found.selection, found.distance_ns, found.stratum))
    }

    /// The servers that answered of late and whose time is known well enough.
    fn candidates(&self, now_ns: u64) -> Vec<PyCandidate> {
        let found = self.0.candidates(now_ns).into_iter();
        found.map(|c| PyCandidate::new(c.server, c.offset_ns, c.distance_ns, c.jitter_ns, c.stratum)).collect()
    }

    /// How long to wait between questions to a server, in seconds.
    fn interval_s(&mut self, py: Python<'_>, server: usize) -> PyResult<u64> {
        self.0.interval_s(server).map_err(|error| refuse(py, &error))
    }

    /// Forgets all samples, as after a step of the local clock.
    fn stepped(&mut self) {
        self.0.stepped();
    }
}
