//! `globelet._native.election`.

mod handover;

use std::collections::BTreeMap;

use globelet_binding::{refusal, AlgorithmError, Bytes, Coded, List};
use globelet_signatures::SigningKey;
use globelet_types::{AccountId, ChainId};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};

use self::handover::PyRemovals;
use crate::{Candidate, Choice, Removals, Rules, Vote, Votes, UNIT};

pyo3::create_exception!(
    globelet.algorithms.election,
    ElectionError,
    AlgorithmError,
    "A vote, a candidate, rules, evidence or a handover was refused. `code` is stable."
);

/// What only Python can get wrong.
#[derive(Debug, thiserror::Error)]
enum Misuse {
    #[error("{what} has {expected} bytes, not {found}")]
    Length { what: &'static str, expected: usize, found: usize },
    #[error("a vote is for a candidate, or lent to a delegate, or for nobody; not for both")]
    TwoChoices,
}

impl Coded for crate::ElectionError {
    fn code(&self) -> &'static str {
        crate::ElectionError::code(self)
    }
}

impl Coded for Misuse {
    fn code(&self) -> &'static str {
        match self {
            Misuse::Length { .. } => "election.length",
            Misuse::TwoChoices => "election.two-choices",
        }
    }
}

fn refuse(py: Python<'_>, error: &dyn Coded) -> PyErr {
    refusal::<ElectionError>(py, error)
}

fn fixed<const N: usize>(py: Python<'_>, what: &'static str, bytes: &[u8]) -> PyResult<[u8; N]> {
    <[u8; N]>::try_from(bytes).map_err(|_| refuse(py, &Misuse::Length { what, expected: N, found: bytes.len() }))
}

/// The key of a seed, which is read where it lies: a copy would have to be wiped.
fn signing_key(py: Python<'_>, seed: &[u8]) -> PyResult<SigningKey> {
    let length = Misuse::Length { what: "a seed", expected: 32, found: seed.len() };
    let seed: &[u8; 32] = seed.try_into().map_err(|_| refuse(py, &length))?;
    Ok(py.detach(|| SigningKey::from_seed(seed)))
}

/// Builds the submodule.
///
/// # Errors
/// Only when Python runs out of memory.
pub fn module(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    let module = PyModule::new(py, "election")?;
    module.add("ElectionError", py.get_type::<ElectionError>())?;
    module.add_class::<PyCandidate>()?;
    module.add_class::<PyVote>()?;
    module.add_class::<PyVotes>()?;
    module.add_class::<handover::PyCommittee>()?;
    module.add_class::<handover::PyHandover>()?;
    module.add_class::<handover::PyEvidence>()?;
    module.add_class::<handover::PyRemovals>()?;
    module.add_function(wrap_pyfunction!(chances, &module)?)?;
    module.add_function(wrap_pyfunction!(elect, &module)?)?;
    module.add_function(wrap_pyfunction!(public_key, &module)?)?;
    module.add_function(wrap_pyfunction!(handover::follow, &module)?)?;
    module.add_function(wrap_pyfunction!(handover::vote_bytes, &module)?)?;
    module.add_function(wrap_pyfunction!(handover::handover_bytes, &module)?)?;
    Ok(module)
}

/// The public key, 32 bytes, of a seed of 32 bytes.
#[pyfunction]
fn public_key<'py>(py: Python<'py>, seed: Bytes<'py>) -> PyResult<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(py, &signing_key(py, &seed)?.public()))
}

/// Someone who may be elected.
#[pyclass(name = "Candidate", module = "globelet.algorithms.election", frozen, eq)]
#[derive(PartialEq, Eq)]
struct PyCandidate(Candidate);

#[pymethods]
impl PyCandidate {
    #[new]
    #[pyo3(signature = (key, place, stake, holding_ppm=1_000_000, bonus_ppm=1_000_000))]
    fn new(
        py: Python<'_>,
        key: Bytes<'_>,
        place: u32,
        stake: u64,
        holding_ppm: u32,
        bonus_ppm: u32,
    ) -> PyResult<PyCandidate> {
        Ok(PyCandidate(Candidate { key: fixed(py, "a key", &key)?, place, stake, holding_ppm, bonus_ppm }))
    }

    /// Its key.
    #[getter]
    fn key<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.key)
    }

    /// Where it is.
    #[getter]
    fn place(&self) -> u32 {
        self.0.place
    }

    /// Stake behind it.
    #[getter]
    fn stake(&self) -> u64 {
        self.0.stake
    }

    /// Its weight.
    #[getter]
    fn weight(&self) -> u128 {
        self.0.weight()
    }
}

fn field(candidates: &[PyRef<'_, PyCandidate>]) -> Vec<Candidate> {
    candidates.iter().map(|c| c.0).collect()
}

/// The chance of each candidate that has weight.
#[pyfunction]
#[pyo3(signature = (candidates, seats, place_share_ppm=1_000_000))]
fn chances<'py>(
    py: Python<'py>,
    candidates: List<PyRef<'py, PyCandidate>>,
    seats: u16,
    place_share_ppm: u32,
) -> PyResult<Vec<(Bound<'py, PyBytes>, f64)>> {
    let (rules, field) = (Rules { seats, place_share_ppm }, field(&candidates));
    let found = py.detach(|| crate::chances(&rules, &field)).map_err(|e| refuse(py, &e))?;
    Ok(found.iter().map(|c| (PyBytes::new(py, &c.key), c.parts as f64 / UNIT as f64)).collect())
}

/// The keys of an epoch's committee.
#[pyfunction]
#[pyo3(signature = (seed, candidates, seats, place_share_ppm=1_000_000, removals=None))]
fn elect<'py>(
    py: Python<'py>,
    seed: Bytes<'py>,
    candidates: List<PyRef<'py, PyCandidate>>,
    seats: u16,
    place_share_ppm: u32,
    removals: Option<PyRef<'py, PyRemovals>>,
) -> PyResult<Vec<Bound<'py, PyBytes>>> {
    let (rules, field, seed) = (Rules { seats, place_share_ppm }, field(&candidates), fixed(py, "a seed", &seed)?);
    let none = Removals::new();
    let removals = removals.as_ref().map_or(&none, |r| &r.0);
    let found = py.detach(|| crate::elect(&rules, &seed, &field, removals)).map_err(|e| refuse(py, &e))?;
    Ok(found.iter().map(|key| PyBytes::new(py, key)).collect())
}

/// A signed vote of a stakeholder.
#[pyclass(name = "Vote", module = "globelet.algorithms.election", frozen, eq)]
#[derive(PartialEq, Eq)]
struct PyVote(Vote);

#[pymethods]
impl PyVote {
    /// Signs a vote with the voter's seed.
    #[classmethod]
    #[pyo3(signature = (seed, chain, sequence, candidate=None, delegate=None))]
    fn sign(
        _: &Bound<'_, PyType>,
        py: Python<'_>,
        seed: Bytes<'_>,
        chain: u16,
        sequence: u64,
        candidate: Option<Bytes<'_>>,
        delegate: Option<Bytes<'_>>,
    ) -> PyResult<PyVote> {
        let choice = match (candidate, delegate) {
            (None, None) => Choice::Nobody,
            (Some(key), None) => Choice::Candidate(fixed(py, "a candidate", &key)?),
            (None, Some(account)) => Choice::Delegate(AccountId(fixed(py, "a delegate", &account)?)),
            (Some(_), Some(_)) => return Err(refuse(py, &Misuse::TwoChoices)),
        };
        let key = signing_key(py, &seed)?;
        Ok(PyVote(py.detach(|| Vote::sign(&key, ChainId(chain), sequence, choice))))
    }

    /// Reads a vote from its only encoding.
    #[classmethod]
    fn from_bytes(_: &Bound<'_, PyType>, py: Python<'_>, data: Bytes<'_>) -> PyResult<PyVote> {
        let data: &[u8] = &data;
        py.detach(|| Vote::from_bytes(data)).map(PyVote).map_err(|e| refuse(py, &e))
    }

    /// The only encoding.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_bytes())
    }

    /// Who votes.
    #[getter]
    fn voter<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.voter.0)
    }

    /// Number among the voter's votes.
    #[getter]
    fn sequence(&self) -> u64 {
        self.0.sequence
    }
}

type Tallied<'py> = (Vec<(Bound<'py, PyBytes>, u64)>, u64);

/// The votes that count for one chain.
#[pyclass(name = "Votes", module = "globelet.algorithms.election")]
struct PyVotes(Votes);

#[pymethods]
impl PyVotes {
    #[new]
    fn new(chain: u16) -> PyVotes {
        PyVotes(Votes::new(ChainId(chain)))
    }

    /// Takes a vote in.
    fn cast(&mut self, py: Python<'_>, vote: PyRef<'_, PyVote>) -> PyResult<()> {
        let (votes, vote) = (&mut self.0, &vote.0);
        py.detach(|| votes.cast(vote)).map_err(|e| refuse(py, &e))
    }

    /// Stake behind each candidate, by key, and stake behind nobody.
    fn tally<'py>(&self, py: Python<'py>, stakes: List<(Bytes<'py>, u64)>) -> PyResult<Tallied<'py>> {
        let mut all = BTreeMap::new();
        for (account, stake) in stakes.iter() {
            let sum: &mut u64 = all.entry(AccountId(fixed(py, "an account", account)?)).or_default();
            *sum = sum.checked_add(*stake).ok_or_else(|| refuse(py, &crate::ElectionError::StakeOverflow))?;
        }
        let tally = py.detach(|| self.0.tally(&all)).map_err(|e| refuse(py, &e))?;
        let behind = tally.candidates.iter().map(|(key, stake)| (PyBytes::new(py, key), *stake));
        Ok((behind.collect(), tally.unused))
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }
}
