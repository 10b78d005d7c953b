//! How often each candidate should serve: in proportion to its weight, under a cap for each and for each place.

use std::collections::BTreeMap;

use crate::draw::{sorted, Candidate, WHOLE_PPM};
use crate::{ElectionError, Key};

/// One whole seat, in the units that chances are counted in.
pub const UNIT: u64 = 1 << 40;
/// Most seats of a committee.
pub const MAX_SEATS: u16 = 1024;
/// Most candidates of an election.
pub const MAX_CANDIDATES: usize = 65_536;
/// Largest bonus of a candidate: sixteen times its stake.
pub const MAX_BONUS_PPM: u32 = 16 * WHOLE_PPM;

/// The rules of an election.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Seats of the committee, 1 to [`MAX_SEATS`].
    pub seats: u16,
    /// The largest part of the seats that one place may have, in millionths, 1 to 1,000,000. It is rounded down to
    /// whole seats.
    pub place_share_ppm: u32,
}

impl Rules {
    /// Most seats of one place: `seats` times the share, rounded down.
    ///
    /// # Errors
    /// `BadRules` if seats or share are out of their bounds, or the share is less than one seat.
    pub fn place_limit(&self) -> Result<u16, ElectionError> {
        let bad = |reason: String| Err(ElectionError::BadRules { reason });
        if self.seats == 0 || self.seats > MAX_SEATS {
            return bad(format!("a committee has 1 to {MAX_SEATS} seats, not {}", self.seats));
        }
        if self.place_share_ppm == 0 || self.place_share_ppm > WHOLE_PPM {
            return bad(format!("a share is 1 to {WHOLE_PPM} millionths, not {}", self.place_share_ppm));
        }
        // At most the seats, as the share is at most the whole.
        let limit = (u64::from(self.seats) * u64::from(self.place_share_ppm) / u64::from(WHOLE_PPM)) as u16;
        if limit == 0 {
            return bad(format!("{} millionths of {} seats are no seat", self.place_share_ppm, self.seats));
        }
        Ok(limit)
    }
}

/// A candidate's chance of a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance {
    /// Who.
    pub key: Key,
    /// Where it is.
    pub place: u32,
    /// The probability of a seat, in parts of [`UNIT`].
    pub parts: u64,
}

/// The chance of every candidate that has weight, by key.
///
/// Chances are `λ · weight`, at most one seat each, and together at most the limit of their place; where a place is at
/// its limit its candidates share that in proportion to their weights. `λ` is such that all chances add up to the
/// number of seats exactly. This is the one division in which nobody under no cap has less for its weight than anybody
/// else. O(n log n) for sorting, and O(n · r) where r, the rounds of capping, is at most the number of caps met.
///
/// # Errors
/// `BadRules`; `BadCandidate` for a field out of its bounds or a key that stands twice; `Unfillable` when the
/// candidates, with the limit per place, are fewer than the seats.
pub fn chances(rules: &Rules, candidates: &[Candidate]) -> Result<Vec<Chance>, ElectionError> {
    let limit = u64::from(rules.place_limit()?) * UNIT;
    let seats = u64::from(rules.seats) * UNIT;
    let weighed: Vec<(Candidate, u128)> =
        sorted(candidates)?.into_iter().map(|c| (c, c.weight())).filter(|(_, weight)| *weight > 0).collect();
    let mut places: BTreeMap<u32, Vec<(usize, u128)>> = BTreeMap::new();
    for (index, (candidate, weight)) in weighed.iter().enumerate() {
        places.entry(candidate.place).or_default().push((index, *weight));
    }
    let fillable: u64 = places.values().map(|members| (members.len() as u64 * UNIT).min(limit)).sum();
    if fillable < seats {
        let (fillable, seats) = ((fillable / UNIT) as u32, u32::from(rules.seats));
        return Err(ElectionError::Unfillable { fillable, seats });
    }
    let mut parts = vec![0u64; weighed.len()];
    spread(&places, seats, limit, &mut parts);
    let entry = |((c, _), parts): (&(Candidate, u128), u64)| Chance { key: c.key, place: c.place, parts };
    Ok(weighed.iter().zip(parts).map(entry).collect())
}

/// Divides `seats` over all places, each up to `limit`.
fn spread(places: &BTreeMap<u32, Vec<(usize, u128)>>, seats: u64, limit: u64, parts: &mut [u64]) {
    let mut free = places.clone();
    let mut left = seats;
    // A place that passes its limit gets just that; the others then get more, so it never comes back below.
    while !free.is_empty() {
        let members: Vec<(usize, u128)> = free.values().flatten().copied().collect();
        fill(&members, left, parts);
        let total = |members: &Vec<(usize, u128)>| members.iter().map(|(i, _)| parts[*i]).sum::<u64>();
        let over: Vec<u32> = free.iter().filter(|(_, m)| total(m) > limit).map(|(place, _)| *place).collect();
        if over.is_empty() {
            break;
        }
        for members in over.iter().filter_map(|place| free.remove(place)) {
            fill(&members, limit, parts);
            left -= limit;
        }
    }
    top_up(places, limit, seats - parts.iter().sum::<u64>(), parts);
}

/// Divides `total` over `members` in proportion to their weights, each up to one [`UNIT`]; rounds down.
fn fill(members: &[(usize, u128)], total: u64, parts: &mut [u64]) {
    let mut free: Vec<(usize, u128)> = members.to_vec();
    let mut left = u128::from(total);
    loop {
        let weight: u128 = free.iter().map(|(_, w)| w).sum();
        // left < 2^50, a weight < 2^68, their sum < 2^84: nothing here passes 2^124.
        let (whole, rest): (Vec<_>, Vec<_>) = free.iter().partition(|(_, w)| left * w >= u128::from(UNIT) * weight);
        if whole.is_empty() {
            for (index, w) in rest {
                parts[index] = (left * w / weight) as u64;
            }
            return;
        }
        for (index, _) in &whole {
            parts[*index] = UNIT;
        }
        left = left.saturating_sub(u128::from(UNIT) * whole.len() as u128);
        free = rest;
        if free.is_empty() {
            return;
        }
    }
}

/// Gives what rounding left over, less than one part per candidate, to the first that have room.
fn top_up(places: &BTreeMap<u32, Vec<(usize, u128)>>, limit: u64, mut left: u64, parts: &mut [u64]) {
    for members in places.values() {
        let mut room = limit - members.iter().map(|(i, _)| parts[*i]).sum::<u64>();
        for (index, _) in members {
            let more = left.min(room).min(UNIT - parts[*index]);
            parts[*index] += more;
            (left, room) = (left - more, room - more);
        }
    }
}
