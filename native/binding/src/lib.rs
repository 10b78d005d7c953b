//! What the Python bindings of the algorithm crates share: bytes without copies, batches, typed errors.
//!
//! A binding takes [`Bytes`] and [`Rows`], leaves the interpreter's lock with `Python::detach` for anything that takes
//! more than a microsecond, and raises its own class below [`AlgorithmError`] by [`refusal`].

mod bytes;
mod errors;
mod rows;

pub use bytes::Bytes;
pub use errors::{refusal, AlgorithmError, Coded};
pub use rows::Rows;
