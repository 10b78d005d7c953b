//! A watch over what members sign.

use std::sync::Arc;

use globelet_binding::Bytes;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::keys::{Committee, PyKeys, Signing};
use super::{known, refuse};
use crate::{Evidence, HotstuffError, HotstuffMessage, Watch};

/// Finds contradictions in what members sign.
#[pyclass(name = "Watch", module = "globelet.algorithms.hotstuff")]
pub(super) struct PyWatch {
    watch: Watch,
    keys: Arc<Committee>,
}

#[pymethods]
impl PyWatch {
    #[new]
    fn new(keys: PyRef<'_, PyKeys>) -> PyWatch {
        PyWatch { watch: Watch::new(keys.0.chain, keys.0.n), keys: Arc::clone(&keys.0) }
    }

    /// Takes a message that came from `sender`; the evidence it completes.
    fn observe<'py>(
        &mut self,
        py: Python<'py>,
        sender: u16,
        message: Bytes<'py>,
    ) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        known(py, sender, self.keys.n)?;
        let (watch, keys, bytes): (_, _, &[u8]) = (&mut self.watch, &*self.keys, &message);
        let found = py.detach(|| {
            let message = HotstuffMessage::from_bytes(bytes)?;
            Ok(watch.observe(sender, &message, &Signing(keys, 0)))
        });
        let found: Vec<Evidence> = found.map_err(|e: HotstuffError| refuse(py, &e))?;
        Ok(found.iter().map(|evidence| PyBytes::new(py, &evidence.to_bytes())).collect())
    }

    /// Members that contradicted themselves so far.
    #[getter]
    fn accused(&self) -> Vec<u16> {
        self.watch.accused().collect()
    }
}
