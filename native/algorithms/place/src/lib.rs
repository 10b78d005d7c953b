//! Proof of place: which outline a point lies in, what it counts there now, and whether a claim to be there can be true.
//!
//! | what | how | cost |
//! |---|---|---|
//! | [`Area`] | points that an odd number of rings enclose (even-odd rule), over holes, islands, the 180th meridian and poles | O(corners / 16) |
//! | [`Atlas`] | named outlines (GeoJSON by [`outlines_from_geojson`], RFC 7946, or a format of its own) under an R-tree (Guttman 1984; `rstar`) | O(log rings) boxes, then the rings whose boxes hold the point |
//! | [`EventArea`], [`Calendar`] | a multiplier inside an area while `from <= now < until` | as above |
//! | [`refute`], [`refute_area`] | round trips too short for light in fibre to have gone to the claimed place and back | a sine a trip; a sine a corner and trip |
//!
//! Positions are whole ten-millionths of a degree ([`Point`], WGS 84), distances whole metres, times whole microseconds.
//! Inside or not is decided exactly in 64-bit integers, and distances come from sines computed by the same operations
//! everywhere: every answer is the same on every machine. Both formats have one encoding for each value; decoders take
//! nothing else and no more room than a small multiple of their input.
//!
//! **Held against GeoNames.** `tests/earth.rs` looks up its 34,006 cities: 97 of 100 fall into an outline that stands for
//! their region, the others are listed with reasons. Which outlines stand for a region was learnt from the same cities, so
//! `tests/names.rs` asks a witness that knows names alone: where an outline bears the name of a GeoNames region (1,616 do),
//! 96 of 100 of its 20,204 cities fall into that very outline, and 97 of 100 regions have it in the table. The rest are
//! mostly cities that one source parts from the region around them.
//!
//! **Not promised.** An outline is as good as its source: Natural Earth's at 1:10,000,000 is off by a kilometre in places.
//! Edges are straight in longitude and latitude, not geodesics. A claim that is not refuted is not proven: whoever
//! answers late may be anywhere within reach. Light in fibre is taken at two thirds of its speed in a vacuum; a radio link
//! through air is faster and would refute a true claim.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod area;
mod atlas;
mod claim;
mod codec;
mod distance;
mod error;
mod event;
mod geojson;
mod index;
mod point;
#[cfg(feature = "python")]
pub mod python;
mod reader;
mod ring;

pub use area::Area;
pub use atlas::{Atlas, Outline, MOST_OUTLINES};
pub use claim::{plausible, reach_m, refute, refute_area, Refutation, Trip, FIBRE_M_PER_US};
pub use distance::{distance_m, least_distance_m, least_distance_to_area_m};
pub use error::PlaceError;
pub use event::{Calendar, EventArea, MOST_PER_MILLE, PLAIN_PER_MILLE};
pub use geojson::outlines_from_geojson;
pub use point::{Point, UNITS};
