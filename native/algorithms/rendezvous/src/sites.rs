//! Sites in buildings of cities, and how many of each may be chosen.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::{rank, top_k, Candidate, Order, RendezvousError};

/// Most sites of a set.
pub const MOST_SITES: usize = 1 << 20;

/// A place for a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Site {
    /// Its identity, unique among the sites.
    pub id: u64,
    /// Its capacity, in any unit that all sites share; zero is chosen only when all others are.
    pub weight: u64,
    /// The city it is in, as a number.
    pub city: u32,
    /// The building, as a number within the city: building 1 of another city is another building.
    pub building: u32,
}

/// How many sites of one building and of one city may be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Most in one building.
    pub per_building: u32,
    /// Most in one city; without it as few as can be, so that the choice is spread over the cities as evenly as they
    /// allow.
    pub per_city: Option<u32>,
}

impl Default for Rules {
    /// No two in one building, spread over the cities.
    fn default() -> Rules {
        Rules { per_building: 1, per_city: None }
    }
}

/// A set of sites, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sites {
    sites: Vec<Site>,
    candidates: Vec<Candidate>,
    /// Sites in each building of each city.
    held: BTreeMap<u32, BTreeMap<u32, u32>>,
}

/// Rules with both limits set.
#[derive(Clone, Copy)]
struct Limits {
    per_building: u32,
    per_city: u32,
}

impl Sites {
    /// A set of sites. O(n log n).
    ///
    /// # Errors
    /// [`RendezvousError::TooMany`] above [`MOST_SITES`]; [`RendezvousError::SameId`].
    pub fn new(sites: Vec<Site>) -> Result<Sites, RendezvousError> {
        if sites.len() > MOST_SITES {
            return Err(RendezvousError::TooMany { found: sites.len(), most: MOST_SITES });
        }
        let mut ids: Vec<u64> = sites.iter().map(|site| site.id).collect();
        ids.sort_unstable();
        if let Some(twice) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(RendezvousError::SameId { id: twice[0] });
        }
        let mut held: BTreeMap<u32, BTreeMap<u32, u32>> = BTreeMap::new();
        for site in &sites {
            *held.entry(site.city).or_default().entry(site.building).or_default() += 1;
        }
        let candidates = sites.iter().map(|s| Candidate { id: s.id, weight: s.weight, place: s.city }).collect();
        Ok(Sites { sites, candidates, held })
    }

    /// The sites, in the order they were given.
    pub fn sites(&self) -> &[Site] {
        &self.sites
    }

    /// The indices of all sites, the first choice for `key` first. O(n log n).
    pub fn rank(&self, key: &[u8]) -> Vec<usize> {
        rank(key, &self.candidates)
    }

    /// The indices of the first `count` sites for `key`, without rules; fewer if there are not as many.
    pub fn top_k(&self, key: &[u8], count: usize) -> Vec<usize> {
        top_k(key, &self.candidates, count)
    }

    /// The indices of `count` sites for `key`: the first in its order that keep the rules. O(n + m log n), m being
    /// those looked at.
    ///
    /// # Errors
    /// [`RendezvousError::TooFew`] if no choice of as many keeps the rules, [`RendezvousError::NoRoom`] for a rule of 0.
    pub fn place(&self, key: &[u8], count: usize, rules: &Rules) -> Result<Vec<usize>, RendezvousError> {
        let limits = self.limits(count, rules)?;
        Ok(self.choose(key, count, limits))
    }

    /// [`Sites::place`] for many keys: the rules are looked through once.
    ///
    /// # Errors
    /// Those of [`Sites::place`].
    pub fn place_many<K: AsRef<[u8]>>(
        &self,
        keys: &[K],
        count: usize,
        rules: &Rules,
    ) -> Result<Vec<Vec<usize>>, RendezvousError> {
        let limits = self.limits(count, rules)?;
        Ok(keys.iter().map(|key| self.choose(key.as_ref(), count, limits)).collect())
    }

    /// The smallest limit per city under which `count` sites can be chosen.
    ///
    /// # Errors
    /// [`RendezvousError::TooFew`] if they cannot under any, [`RendezvousError::NoRoom`] if `per_building` is 0.
    pub fn evenest(&self, count: usize, per_building: u32) -> Result<u32, RendezvousError> {
        let limits = self.limits(count, &Rules { per_building, per_city: None })?;
        Ok(limits.per_city)
    }

    fn limits(&self, count: usize, rules: &Rules) -> Result<Limits, RendezvousError> {
        let per_building = rules.per_building;
        for (limit, place) in [(per_building, "building"), (rules.per_city.unwrap_or(1), "city")] {
            if limit == 0 {
                return Err(RendezvousError::NoRoom { place });
            }
        }
        let room_of = |city: &BTreeMap<u32, u32>| city.values().map(|held| u64::from(*held.min(&per_building))).sum();
        let rooms: Vec<u64> = self.held.values().map(room_of).collect();
        let room = |per_city: u32| rooms.iter().map(|room| u64::from(per_city).min(*room)).sum::<u64>();
        let per_city = rules.per_city.unwrap_or_else(|| first_that(|limit| room(limit) >= count as u64));
        if room(per_city) < count as u64 {
            return Err(RendezvousError::TooFew { wanted: count as u64, room: room(per_city) });
        }
        Ok(Limits { per_building, per_city })
    }

    fn choose(&self, key: &[u8], count: usize, limits: Limits) -> Vec<usize> {
        let (mut buildings, mut cities) = (BTreeMap::new(), BTreeMap::new());
        let fits = |index: &usize| {
            let Site { city, building, .. } = self.sites[*index];
            let in_building = buildings.entry((city, building)).or_insert(0_u32);
            let in_city = cities.entry(city).or_insert(0_u32);
            let fits = *in_building < limits.per_building && *in_city < limits.per_city;
            *in_building += u32::from(fits);
            *in_city += u32::from(fits);
            fits
        };
        Order::new(key, &self.candidates).filter(fits).take(count).collect()
    }
}

/// The smallest number above 0 that is enough, or the largest number; what is enough stays so above.
fn first_that(enough: impl Fn(u32) -> bool) -> u32 {
    let (mut low, mut high) = (1, MOST_SITES as u32);
    while low < high {
        let middle = low + (high - low) / 2;
        if enough(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// The members of `after`, each that was in `before` where it stood there: a shard whose site stays does not move.
///
/// # Errors
/// [`RendezvousError::Unequal`] if they are not as many, [`RendezvousError::SameId`] if one stands in either twice.
pub fn settle(before: &[u64], after: &[u64]) -> Result<Vec<u64>, RendezvousError> {
    if before.len() != after.len() {
        return Err(RendezvousError::Unequal { before: before.len(), after: after.len() });
    }
    for ids in [before, after] {
        let mut sorted = ids.to_vec();
        sorted.sort_unstable();
        if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(RendezvousError::SameId { id: twice[0] });
        }
    }
    let [old, new] = [before, after].map(|ids| ids.iter().copied().collect::<std::collections::BTreeSet<u64>>());
    let mut come = after.iter().copied().filter(|id| !old.contains(id));
    let stays = |id: &u64| new.contains(id).then_some(*id);
    Ok(before.iter().filter_map(|id| stays(id).or_else(|| come.next())).collect())
}
