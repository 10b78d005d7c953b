//! The extension module `globelet._native`: one submodule per crate, registered here and nowhere else.
#![cfg_attr(test, allow(clippy::unwrap_used))]

#[cfg(feature = "ledger")]
mod carried;
#[cfg(feature = "ledger")]
pub mod kernels;
#[cfg(feature = "ledger")]
pub mod receipts;
#[cfg(feature = "ledger")]
pub mod simulator;
#[cfg(feature = "ledger")]
pub mod types;

use pyo3::prelude::*;

/// Adds a submodule and makes `import globelet._native.<name>` work, which Python does not do by itself.
fn register(parent: &Bound<'_, PyModule>, module: &Bound<'_, PyModule>, name: &str) -> PyResult<()> {
    let path = format!("globelet._native.{name}");
    module.setattr("__name__", &path)?;
    parent.add(name, module)?;
    parent.py().import("sys")?.getattr("modules")?.set_item(path, module)
}

/// The modules of the algorithms, each from its own crate's `python.rs`.
fn register_algorithms(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("AlgorithmError", module.py().get_type::<globelet_binding::AlgorithmError>())?;
    #[cfg(feature = "abba")]
    register(module, &globelet_abba::python::module(module.py())?, "abba")?;
    #[cfg(feature = "clock")]
    register(module, &globelet_clock::python::module(module.py())?, "clock")?;
    #[cfg(feature = "election")]
    register(module, &globelet_election::python::module(module.py())?, "election")?;
    #[cfg(feature = "erasure")]
    register(module, &globelet_erasure::python::module(module.py())?, "erasure")?;
    #[cfg(feature = "filters")]
    register(module, &globelet_filters::python::module(module.py())?, "filters")?;
    #[cfg(feature = "gossip")]
    register(module, &globelet_gossip::python::module(module.py())?, "gossip")?;
    #[cfg(feature = "holding")]
    register(module, &globelet_holding::python::module(module.py())?, "holding")?;
    #[cfg(feature = "hotstuff")]
    register(module, &globelet_hotstuff::python::module(module.py())?, "hotstuff")?;
    #[cfg(feature = "kem")]
    register(module, &globelet_kem::python::module(module.py())?, "kem")?;
    #[cfg(feature = "merkle")]
    register(module, &globelet_merkle::python::module(module.py())?, "merkle")?;
    #[cfg(feature = "place")]
    register(module, &globelet_place::python::module(module.py())?, "place")?;
    #[cfg(feature = "rendezvous")]
    register(module, &globelet_rendezvous::python::module(module.py())?, "rendezvous")?;
    #[cfg(feature = "sharding")]
    register(module, &globelet_sharding::python::module(module.py())?, "sharding")?;
    #[cfg(feature = "signatures")]
    register(module, &globelet_signatures::python::module(module.py())?, "signatures")?;
    #[cfg(feature = "threshold")]
    register(module, &globelet_threshold::python::module(module.py())?, "threshold")?;
    #[cfg(feature = "vrf")]
    register(module, &globelet_vrf::python::module(module.py())?, "vrf")?;
    Ok(())
}

/// What stands on the protocol.
#[cfg(feature = "ledger")]
fn register_ledger(module: &Bound<'_, PyModule>) -> PyResult<()> {
    register(module, &kernels::module(module.py())?, "kernels")?;
    register(module, &receipts::module(module.py())?, "receipts")?;
    register(module, &simulator::module(module.py())?, "simulator")?;
    register(module, &types::module(module.py())?, "types")
}

/// Entry point that Python calls on import.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    #[cfg(feature = "ledger")]
    register_ledger(module)?;
    register_algorithms(module)
}
