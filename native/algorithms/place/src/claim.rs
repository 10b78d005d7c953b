//! Claims of a place, and the round trips that contradict them.

use crate::distance::{least_distance_m, least_distance_to_area_m};
use crate::{Area, Point};

/// How far light goes in optical fibre, in metres per microsecond: two thirds of its speed in a vacuum.
pub const FIBRE_M_PER_US: u64 = 200;

/// A round trip that a witness measured to whoever makes a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trip {
    /// Where the witness stands.
    pub witness: Point,
    /// From question to answer, in microseconds.
    pub rtt_us: u64,
}

/// A round trip too short for the way it would have had to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refutation {
    /// Which of the trips, from 0.
    pub trip: usize,
    /// What the claimed place is away from the witness at least, in metres.
    pub least_m: u64,
    /// What the round trip allows at most, in metres.
    pub reach_m: u64,
}

/// How far away an answer can have come from within a round trip, in metres.
pub fn reach_m(rtt_us: u64) -> u64 {
    u64::try_from(u128::from(rtt_us) * u128::from(FIBRE_M_PER_US) / 2).unwrap_or(u64::MAX)
}

/// Whether a round trip allows a distance: light in fibre goes there and back.
pub fn plausible(distance_m: u64, rtt_us: u64) -> bool {
    distance_m <= reach_m(rtt_us)
}

/// The trips that a claim to be at a point contradicts, worst first: where more metres are missing.
///
/// Nobody can answer sooner than light allows, so whoever is elsewhere is refuted by a witness near enough to the truth
/// and far enough from the claim; who answers late is refuted by nobody, and is merely not confirmed. A witness who lies
/// can refute anything: ask for more refutations than there may be liars.
pub fn refute(claimed: Point, trips: &[Trip]) -> Vec<Refutation> {
    contradictions(trips, |witness| least_distance_m(witness, claimed))
}

/// The trips that a claim to be anywhere in an area contradicts, worst first.
pub fn refute_area(claimed: &Area, trips: &[Trip]) -> Vec<Refutation> {
    contradictions(trips, |witness| least_distance_to_area_m(witness, claimed))
}

fn contradictions(trips: &[Trip], least: impl Fn(Point) -> u64) -> Vec<Refutation> {
    let weighed = trips.iter().enumerate().map(|(trip, measured)| Refutation {
        trip,
        least_m: least(measured.witness),
        reach_m: reach_m(measured.rtt_us),
    });
    let mut found: Vec<Refutation> = weighed.filter(|r| r.least_m > r.reach_m).collect();
    found.sort_by_key(|r| (std::cmp::Reverse(r.least_m - r.reach_m), r.trip));
    found
}
