//! Proof of place: point in polygon over real outlines.
//!
//! Three questions about a claimed position: which municipality it lies in ([`Atlas`]), whether a
//! bonus area applies there now ([`EventArea`], [`weight`]), and whether a measured round trip
//! allows the claimed distance ([`plausible`]).
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod atlas;
mod event;
mod geojson;
mod physics;
mod polygon;

pub use atlas::{Atlas, Outline};
pub use event::{weight, EventArea};
pub use geojson::{outlines_from_geojson, PlaceError};
pub use physics::{distance_km, plausible, FIBRE_KM_PER_MS};
pub use polygon::inside;
