//! Results that lie in stored headers: whoever changes one moves every shard. They are the same on every machine.
#![allow(clippy::unwrap_used)]

use globelet_rendezvous::{rank, settle, top_k, Candidate, RendezvousError, Rules, Site, Sites};

/// 60 sites in 6 cities, two in each building.
fn sites() -> Sites {
    let site = |id: u64| Site { id, weight: 1 + id % 7, city: (id % 6) as u32, building: (id / 12) as u32 };
    Sites::new((0..60).map(site).collect()).unwrap()
}

#[test]
fn orders() {
    let all: Vec<Candidate> =
        (0..8).map(|id| Candidate { id, weight: [1, 1_000, u64::MAX, 0][id as usize % 4], place: 0 }).collect();
    assert_eq!((rank(b"", &all).as_slice(), rank(b"tokyo", &all).as_slice()), (EMPTY.as_slice(), TOKYO.as_slice()));
    assert_eq!(top_k(b"tokyo", &all, 3), TOKYO[..3]);
}

#[test]
fn placements() {
    let sites = sites();
    assert_eq!(sites.place(b"tokyo", 7, &Rules::default()).unwrap(), SPREAD);
    let strict = Rules { per_building: 1, per_city: Some(1) };
    assert_eq!(sites.place(b"tokyo", 6, &strict).unwrap(), STRICT);
}

#[test]
fn many_orders() {
    let sites = sites();
    let mut digest = blake3::Hasher::new();
    for key in 0..1_000_u32 {
        let order = sites.rank(&key.to_be_bytes());
        digest.update(&order.iter().map(|index| *index as u8).collect::<Vec<_>>());
        let placed = sites.place(&key.to_be_bytes(), 12, &Rules::default()).unwrap();
        digest.update(&placed.iter().map(|index| *index as u8).collect::<Vec<_>>());
    }
    assert_eq!(digest.finalize().to_hex().as_str(), DIGEST);
}

#[test]
fn codes() {
    let error = |site| Sites::new(site).unwrap_err();
    let one = Site { id: 1, weight: 1, city: 0, building: 0 };
    assert_eq!(error(vec![one, one]), RendezvousError::SameId { id: 1 });
    assert_eq!(error(vec![one; (1 << 20) + 1]).code(), "rendezvous.too-many");
    let sites = Sites::new(vec![one]).unwrap();
    let refused =
        |count, per_building, per_city| sites.place(b"", count, &Rules { per_building, per_city }).unwrap_err().code();
    assert_eq!(refused(2, 1, None), "rendezvous.too-few");
    assert_eq!(refused(usize::MAX, 1, Some(1)), "rendezvous.too-few");
    assert_eq!(refused(1, 0, None), "rendezvous.no-room");
    assert_eq!(refused(1, 1, Some(0)), "rendezvous.no-room");
    assert_eq!(settle(&[1], &[]).unwrap_err().code(), "rendezvous.unequal");
    assert_eq!(settle(&[1, 1], &[1, 2]).unwrap_err().code(), "rendezvous.same-id");
    assert_eq!(sites.place(b"", 0, &Rules::default()), Ok(vec![]));
    assert_eq!(Sites::new(vec![]).unwrap().rank(b""), Vec::<usize>::new());
}

const EMPTY: [usize; 8] = [2, 6, 1, 5, 0, 4, 7, 3];
const TOKYO: [usize; 8] = [2, 6, 1, 5, 0, 4, 3, 7];
const SPREAD: [usize; 7] = [46, 13, 45, 18, 58, 50, 47];
const STRICT: [usize; 6] = [46, 13, 45, 18, 50, 47];
const DIGEST: &str = "ae2525859c6b2dbacc39660737e05b09bbb7d9b1fabc3d953db38af38c4c15df";
