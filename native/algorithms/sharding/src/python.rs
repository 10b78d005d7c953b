//! `globelet._native.sharding`.

use globelet_binding::{refusal, AlgorithmError, Bytes, Coded, List};
use globelet_types::{AccountId, ChainId, OrderId};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use pyo3::IntoPyObjectExt;

use crate::{Books, Changes, Effect, Event, Head, Home, Map, Move, Parcel, Transfer};

pyo3::create_exception!(
    globelet.algorithms.sharding,
    ShardingError,
    AlgorithmError,
    "An order, a parcel or a map was refused. `code` is stable."
);

/// What only Python can get wrong.
#[derive(Debug, thiserror::Error)]
enum Misuse {
    #[error("{what} has {expected} bytes, not {found}")]
    Length { what: &'static str, expected: usize, found: usize },
}

impl Coded for crate::ShardingError {
    fn code(&self) -> &'static str {
        crate::ShardingError::code(self)
    }
}

impl Coded for Misuse {
    fn code(&self) -> &'static str {
        "sharding.length"
    }
}

fn refuse(py: Python<'_>, error: &dyn Coded) -> PyErr {
    refusal::<ShardingError>(py, error)
}

fn fixed(py: Python<'_>, what: &'static str, bytes: &[u8]) -> PyResult<[u8; 32]> {
    <[u8; 32]>::try_from(bytes).map_err(|_| refuse(py, &Misuse::Length { what, expected: 32, found: bytes.len() }))
}

fn account_id(py: Python<'_>, bytes: &[u8]) -> PyResult<AccountId> {
    Ok(AccountId(fixed(py, "an account", bytes)?))
}

/// Builds the submodule.
///
/// # Errors
/// Only when Python runs out of memory.
pub fn module(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    let module = PyModule::new(py, "sharding")?;
    module.add("ShardingError", py.get_type::<ShardingError>())?;
    module.add_class::<PyBooks>()?;
    module.add_class::<PyMap>()?;
    module.add_function(wrap_pyfunction!(audit, &module)?)?;
    module.add_function(wrap_pyfunction!(parcel, &module)?)?;
    Ok(module)
}

/// A transfer that is decided, as a tuple.
fn settled<'py>(py: Python<'py>, id: &OrderId, refused: Option<&crate::Reason>) -> PyResult<Bound<'py, PyAny>> {
    ("settled", PyBytes::new(py, &id.0), refused.map(crate::Reason::code)).into_bound_py_any(py)
}

/// An effect as tuples that begin with its name, one for each transfer where it settles a parcel.
fn told<'py>(py: Python<'py>, effect: &Effect, effects: &mut Effects<'py>) -> PyResult<()> {
    effects.push(match effect {
        Effect::Send(parcel) => {
            ("send", parcel.destination.0, PyBytes::new(py, &parcel.to_bytes())).into_bound_py_any(py)?
        }
        Effect::Done { id } => settled(py, id, None)?,
        Effect::Settled { parcel, refused } => {
            for transfer in parcel.transfers() {
                effects.push(settled(py, &transfer.id, refused.get(&transfer.id))?);
            }
            return Ok(());
        }
        Effect::Settler { account, version } => {
            ("settler", PyBytes::new(py, &account.0), *version).into_bound_py_any(py)?
        }
        Effect::Returned { account, reason } => {
            ("returned", PyBytes::new(py, &account.0), reason.code()).into_bound_py_any(py)?
        }
    });
    Ok(())
}

/// The books of one municipality.
#[pyclass(name = "Books", module = "globelet.algorithms.sharding", eq)]
#[derive(PartialEq, Eq)]
struct PyBooks(Books);

type Effects<'py> = Vec<Bound<'py, PyAny>>;

impl PyBooks {
    fn run<'py>(&mut self, py: Python<'py>, event: &Event) -> PyResult<Effects<'py>> {
        let books = &mut self.0;
        let effects = py.detach(|| books.handle(event)).map_err(|e| refuse(py, &e))?;
        let mut said = Vec::with_capacity(effects.len());
        effects.iter().try_for_each(|effect| told(py, effect, &mut said))?;
        Ok(said)
    }
}

#[pymethods]
impl PyBooks {
    #[new]
    fn new(py: Python<'_>, chain: u16, accounts: List<(Bytes<'_>, u64)>) -> PyResult<PyBooks> {
        let open = |(id, balance): &(Bytes<'_>, u64)| Ok((account_id(py, id)?, *balance));
        let accounts = accounts.iter().map(open).collect::<PyResult<Vec<_>>>()?;
        py.detach(|| Books::new(ChainId(chain), &accounts)).map(PyBooks).map_err(|e| refuse(py, &e))
    }

    /// Opens an account with balance zero.
    fn open<'py>(&mut self, py: Python<'py>, account: Bytes<'py>) -> PyResult<Effects<'py>> {
        let account = account_id(py, &account)?;
        self.run(py, &Event::Opened { account })
    }

    /// Applies a transfer whose signature holds.
    #[pyo3(signature = (order, payer, payee, destination, amount, nonce))]
    #[allow(clippy::too_many_arguments)]
    fn transfer<'py>(
        &mut self,
        py: Python<'py>,
        order: Bytes<'py>,
        payer: Bytes<'py>,
        payee: Bytes<'py>,
        destination: u16,
        amount: u64,
        nonce: u64,
    ) -> PyResult<Effects<'py>> {
        let (from, to) = (account_id(py, &payer)?, account_id(py, &payee)?);
        let (id, destination) = (OrderId(fixed(py, "an id", &order)?), ChainId(destination));
        self.run(py, &Event::Transferred(Transfer { id, from, to, destination, amount, nonce }))
    }

    /// Moves an account to another municipality; the order's id tells moves apart in parcels, and may be left out.
    #[pyo3(signature = (account, destination, nonce, order=None))]
    fn relocate<'py>(
        &mut self,
        py: Python<'py>,
        account: Bytes<'py>,
        destination: u16,
        nonce: u64,
        order: Option<Bytes<'py>>,
    ) -> PyResult<Effects<'py>> {
        let (account, destination) = (account_id(py, &account)?, ChainId(destination));
        let id = OrderId(order.map_or(Ok([0; 32]), |order| fixed(py, "an id", &order))?);
        self.run(py, &Event::Moved(Move { id, account, destination, nonce }))
    }

    /// Uses the nonce of an order that moves nothing.
    fn order<'py>(&mut self, py: Python<'py>, account: Bytes<'py>, nonce: u64) -> PyResult<Effects<'py>> {
        let account = account_id(py, &account)?;
        self.run(py, &Event::Ordered { account, nonce })
    }

    /// Closes the block.
    fn close<'py>(&mut self, py: Python<'py>) -> PyResult<Effects<'py>> {
        self.run(py, &Event::Closed)
    }

    /// Takes a parcel in, once.
    fn receive<'py>(&mut self, py: Python<'py>, parcel: Bytes<'py>) -> PyResult<Effects<'py>> {
        let data: &[u8] = &parcel;
        let parcel = py.detach(|| Parcel::from_bytes(data)).map_err(|e| refuse(py, &e))?;
        self.run(py, &Event::Arrived(parcel))
    }

    /// What to tell other municipalities: whom, and the bytes.
    fn heads<'py>(&self, py: Python<'py>) -> Vec<(u16, Bound<'py, PyBytes>)> {
        self.0.heads().iter().map(|head| (head.destination.0, PyBytes::new(py, &head.to_bytes()))).collect()
    }

    /// Another municipality tells how far it is.
    fn told<'py>(&mut self, py: Python<'py>, head: Bytes<'py>) -> PyResult<Effects<'py>> {
        let head = Head::from_bytes(&head).map_err(|e| refuse(py, &e))?;
        self.run(py, &Event::Told(head))
    }

    /// This municipality.
    #[getter]
    fn chain(&self) -> u16 {
        self.0.chain().0
    }

    /// The balance of an account that lives here.
    fn balance(&self, py: Python<'_>, account: Bytes<'_>) -> PyResult<Option<u64>> {
        Ok(self.0.account(&account_id(py, &account)?).map(|found| found.balance))
    }

    /// How often an account that lives here has moved.
    fn version(&self, py: Python<'_>, account: Bytes<'_>) -> PyResult<Option<u64>> {
        Ok(self.0.account(&account_id(py, &account)?).map(|found| found.version))
    }

    /// Where an account went from here.
    fn moved(&self, py: Python<'_>, account: Bytes<'_>) -> PyResult<Option<u16>> {
        Ok(self.0.pointer(&account_id(py, &account)?).map(|pointer| pointer.to.0))
    }

    /// Every parcel from another municipality up to this number is in.
    fn cursor(&self, other: u16) -> u64 {
        self.0.lane(ChainId(other)).map_or(0, |lane| lane.cursor)
    }

    /// Parcels from another municipality that are known of and not in.
    fn missing(&self, other: u16) -> Vec<u64> {
        self.0.lane(ChainId(other)).map_or_else(Vec::new, |lane| lane.missing(usize::MAX))
    }

    /// Sum of what waits for accounts on their way here.
    #[getter]
    fn parked(&self) -> u128 {
        self.0.parked()
    }

    /// Whether every lane is at rest and nothing waits.
    #[getter]
    fn at_rest(&self) -> bool {
        self.0.is_at_rest()
    }
}

/// Where all the money is.
#[pyfunction]
fn audit<'py>(py: Python<'py>, books: List<PyRef<'py, PyBooks>>) -> PyResult<Bound<'py, PyDict>> {
    let all: Vec<&Books> = books.iter().map(|b| &b.0).collect();
    let found = py.detach(|| crate::audit(&all)).map_err(|e| refuse(py, &e))?;
    let dict = PyDict::new(py);
    let parts = [
        ("balances", found.balances),
        ("parked", found.parked),
        ("departing", found.departing),
        ("in_transit", found.in_transit),
        ("returning", found.returning),
        ("total", found.total()),
    ];
    for (name, amount) in parts {
        dict.set_item(name, amount)?;
    }
    Ok(dict)
}

/// What a parcel holds, for people.
#[pyfunction]
fn parcel<'py>(py: Python<'py>, data: Bytes<'py>) -> PyResult<Bound<'py, PyDict>> {
    let bytes: &[u8] = &data;
    let read = py.detach(|| Parcel::from_bytes(bytes).map(|parcel| (parcel.digest(), parcel)));
    let (digest, parcel) = read.map_err(|e| refuse(py, &e))?;
    let dict = PyDict::new(py);
    dict.set_item("source", parcel.source.0)?;
    dict.set_item("destination", parcel.destination.0)?;
    dict.set_item("number", parcel.number)?;
    dict.set_item("cursor", parcel.cursor)?;
    dict.set_item("amount", parcel.amount())?;
    dict.set_item("remittances", parcel.remittances.len())?;
    dict.set_item("relocations", parcel.relocations.len())?;
    dict.set_item("settlements", parcel.settlements.len())?;
    dict.set_item("digest", PyBytes::new(py, &digest))?;
    Ok(dict)
}

/// The map of accounts to municipalities.
#[pyclass(name = "Map", module = "globelet.algorithms.sharding", eq)]
#[derive(PartialEq, Eq)]
struct PyMap(Map);

#[pymethods]
impl PyMap {
    #[new]
    fn new() -> PyMap {
        PyMap(Map::new())
    }

    /// Learns where an account lives, for the next epoch; false if nothing new was learnt.
    #[pyo3(signature = (account, municipality, version=0))]
    fn learn(&mut self, py: Python<'_>, account: Bytes<'_>, municipality: u16, version: u64) -> PyResult<bool> {
        let home = Home { municipality: ChainId(municipality), version };
        Ok(self.0.learn(account_id(py, &account)?, home))
    }

    /// Where an account lives in this epoch, and how often it has moved.
    fn home(&self, py: Python<'_>, account: Bytes<'_>) -> PyResult<Option<(u16, u64)>> {
        Ok(self.0.home(&account_id(py, &account)?).map(|home| (home.municipality.0, home.version)))
    }

    /// Closes the epoch; what others need to follow.
    fn close<'py>(&mut self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let map = &mut self.0;
        PyBytes::new(py, &py.detach(|| map.close().to_bytes()))
    }

    /// Follows one epoch that somebody closed.
    fn follow(&mut self, py: Python<'_>, changes: Bytes<'_>) -> PyResult<()> {
        let (map, data): (_, &[u8]) = (&mut self.0, &changes);
        let followed = py.detach(|| Changes::from_bytes(data).and_then(|changes| map.follow(&changes)));
        followed.map_err(|e| refuse(py, &e))
    }

    /// The epoch.
    #[getter]
    fn epoch(&self) -> u64 {
        self.0.epoch()
    }

    /// Digest of the newest epoch's changes.
    #[getter]
    fn digest<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.digest())
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }
}
