//! The extension module `globelet._native`: one submodule per crate, registered here and nowhere else.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod kernels;
pub mod receipts;
pub mod signatures;
pub mod simulator;
pub mod types;

use pyo3::prelude::*;

/// Adds a submodule and makes `import globelet._native.<name>` work, which Python does not do by itself.
fn register(parent: &Bound<'_, PyModule>, module: &Bound<'_, PyModule>, name: &str) -> PyResult<()> {
    let path = format!("globelet._native.{name}");
    module.setattr("__name__", &path)?;
    parent.add(name, module)?;
    parent.py().import("sys")?.getattr("modules")?.set_item(path, module)
}

/// Entry point that Python calls on import.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    register(module, &kernels::module(module.py())?, "kernels")?;
    register(module, &receipts::module(module.py())?, "receipts")?;
    register(module, &signatures::module(module.py())?, "signatures")?;
    register(module, &simulator::module(module.py())?, "simulator")?;
    register(module, &types::module(module.py())?, "types")
}
