//! `globelet._native.rendezvous`.

use globelet_binding::{refusal, AlgorithmError, Bytes, Coded, List, Rows};
use pyo3::prelude::*;

use crate::{Rules, Site, Sites};

pyo3::create_exception!(
    globelet.algorithms.rendezvous,
    RendezvousError,
    AlgorithmError,
    "Sites or rules were refused. `code` is stable."
);

impl Coded for crate::RendezvousError {
    fn code(&self) -> &'static str {
        crate::RendezvousError::code(self)
    }
}

fn refuse(py: Python<'_>, error: &crate::RendezvousError) -> PyErr {
    refusal::<RendezvousError>(py, error)
}

/// Builds the submodule.
///
/// # Errors
/// Only when Python runs out of memory.
pub fn module(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    let module = PyModule::new(py, "rendezvous")?;
    module.add("RendezvousError", py.get_type::<RendezvousError>())?;
    module.add_class::<PySites>()?;
    module.add_function(wrap_pyfunction!(settle, &module)?)?;
    Ok(module)
}

/// The members of `after`, each that was in `before` where it stood there.
#[pyfunction]
fn settle(py: Python<'_>, before: List<u64>, after: List<u64>) -> PyResult<Vec<u64>> {
    py.detach(|| crate::settle(&before, &after)).map_err(|error| refuse(py, &error))
}

/// A set of sites, checked.
#[pyclass(name = "Sites", module = "globelet.algorithms.rendezvous", frozen, eq)]
#[derive(PartialEq, Eq)]
struct PySites(Sites);

impl PySites {
    fn ids(&self, chosen: Vec<usize>) -> Vec<u64> {
        chosen.into_iter().map(|index| self.0.sites()[index].id).collect()
    }
}

#[pymethods]
impl PySites {
    #[new]
    fn new(py: Python<'_>, sites: List<(u64, u64, u32, u32)>) -> PyResult<PySites> {
        let site = |(id, weight, city, building)| Site { id, weight, city, building };
        let made = py.detach(|| Sites::new(sites.into_iter().map(site).collect()));
        made.map(PySites).map_err(|error| refuse(py, &error))
    }

    fn __len__(&self) -> usize {
        self.0.sites().len()
    }

    /// The sites, in the order they were given: id, weight, city, building.
    #[getter]
    fn sites(&self) -> Vec<(u64, u64, u32, u32)> {
        self.0.sites().iter().map(|site| (site.id, site.weight, site.city, site.building)).collect()
    }

    /// The ids of all sites, the first choice for a key first.
    fn rank(&self, py: Python<'_>, key: Bytes<'_>) -> Vec<u64> {
        let key: &[u8] = &key;
        py.detach(|| self.ids(self.0.rank(key)))
    }

    /// The ids of the first sites for a key, without rules.
    fn top(&self, py: Python<'_>, key: Bytes<'_>, count: usize) -> Vec<u64> {
        let key: &[u8] = &key;
        py.detach(|| self.ids(self.0.top_k(key, count)))
    }

    /// The ids of the first sites for a key that keep the rules.
    #[pyo3(signature = (key, count, per_building=1, per_city=None))]
    fn place(
        &self,
        py: Python<'_>,
        key: Bytes<'_>,
        count: usize,
        per_building: u32,
        per_city: Option<u32>,
    ) -> PyResult<Vec<u64>> {
        let key: &[u8] = &key;
        let rules = Rules { per_building, per_city };
        let placed = py.detach(|| self.0.place(key, count, &rules).map(|chosen| self.ids(chosen)));
        placed.map_err(|error| refuse(py, &error))
    }

    /// `place` for many keys.
    #[pyo3(signature = (keys, count, per_building=1, per_city=None))]
    fn place_many(
        &self,
        py: Python<'_>,
        keys: Rows<'_>,
        count: usize,
        per_building: u32,
        per_city: Option<u32>,
    ) -> PyResult<Vec<Vec<u64>>> {
        let keys = keys.slices();
        let rules = Rules { per_building, per_city };
        let ids = |all: Vec<Vec<usize>>| all.into_iter().map(|chosen| self.ids(chosen)).collect();
        let placed = py.detach(|| self.0.place_many(&keys, count, &rules).map(ids));
        placed.map_err(|error| refuse(py, &error))
    }

    /// The smallest limit per city under which as many sites can be chosen.
    #[pyo3(signature = (count, per_building=1))]
    fn evenest(&self, py: Python<'_>, count: usize, per_building: u32) -> PyResult<u32> {
        py.detach(|| self.0.evenest(count, per_building)).map_err(|error| refuse(py, &error))
    }
}
