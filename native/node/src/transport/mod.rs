//! Messages between processes: gRPC streams over mutual TLS, one per way and route.
pub mod carrier;
pub mod choice;
pub mod clocks;
pub mod door;
pub mod frame;
pub mod keeper;
pub mod meter;
pub mod server;
pub mod streams;
pub mod tls;

pub use streams::Outward;

/// What protox and tonic make of `proto/transport.proto`.
#[allow(missing_docs, warnings, clippy::all)]
pub mod proto {
    tonic::include_proto!("globelet.transport.v1");
}
