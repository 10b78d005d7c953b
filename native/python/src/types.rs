//! `globelet._native.types`: the bytes an account signs, and the hash everything is named by.
use globelet_types::world::WorldSpec;
use globelet_types::{AccountId, ChainId, Choice, Move, NodeId, Opening, Order, Transfer, Vote};
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyKeyError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

/// Bytes that are hashed without a copy and without the interpreter's lock from this length on.
const LONG: usize = 4096;

/// Builds the submodule.
///
/// # Errors
/// Only when Python runs out of memory.
pub fn module(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    let module = PyModule::new(py, "types")?;
    module.add_function(wrap_pyfunction!(signing_bytes, &module)?)?;
    module.add_function(wrap_pyfunction!(order_id, &module)?)?;
    module.add_function(wrap_pyfunction!(hash, &module)?)?;
    module.add_function(wrap_pyfunction!(check_world, &module)?)?;
    Ok(module)
}

/// Reads a resolved world as the nodes do, and raises ValueError for what they would refuse.
#[pyfunction]
fn check_world(py: Python<'_>, json: &str) -> PyResult<()> {
    let checked = py.detach(|| {
        let read = serde_json::from_str::<WorldSpec>(json);
        let world = read.map_err(|error| format!("this is not a resolved world: {error}"))?;
        world.check().map_err(|error| error.to_string())
    });
    checked.map_err(PyValueError::new_err)
}

/// The bytes an account signs for an order.
#[pyfunction]
fn signing_bytes<'py>(order: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(order.py(), &parse(order)?.signing_bytes()))
}

/// The order's id: BLAKE3 of its signing bytes, as 64 hexadecimal digits.
#[pyfunction]
fn order_id(order: &Bound<'_, PyDict>) -> PyResult<String> {
    Ok(parse(order)?.id().to_string())
}

/// BLAKE3-256 of anything that holds bytes, 32 bytes.
#[pyfunction]
#[pyo3(name = "blake3")]
fn hash<'py>(data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    let py = data.py();
    let digest = match data.cast::<PyBytes>() {
        Ok(bytes) if bytes.as_bytes().len() >= LONG => {
            let held = bytes.as_bytes();
            py.detach(|| blake3::hash(held))
        }
        Ok(bytes) => blake3::hash(bytes.as_bytes()),
        // Another thread may write into a bytearray while it is read: hash a copy.
        Err(_) => blake3::hash(&PyBuffer::<u8>::get(data)?.to_vec(py)?),
    };
    Ok(PyBytes::new(py, digest.as_bytes()))
}

/// Reads an order from the fields of the HTTP body, places by number.
fn parse(order: &Bound<'_, PyDict>) -> PyResult<Order> {
    let keys = order.len();
    if order.contains("account")? && order.contains("destination")? {
        expect_fields(keys, 6)?;
        return Ok(Order::Move(Move {
            world: field(order, "world")?,
            source: ChainId(field(order, "source")?),
            destination: ChainId(field(order, "destination")?),
            account: account(order, "account")?,
            nonce: field(order, "nonce")?,
            expires_us: field(order, "expires_us")?,
        }));
    }
    if order.contains("account")? && order.contains("nonce")? {
        expect_fields(keys, 7)?;
        return Ok(Order::Vote(Vote {
            world: field(order, "world")?,
            municipality: ChainId(field(order, "municipality")?),
            account: account(order, "account")?,
            choice: choice(order)?,
            nonce: field(order, "nonce")?,
            expires_us: field(order, "expires_us")?,
        }));
    }
    if order.contains("account")? {
        expect_fields(keys, 4)?;
        return Ok(Order::Opening(Opening {
            world: field(order, "world")?,
            municipality: ChainId(field(order, "municipality")?),
            account: account(order, "account")?,
            expires_us: field(order, "expires_us")?,
        }));
    }
    let transfer = Transfer {
        world: field(order, "world")?,
        source: ChainId(field(order, "source")?),
        destination: ChainId(field(order, "destination")?),
        from: account(order, "from")?,
        to: account(order, "to")?,
        amount: field(order, "amount")?,
        nonce: field(order, "nonce")?,
        expires_us: field(order, "expires_us")?,
    };
    expect_fields(keys, 8)?;
    Ok(Order::Transfer(transfer))
}

/// Whom a vote is for: `candidate` by number, `delegate` an account, both None for nobody.
fn choice(order: &Bound<'_, PyDict>) -> PyResult<Choice> {
    match (required(order, "candidate")?.is_none(), required(order, "delegate")?.is_none()) {
        (true, true) => Ok(Choice::Nobody),
        (false, true) => Ok(Choice::Candidate(NodeId(field(order, "candidate")?))),
        (true, false) => Ok(Choice::Delegate(account(order, "delegate")?)),
        (false, false) => Err(PyValueError::new_err("a vote names a `candidate` or a `delegate`, not both")),
    }
}

/// Refuses a dictionary with more than the fields of its kind: a misspelt one must not go unsigned.
fn expect_fields(found: usize, wanted: usize) -> PyResult<()> {
    if found == wanted {
        return Ok(());
    }
    Err(PyValueError::new_err(format!(
        "an order of this kind has {wanted} fields and this one has {found}: remove what it does not name"
    )))
}

fn required<'py>(order: &Bound<'py, PyDict>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    order.get_item(name)?.ok_or_else(|| PyKeyError::new_err(format!("the order lacks `{name}`")))
}

fn field<'py, T>(order: &Bound<'py, PyDict>, name: &str) -> PyResult<T>
where
    T: for<'a> FromPyObject<'a, 'py>,
{
    required(order, name)?
        .extract()
        .map_err(|_| PyValueError::new_err(format!("`{name}` of the order is not a whole number in its range")))
}

fn account(order: &Bound<'_, PyDict>, name: &str) -> PyResult<AccountId> {
    let value = required(order, name)?;
    if let Ok(text) = value.extract::<String>() {
        return AccountId::parse(&text)
            .ok_or_else(|| PyValueError::new_err(format!("`{name}` of the order is not 64 hexadecimal digits")));
    }
    let bytes: [u8; 32] = value.extract().map_err(|_| {
        PyTypeError::new_err(format!("`{name}` of the order must be 32 bytes or 64 hexadecimal digits"))
    })?;
    Ok(AccountId(bytes))
}
