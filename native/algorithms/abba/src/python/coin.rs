//! The dealt coin of a whole committee, for networks that are played by hand.

use std::sync::Arc;

use globelet_binding::Bytes;
use globelet_threshold::{combine_coin, deal, CoinShare, KeyShare, PublicKey};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::{known, made, refuse, Misuse};
use crate::instance::FIRST_DRAWN;
use crate::{Abba, AbbaMessage};

/// Dealing takes n times f steps.
const MOST: u16 = 256;

/// A committee's public key and all its secrets.
pub(super) struct Dealt {
    pub(super) n: u16,
    pub(super) f: u16,
    key: PublicKey,
    shares: Vec<KeyShare>,
}

/// What a coin is called: the caller's name, the instance, the round; the last two are of fixed length.
pub(super) fn called(name: &[u8], instance: u16, round: u32) -> Vec<u8> {
    [b"globelet abba 1: coin", name, &instance.to_le_bytes(), &round.to_le_bytes()].concat()
}

impl Dealt {
    pub(super) fn share(&self, member: u16, called: &[u8]) -> Option<CoinShare> {
        self.shares.get(usize::from(member)).map(|key| key.coin_share(called))
    }

    pub(super) fn draw(&self, called: &[u8], shares: &[CoinShare]) -> Option<bool> {
        combine_coin(&self.key, called, shares).ok().map(|coin| coin[0] & 1 == 1)
    }
}

/// The threshold coin of a committee of n members, of whom at most f lie.
#[pyclass(name = "Coin", module = "globelet.algorithms.abba", frozen)]
pub(super) struct PyCoin(pub(super) Arc<Dealt>);

#[pymethods]
impl PyCoin {
    #[new]
    fn new(py: Python<'_>, n: u16, f: u16, seed: Bytes<'_>) -> PyResult<PyCoin> {
        Abba::among(n, f, 0).map_err(|e| refuse(py, &e))?;
        if n > MOST {
            return Err(refuse(py, &Misuse::TooMany { n, most: MOST }));
        }
        let seed: &[u8; 32] = (*seed).try_into().map_err(|_| refuse(py, &Misuse::Length { found: seed.len() }))?;
        let dealt = py.detach(|| deal(n, f + 1, seed));
        let (key, shares) = dealt.map_err(|_| refuse(py, &crate::AbbaError::Committee { n, f }))?;
        Ok(PyCoin(Arc::new(Dealt { n, f, key, shares })))
    }

    /// Members.
    #[getter]
    fn n(&self) -> u16 {
        self.0.n
    }

    /// Liars that are borne.
    #[getter]
    fn f(&self) -> u16 {
        self.0.f
    }

    /// What the coin of a round shows; f + 1 members together know it.
    #[pyo3(signature = (number, name=None, instance=0))]
    fn draw(&self, py: Python<'_>, number: u32, name: Option<Bytes<'_>>, instance: u16) -> PyResult<bool> {
        if number < FIRST_DRAWN {
            return Ok(number == 0);
        }
        let called = called(name.as_deref().unwrap_or_default(), instance, number);
        let dealt = &self.0;
        let drawn = py.detach(|| {
            let shares: Vec<CoinShare> = (0..=dealt.f).filter_map(|member| dealt.share(member, &called)).collect();
            dealt.draw(&called, &shares)
        });
        drawn.ok_or_else(|| refuse(py, &crate::AbbaError::Committee { n: dealt.n, f: dealt.f }))
    }

    /// A member's message with its share of the coin of a round.
    #[pyo3(signature = (member, number, name=None, instance=0))]
    fn share<'py>(
        &self,
        py: Python<'py>,
        member: u16,
        number: u32,
        name: Option<Bytes<'py>>,
        instance: u16,
    ) -> PyResult<Bound<'py, PyBytes>> {
        known(py, member, self.0.n)?;
        if number < FIRST_DRAWN {
            return Err(refuse(py, &Misuse::Fixed { round: number }));
        }
        let called = called(name.as_deref().unwrap_or_default(), instance, number);
        let dealt = &self.0;
        let share = py.detach(|| dealt.share(member, &called));
        let none = crate::AbbaError::NoSuchMember { member, n: self.0.n };
        made(py, &AbbaMessage::Coin { round: number, share: share.ok_or_else(|| refuse(py, &none))? })
    }
}
