//! Sites and rules from any bytes are placed or refused, and the rules hold.
#![allow(clippy::unwrap_used)]

use borsh::BorshDeserialize;
use globelet_fuzz::fuzz;
use globelet_rendezvous::{top_k, Candidate, Rules, Site, Sites};

#[test]
fn candidates() {
    let seeds = [3_u64, 0, u64::MAX].map(|weight| {
        let all: Vec<Candidate> = (0..5).map(|id| Candidate { id, weight, place: id as u32 % 2 }).collect();
        borsh::to_vec(&all).unwrap()
    });
    fuzz("rendezvous-candidates", &seeds, |bytes| {
        let Ok(all) = Vec::<Candidate>::try_from_slice(bytes) else { return };
        assert_eq!(borsh::to_vec(&all).unwrap(), bytes);
        let order = top_k(b"key", &all, usize::MAX);
        let weights: Vec<bool> = order.iter().map(|&index| all[index].weight == 0).collect();
        assert!(weights.is_sorted(), "the weightless come last");
    });
}

#[test]
fn sites() {
    let site = |id: u64, city: u32| Site { id, weight: 7 + id, city: id as u32 % city, building: 1 };
    let all = |city| (0..9).map(|id| site(id, city)).collect::<Vec<Site>>();
    let seeds = [1, 3, 9].map(|city| borsh::to_vec(&(1_u32, 3_u32, 4_u16, all(city))).unwrap());
    fuzz("rendezvous-sites", &seeds, |bytes| {
        let Ok((per_building, city, count, all)) = <(u32, u32, u16, Vec<Site>)>::try_from_slice(bytes) else { return };
        let Ok(sites) = Sites::new(all) else { return };
        let rules = Rules { per_building, per_city: (city > 0).then_some(city) };
        let Ok(placed) = sites.place(bytes, usize::from(count), &rules) else { return };
        assert_eq!(placed.len(), usize::from(count));
        for &index in &placed {
            let here = sites.sites()[index];
            let alike =
                |same: &dyn Fn(&Site) -> bool| placed.iter().filter(|i| same(&sites.sites()[**i])).count() as u64;
            assert!(alike(&|s| s.city == here.city) <= u64::from(rules.per_city.unwrap_or(u32::MAX)));
            assert!(alike(&|s| (s.city, s.building) == (here.city, here.building)) <= u64::from(per_building));
        }
    });
}
