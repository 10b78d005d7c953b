//! What the Python bindings of the algorithm crates share: bytes without copies, batches, typed errors.
//!
//! A binding takes [`Bytes`], [`Rows`] and [`List`], leaves the interpreter's lock with `Python::detach` for anything
//! that takes more than a microsecond ([`hashing`] for one item of any length), and raises its own class below
//! [`AlgorithmError`] by [`refusal`].

mod bytes;
mod errors;
mod list;
mod rows;

pub use bytes::{hashing, Bytes};
pub use errors::{refusal, AlgorithmError, Coded};
pub use list::List;
pub use rows::Rows;
