//! `globelet._native.receipts`: receipts prove themselves, from the genesis alone, many at once.
use globelet_binding::List;
use globelet_protocol::verify::Step;
use globelet_protocol::{receipt_json, Genesis};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use serde_json::Value;
use std::num::NonZeroUsize;
use std::thread;

/// Builds the submodule.
///
/// # Errors
/// Only when Python runs out of memory.
pub fn module(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    let module = PyModule::new(py, "receipts")?;
    module.add_function(wrap_pyfunction!(verify, &module)?)?;
    module.add_function(wrap_pyfunction!(name, &module)?)?;
    module.add_function(wrap_pyfunction!(crate::carried::carried, &module)?)?;
    Ok(module)
}

/// JSON as text or as bytes, not copied.
#[derive(FromPyObject)]
enum Json {
    Text(PyBackedStr),
    Bytes(PyBackedBytes),
}

impl Json {
    fn read(&self) -> serde_json::Result<Value> {
        match self {
            Json::Text(text) => serde_json::from_str(text),
            Json::Bytes(bytes) => serde_json::from_slice(bytes),
        }
    }
}

/// A step: its name, whether it holds, and why not or what there is to know.
type Row = (&'static str, bool, Option<String>);

fn row(step: Step) -> Row {
    let holds = step.holds.is_ok();
    (step.name, holds, step.holds.err().or(step.note.map(str::to_owned)))
}

/// A genesis as `genesis.json` holds it; the id in it must be its own.
fn genesis(json: &Json) -> Result<Genesis, String> {
    let value = json.read().map_err(|e| format!("this is not JSON: {e}"))?;
    let recorded = value.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let genesis: Genesis = serde_json::from_value(value).map_err(|e| e.to_string())?;
    genesis.world.check().map_err(|e| e.to_string())?;
    let id = hex::encode(genesis.id());
    if id == recorded {
        Ok(genesis)
    } else {
        Err(format!("its id should be {id}, it says {recorded:?}"))
    }
}

fn check(genesis: &Genesis, document: &Json) -> Vec<Row> {
    match document.read() {
        Ok(document) => receipt_json::verify(genesis, &document).into_iter().map(row).collect(),
        Err(error) => vec![("document", false, Some(format!("it is not JSON: {error}")))],
    }
}

/// Checks all documents, an equal share on each processor.
fn check_all(genesis: &Genesis, documents: &[Json]) -> Vec<Vec<Row>> {
    let workers = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let share = documents.len().div_ceil(workers).max(1);
    thread::scope(|scope| {
        let mut running = Vec::new();
        for some in documents.chunks(share) {
            running.push(scope.spawn(move || -> Vec<Vec<Row>> { some.iter().map(|d| check(genesis, d)).collect() }));
        }
        running.into_iter().flat_map(|worker| worker.join().expect("verifying does not panic")).collect()
    })
}

/// The steps of each document's proof, in order. Works on every processor, without the interpreter's lock.
#[pyfunction]
fn verify(py: Python<'_>, genesis: Json, documents: List<Json>) -> PyResult<Vec<Vec<Row>>> {
    py.detach(|| {
        let genesis = self::genesis(&genesis).map_err(|e| PyValueError::new_err(format!("this is no genesis: {e}")))?;
        Ok(check_all(&genesis, &documents))
    })
}

/// The name of an interval signature's encoding, hexadecimal: receipts that share it name it so.
#[pyfunction]
fn name(encoded: &[u8]) -> String {
    hex::encode(globelet_protocol::brief::name(encoded))
}
