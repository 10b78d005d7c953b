//! Areas that count more (or less) for a while.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::polygon::inside;

/// An area with a multiplier during `from_us <= now < until_us`.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct EventArea {
    /// The area's ring, as (longitude, latitude) in degrees.
    pub ring: Vec<(f64, f64)>,
    /// Start, in microseconds since the Unix epoch.
    pub from_us: u64,
    /// End, in microseconds since the Unix epoch.
    pub until_us: u64,
    /// The multiplier in thousandths: 1500 is half as much again.
    pub multiplier_per_mille: u32,
}

/// The multiplier at a point and time, in thousandths: the largest of the areas that apply there
/// and then, 1000 where none does.
pub fn weight(areas: &[EventArea], lat: f64, lon: f64, now_us: u64) -> u32 {
    areas
        .iter()
        .filter(|area| (area.from_us..area.until_us).contains(&now_us))
        .filter(|area| inside(std::slice::from_ref(&area.ring), lon, lat))
        .map(|area| area.multiplier_per_mille)
        .max()
        .unwrap_or(1000)
}
