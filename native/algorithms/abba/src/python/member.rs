//! One member of one agreement.

use std::sync::Arc;

use globelet_binding::Bytes;
use globelet_threshold::CoinShare;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::coin::{called, Dealt, PyCoin};
use super::{known, read, refuse};
use crate::{Abba, AbbaMessage, Output};

type Messages<'py> = Vec<Bound<'py, PyBytes>>;

/// One instance of binary agreement at one member, which releases its coin shares by itself.
#[pyclass(name = "Abba", module = "globelet.algorithms.abba")]
pub(super) struct PyAbba {
    member: Abba,
    me: u16,
    coin: Arc<Dealt>,
    name: Vec<u8>,
    shares: u32,
}

impl PyAbba {
    /// Does one step and whatever coin shares it asks for; the messages to send.
    fn step<'py>(
        &mut self,
        py: Python<'py>,
        act: impl FnOnce(&mut Abba, &mut dyn FnMut(u32, &[CoinShare]) -> Option<bool>) -> Output + Send,
    ) -> Messages<'py> {
        let said = py.detach(|| {
            let (coin, name) = (&self.coin, &self.name);
            let mut verify = |round, shares: &[CoinShare]| coin.draw(&called(name, 0, round), shares);
            let mut output = act(&mut self.member, &mut verify);
            let mut said: Vec<Vec<u8>> = output.broadcast.iter().map(AbbaMessage::to_bytes).collect();
            while let Some(round) = output.need_coin {
                let Some(share) = coin.share(self.me, &called(name, 0, round)) else { break };
                self.shares += 1;
                output = self.member.coin_share(round, share, &mut verify);
                said.extend(output.broadcast.iter().map(AbbaMessage::to_bytes));
            }
            said
        });
        said.iter().map(|message| PyBytes::new(py, message)).collect()
    }
}

#[pymethods]
impl PyAbba {
    #[new]
    #[pyo3(signature = (coin, me, name=None))]
    fn new(py: Python<'_>, coin: PyRef<'_, PyCoin>, me: u16, name: Option<Bytes<'_>>) -> PyResult<PyAbba> {
        let member = Abba::among(coin.0.n, coin.0.f, me).map_err(|e| refuse(py, &e))?;
        let name = name.as_deref().unwrap_or_default().to_vec();
        Ok(PyAbba { member, me, coin: Arc::clone(&coin.0), name, shares: 0 })
    }

    /// Gives this member's input.
    fn propose<'py>(&mut self, py: Python<'py>, value: bool) -> Messages<'py> {
        self.step(py, |member, _| member.propose(value))
    }

    /// Takes a message of another member.
    fn handle<'py>(&mut self, py: Python<'py>, sender: u16, message: Bytes<'py>) -> PyResult<Messages<'py>> {
        known(py, sender, self.coin.n)?;
        let message = read(py, &message)?;
        Ok(self.step(py, |member, verify| member.handle(sender, message, verify)))
    }

    /// Goes on without the inputs that have not come.
    fn hurry<'py>(&mut self, py: Python<'py>) -> Messages<'py> {
        self.step(py, |member, verify| member.hurry(verify))
    }

    /// The decision, once there is one.
    #[getter]
    fn decided(&self) -> Option<bool> {
        self.member.decided()
    }

    /// The round this member is in, from 0.
    #[getter]
    fn round(&self) -> u32 {
        self.member.round()
    }

    /// Whether this member gave its input.
    #[getter]
    fn proposed(&self) -> bool {
        self.member.proposed()
    }

    /// Whether everybody is known to be able to decide without this member.
    #[getter]
    fn quiet(&self) -> bool {
        self.member.quiet()
    }

    /// Coin shares this member released.
    #[getter]
    fn shares(&self) -> u32 {
        self.shares
    }
}
