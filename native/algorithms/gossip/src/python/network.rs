//! A whole overlay in virtual time, driven from Python.

use globelet_binding::Bytes;
use pyo3::prelude::*;

use super::{refuse, settings_of, Misuse, PySettings};
use crate::network::{Arrivals, Distances, Network};
use crate::{GossipError, Input};

/// Members in virtual time.
#[pyclass(name = "Network", module = "globelet.algorithms.gossip")]
pub(super) struct PyNetwork(Network);

/// How one broadcast went.
#[pyclass(name = "Arrivals", module = "globelet.algorithms.gossip", frozen, eq)]
#[derive(PartialEq, Eq)]
pub(super) struct PyArrivals(Arrivals);

impl PyNetwork {
    fn run<T: Send>(
        &mut self,
        py: Python<'_>,
        call: impl FnOnce(&mut Network) -> Result<T, GossipError> + Send,
    ) -> PyResult<T> {
        let network = &mut self.0;
        py.detach(|| call(network)).map_err(|error| refuse(py, &error))
    }

    fn running(&self, py: Python<'_>, peer: u16) -> PyResult<&crate::Member> {
        let missing = GossipError::NoSuchMember { peer: u64::from(peer) };
        self.0.member(peer).ok_or_else(|| refuse(py, &missing))
    }
}

#[pymethods]
impl PyNetwork {
    #[new]
    #[pyo3(signature = (nodes, seed=1, distances="cities", settings=None, joined=true))]
    fn new(
        py: Python<'_>,
        nodes: usize,
        seed: u64,
        distances: &str,
        settings: Option<PyRef<'_, PySettings>>,
        joined: bool,
    ) -> PyResult<PyNetwork> {
        let distances = match distances {
            "even" => Distances::Even,
            "cities" => Distances::Cities,
            other => return Err(refuse(py, &Misuse::UnknownDistances(other.to_owned()))),
        };
        let settings = settings_of(settings);
        let make = if joined { Network::joined } else { Network::new };
        let made = py.detach(|| make(nodes, &settings, distances, seed));
        made.map(PyNetwork).map_err(|error| refuse(py, &error))
    }

    /// A member enters by another.
    fn join(&mut self, py: Python<'_>, peer: u16, contact: u16) -> PyResult<()> {
        self.running(py, peer)?;
        self.0.tell(peer, Input::Join(contact));
        Ok(())
    }

    /// Runs for so many microseconds of virtual time.
    fn run_for(&mut self, py: Python<'_>, micros: u64) -> PyResult<()> {
        self.run(py, |network| network.run_for(micros))
    }

    /// Broadcasts from a member, runs, and gives what became of it.
    #[pyo3(signature = (sender, payload, wait_us=60_000_000))]
    fn broadcast(&mut self, py: Python<'_>, sender: u16, payload: Bytes<'_>, wait_us: u64) -> PyResult<PyArrivals> {
        let payload: &[u8] = &payload;
        self.run(py, |network| network.broadcast(sender, payload, wait_us)).map(PyArrivals)
    }

    /// Stops a member without a word.
    fn stop(&mut self, py: Python<'_>, peer: u16) -> PyResult<()> {
        self.run(py, |network| network.stop(peer))
    }

    /// Stops a share of the members at once, drawn at random; never `spare`.
    #[pyo3(signature = (share, spare=0))]
    fn fail(&mut self, py: Python<'_>, share: f64, spare: u16) -> PyResult<Vec<u16>> {
        if !(0.0..=1.0).contains(&share) {
            return Err(refuse(py, &Misuse::NoShare(share)));
        }
        let count = (share * self.0.alive().len() as f64).round() as usize;
        self.run(py, |network| Ok(network.fail(count, spare)))
    }

    /// Cuts the links between the two halves of the cities, or mends them.
    fn cut(&mut self, apart: bool) {
        self.0.cut(apart);
    }

    /// Neighbours, reserve and eager neighbours of a member.
    fn views(&self, py: Python<'_>, peer: u16) -> PyResult<(Vec<u16>, Vec<u16>, Vec<u16>)> {
        let member = self.running(py, peer)?;
        let [active, passive, eager] =
            [member.active(), member.passive(), member.eager()].map(|view| view.iter().copied().collect());
        Ok((active, passive, eager))
    }

    /// Members that can be reached from one along links that both ends have.
    fn reachable(&self, py: Python<'_>, peer: u16) -> PyResult<Vec<u16>> {
        self.running(py, peer)?;
        Ok(py.detach(|| self.0.graph().reachable(peer).into_iter().collect()))
    }

    /// Mean clustering coefficient of the members that run.
    fn clustering(&self, py: Python<'_>) -> f64 {
        py.detach(|| self.0.graph().clustering_millionths() as f64 / 1e6)
    }

    /// Mean shortest path, links, from at most `samples` members.
    #[pyo3(signature = (samples=100))]
    fn mean_path(&self, py: Python<'_>, samples: usize) -> f64 {
        py.detach(|| self.0.graph().mean_path_millionths(samples) as f64 / 1e6)
    }

    /// Mean round trip of all links, microseconds.
    fn mean_round_trip_us(&self, py: Python<'_>) -> u64 {
        py.detach(|| self.0.mean_round_trip_us())
    }

    /// The members that run.
    #[getter]
    fn alive(&self) -> Vec<u16> {
        self.0.alive().into_iter().collect()
    }

    /// Virtual time, microseconds.
    #[getter]
    fn now_us(&self) -> u64 {
        self.0.now_us()
    }

    /// Packets that members have handled.
    #[getter]
    fn handled(&self) -> u64 {
        self.0.handled()
    }
}

#[pymethods]
impl PyArrivals {
    /// Members that it was delivered to.
    #[getter]
    fn at(&self) -> Vec<u16> {
        self.0.at.iter().copied().collect()
    }

    fn __len__(&self) -> usize {
        self.0.at.len()
    }

    /// Most links that it crossed.
    #[getter]
    fn last_hop(&self) -> u16 {
        self.0.last_hop
    }

    /// Times that the payload arrived anywhere.
    #[getter]
    fn copies(&self) -> u64 {
        self.0.copies
    }

    /// Times that its id was announced.
    #[getter]
    fn announcements(&self) -> u64 {
        self.0.announcements
    }

    /// Copies per receiver beyond the one it needs.
    #[getter]
    fn redundancy(&self) -> f64 {
        self.0.copies as f64 / self.0.at.len().max(1) as f64 - 1.0
    }

    /// From the broadcast to the last delivery, microseconds.
    #[getter]
    fn took_us(&self) -> u64 {
        self.0.took_us()
    }
}
