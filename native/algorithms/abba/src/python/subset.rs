//! One member of a common subset.

use std::collections::BTreeSet;
use std::sync::Arc;

use globelet_binding::Bytes;
use globelet_threshold::CoinShare;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyFrozenSet, PySet};

use super::coin::{called, Dealt, PyCoin};
use super::{known, read, refuse};
use crate::{Abba, AbbaError, Subset, SubsetOutput};

type Messages<'py> = Vec<(u16, Bound<'py, PyBytes>)>;
type Verify<'a> = &'a mut dyn FnMut(u16, u32, &[CoinShare]) -> Option<bool>;

/// One common subset at one member, which releases its coin shares by itself.
#[pyclass(name = "Subset", module = "globelet.algorithms.abba")]
pub(super) struct PySubset {
    member: Subset,
    me: u16,
    coin: Arc<Dealt>,
    name: Vec<u8>,
}

/// The numbers in a set.
fn numbers(set: &Bound<'_, PyAny>) -> PyResult<BTreeSet<u16>> {
    if !set.is_instance_of::<PySet>() && !set.is_instance_of::<PyFrozenSet>() {
        return Err(PyTypeError::new_err("a set of numbers of candidates is wanted"));
    }
    // All are fetched before one is read: a number's own code may change the set, at which PyO3's reader panics.
    let found = set.try_iter()?.collect::<PyResult<Vec<_>>>()?;
    found.iter().map(|number| number.extract()).collect()
}

impl PySubset {
    fn step<'py>(
        &mut self,
        py: Python<'py>,
        act: impl FnOnce(&mut Subset, Verify<'_>) -> Result<SubsetOutput, AbbaError> + Send,
    ) -> PyResult<Messages<'py>> {
        let done = py.detach(|| {
            let (coin, name, me) = (&self.coin, &self.name, self.me);
            let mut verify = |at, round, shares: &[CoinShare]| coin.draw(&called(name, at, round), shares);
            let mut output = act(&mut self.member, &mut verify)?;
            let mut said = Vec::new();
            loop {
                said.extend(output.broadcast.iter().map(|(at, message)| (*at, message.to_bytes())));
                let mut next = SubsetOutput::default();
                for (at, round) in output.need_coin {
                    let Some(share) = coin.share(me, &called(name, at, round)) else { continue };
                    let made = self.member.coin_share(at, round, share, &mut verify)?;
                    next.broadcast.extend(made.broadcast);
                    next.need_coin.extend(made.need_coin);
                }
                if next == SubsetOutput::default() {
                    return Ok(said);
                }
                output = next;
            }
        });
        let said = done.map_err(|e: AbbaError| refuse(py, &e))?;
        Ok(said.iter().map(|(at, message)| (*at, PyBytes::new(py, message))).collect())
    }
}

#[pymethods]
impl PySubset {
    #[new]
    #[pyo3(signature = (coin, me, name=None, candidates=None, enough=None))]
    fn new(
        py: Python<'_>,
        coin: PyRef<'_, PyCoin>,
        me: u16,
        name: Option<Bytes<'_>>,
        candidates: Option<u16>,
        enough: Option<u16>,
    ) -> PyResult<PySubset> {
        let (n, f) = (coin.0.n, coin.0.f);
        let enough = enough.unwrap_or(n.saturating_sub(f));
        let member = Subset::over(n, f, me, candidates.unwrap_or(n), enough).map_err(|e| refuse(py, &e))?;
        let name = name.as_deref().unwrap_or_default().to_vec();
        Ok(PySubset { member, me, coin: Arc::clone(&coin.0), name })
    }

    /// The value of a candidate is here.
    fn deliver<'py>(&mut self, py: Python<'py>, proposer: u16) -> PyResult<Messages<'py>> {
        self.step(py, |member, _| member.deliver(proposer))
    }

    /// Says yes to the candidates that are here and no to the rest.
    fn propose<'py>(&mut self, py: Python<'py>, here: Bound<'py, PyAny>) -> PyResult<Messages<'py>> {
        let here = numbers(&here)?;
        here.last().map_or(Ok(0), |&last| known(py, last, self.member.candidates()))?;
        self.step(py, |member, _| Ok(member.propose(|candidate| here.contains(&candidate))))
    }

    /// Takes a message of another member about the instance of a candidate.
    fn handle<'py>(
        &mut self,
        py: Python<'py>,
        sender: u16,
        proposer: u16,
        message: Bytes<'py>,
    ) -> PyResult<Messages<'py>> {
        known(py, sender, self.coin.n)?;
        let message = read(py, &message)?;
        self.step(py, |member, verify| member.handle(sender, proposer, message, verify))
    }

    /// Goes on without what has not come.
    fn hurry<'py>(&mut self, py: Python<'py>) -> PyResult<Messages<'py>> {
        self.step(py, |member, verify| Ok(member.hurry(verify)))
    }

    /// The candidates chosen, once all instances have decided.
    #[getter]
    fn chosen(&self) -> Option<Vec<u16>> {
        self.member.chosen()
    }

    /// What the instance of a candidate decided.
    fn decided(&self, py: Python<'_>, proposer: u16) -> PyResult<Option<bool>> {
        known(py, proposer, self.member.candidates())?;
        Ok(self.member.instance(proposer).and_then(Abba::decided))
    }
}
