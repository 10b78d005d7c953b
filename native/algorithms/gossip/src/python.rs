//! `globelet._native.gossip`.

use globelet_binding::{refusal, AlgorithmError, Bytes, Coded, Rows};
use globelet_signatures::SigningKey;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::{decode, MessageId, Packet, Settings, Signed, Wish};
use member::PyMember;
use network::{PyArrivals, PyNetwork};

mod member;
mod network;

pyo3::create_exception!(
    globelet.algorithms.gossip,
    GossipError,
    AlgorithmError,
    "Packets, a payload, a setting or a call was refused. `code` is stable."
);

/// What only Python can get wrong.
#[derive(Debug, thiserror::Error)]
enum Misuse {
    #[error("{what} has 32 bytes, not {found}")]
    Length { what: &'static str, found: usize },
    #[error("distances are 'even' or 'cities', not {0:?}")]
    UnknownDistances(String),
    #[error("a share is from 0 to 1, not {0}")]
    NoShare(f64),
}

impl Coded for crate::GossipError {
    fn code(&self) -> &'static str {
        crate::GossipError::code(self)
    }
}

impl Coded for Misuse {
    fn code(&self) -> &'static str {
        match self {
            Misuse::Length { .. } => "gossip.length",
            Misuse::UnknownDistances(_) => "gossip.unknown-distances",
            Misuse::NoShare(_) => "gossip.no-share",
        }
    }
}

fn refuse(py: Python<'_>, error: &dyn Coded) -> PyErr {
    refusal::<GossipError>(py, error)
}

fn fixed(py: Python<'_>, what: &'static str, bytes: &[u8]) -> PyResult<[u8; 32]> {
    <[u8; 32]>::try_from(bytes).map_err(|_| refuse(py, &Misuse::Length { what, found: bytes.len() }))
}

/// Builds the submodule.
///
/// # Errors
/// Only when Python runs out of memory.
pub fn module(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    let module = PyModule::new(py, "gossip")?;
    module.add("GossipError", py.get_type::<GossipError>())?;
    module.add_class::<PySettings>()?;
    module.add_class::<PyMember>()?;
    module.add_class::<PyNetwork>()?;
    module.add_class::<PyArrivals>()?;
    module.add_function(wrap_pyfunction!(message_id, &module)?)?;
    module.add_function(wrap_pyfunction!(packets, &module)?)?;
    module.add_function(wrap_pyfunction!(sign, &module)?)?;
    module.add_function(wrap_pyfunction!(open_signed, &module)?)?;
    module.add_function(wrap_pyfunction!(verify_many, &module)?)?;
    Ok(module)
}

/// The id of a payload, 16 bytes.
#[pyfunction]
fn message_id<'py>(py: Python<'py>, payload: Bytes<'py>) -> Bound<'py, PyBytes> {
    let data: &[u8] = &payload;
    PyBytes::new(py, &py.detach(|| MessageId::of(data)).0)
}

/// What packets say, a line each.
#[pyfunction]
fn packets(py: Python<'_>, data: Bytes<'_>) -> PyResult<Vec<String>> {
    let bytes: &[u8] = &data;
    let found = py.detach(|| decode(bytes).map(|all| all.iter().map(told).collect()));
    found.map_err(|error| refuse(py, &crate::GossipError::from(error)))
}

fn told(packet: &Packet) -> String {
    match packet {
        Packet::Join => "join".to_owned(),
        Packet::ForwardJoin { joiner, steps } => format!("forward-join {joiner}, {steps} steps left"),
        Packet::Neighbor { wish: Wish::Alone } => "neighbor, never to be refused".to_owned(),
        Packet::Neighbor { wish: Wish::Room } => "neighbor, if there is room".to_owned(),
        Packet::Neighbor { wish: Wish::Nearer } => "neighbor, if nearer than another".to_owned(),
        Packet::NeighborReply { accepted } => format!("neighbor-reply {}", if *accepted { "yes" } else { "no" }),
        Packet::Disconnect => "disconnect".to_owned(),
        Packet::Shuffle { origin, steps, sample } => format!("shuffle of {origin}, {steps} steps left: {sample:?}"),
        Packet::ShuffleReply { sample } => format!("shuffle-reply {sample:?}"),
        Packet::Gossip { round, payload } => format!("gossip of {} bytes over {round} links", payload.len()),
        Packet::IHave { ids } => format!("i-have {} messages", ids.len()),
        Packet::Graft { .. } => "graft".to_owned(),
        Packet::Prune => "prune".to_owned(),
    }
}

/// A payload with its author's signature.
#[pyfunction]
fn sign<'py>(py: Python<'py>, seed: Bytes<'py>, number: u64, body: Bytes<'py>) -> PyResult<Bound<'py, PyBytes>> {
    let length = Misuse::Length { what: "the seed of a key", found: seed.len() };
    // Read where it lies: a copy would have to be wiped.
    let seed: &[u8; 32] = (*seed).try_into().map_err(|_| refuse(py, &length))?;
    let body: &[u8] = &body;
    let sign = || Signed::sign(&SigningKey::from_seed(seed), number, body.to_vec()).map(|signed| signed.to_bytes());
    let made = py.detach(sign);
    made.map(|bytes| PyBytes::new(py, &bytes)).map_err(|error| refuse(py, &error))
}

type Opened<'py> = (Bound<'py, PyBytes>, u64, Bound<'py, PyBytes>);

/// Author, number and body of a signed payload.
#[pyfunction]
fn open_signed<'py>(py: Python<'py>, payload: Bytes<'py>) -> PyResult<Opened<'py>> {
    let data: &[u8] = &payload;
    let signed = py.detach(|| Signed::open(data)).map_err(|error| refuse(py, &error))?;
    Ok((PyBytes::new(py, &signed.author), signed.number, PyBytes::new(py, &signed.body)))
}

/// Whether each payload is signed by the author that it names.
#[pyfunction]
fn verify_many(py: Python<'_>, payloads: Rows<'_>) -> Vec<bool> {
    let payloads = payloads.slices();
    py.detach(|| payloads.into_iter().map(|payload| Signed::open(payload).is_ok()).collect())
}

/// The sizes and times of an overlay.
#[pyclass(name = "Settings", module = "globelet.algorithms.gossip", frozen, eq)]
#[derive(Clone, PartialEq, Eq)]
struct PySettings(Settings);

#[pymethods]
impl PySettings {
    #[new]
    #[pyo3(signature = (*, active=5, passive=30, walk=6, passive_walk=3, shuffle_active=3, shuffle_passive=4,
        unbiased=2, shuffle_us=30_000_000, announce_us=2_000_000, graft_us=500_000, graft_again_us=1_000_000,
        ids=4_096, payloads=256, recent=8))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        active: usize,
        passive: usize,
        walk: u8,
        passive_walk: u8,
        shuffle_active: usize,
        shuffle_passive: usize,
        unbiased: usize,
        shuffle_us: u64,
        announce_us: u64,
        graft_us: u64,
        graft_again_us: u64,
        ids: usize,
        payloads: usize,
        recent: usize,
    ) -> PyResult<PySettings> {
        let settings = Settings {
            active,
            passive,
            walk,
            passive_walk,
            shuffle_active,
            shuffle_passive,
            unbiased,
            shuffle_us,
            announce_us,
            graft_us,
            graft_again_us,
            ids,
            payloads,
            recent,
        };
        settings.check().map_err(|error| refuse(py, &error))?;
        Ok(PySettings(settings))
    }

    fn __repr__(&self) -> String {
        format!("{:?}", self.0)
    }
}

fn settings_of(given: Option<PyRef<'_, PySettings>>) -> Settings {
    given.map_or_else(Settings::default, |settings| settings.0.clone())
}
