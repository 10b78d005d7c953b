//! Laws of the map of accounts.
#![allow(clippy::unwrap_used, missing_docs)]

use globelet_sharding::{Changes, Home, Map};
use globelet_types::{AccountId, ChainId};
use proptest::prelude::*;

fn home(municipality: u16, version: u64) -> Home {
    Home { municipality: ChainId(municipality), version }
}

proptest! {
    /// Whoever learns the same, in whatever order, has the same map; and so has who only follows.
    #[test]
    fn all_maps_agree(facts in prop::collection::vec((0u8..9, 0u16..4, 0u64..5), 0..60), order in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>()) {
        let learn = |map: &mut Map, (account, municipality, version): (u8, u16, u64)| {
            map.learn(AccountId([account; 32]), home(municipality, version));
        };
        let mut shuffled = facts.clone();
        if !facts.is_empty() {
            shuffled.rotate_left(order.index(facts.len()));
            shuffled.reverse();
        }
        let (mut one, mut two) = (Map::new(), Map::new());
        facts.iter().for_each(|fact| learn(&mut one, *fact));
        shuffled.iter().for_each(|fact| learn(&mut two, *fact));
        prop_assert_eq!(one.close(), two.close());
        prop_assert_eq!(&one, &two);

        let (mut closer, mut follower) = (Map::new(), Map::new());
        let half = if facts.is_empty() { 0 } else { cut.index(facts.len()) };
        for part in [&facts[..half], &facts[half..]] {
            part.iter().for_each(|fact| learn(&mut closer, *fact));
            let changes = closer.close();
            follower.follow(&Changes::from_bytes(&changes.to_bytes()).unwrap()).unwrap();
        }
        prop_assert_eq!(&closer, &follower);
        // Two epochs may settle two liars otherwise than one; who moved most is agreed on all the same.
        for account in 0..9 {
            let id = AccountId([account; 32]);
            prop_assert_eq!(closer.home(&id).map(|h| h.version), one.home(&id).map(|h| h.version));
        }
    }
}

#[test]
fn an_epoch_shows_nothing_until_it_is_closed_and_follows_only_the_one_before() {
    let (mut map, account) = (Map::new(), AccountId([1; 32]));
    assert!(map.learn(account, home(2, 1)));
    assert!(!map.learn(account, home(3, 0)), "an older home");
    assert_eq!((map.home(&account), map.epoch()), (None, 0));
    let first = map.close();
    assert_eq!((map.home(&account), map.epoch()), (Some(home(2, 1)), 1));
    map.learn(account, home(0, 2));
    let second = map.close();

    let mut other = Map::new();
    assert_eq!(other.follow(&second).unwrap_err().code(), "sharding.broken-map");
    other.learn(account, home(0, 2));
    other.follow(&first).unwrap();
    assert_eq!(other.home(&account), Some(home(2, 1)));
    assert_eq!(other.follow(&first).unwrap_err().code(), "sharding.broken-map");
    let mut forged = second.clone();
    forged.homes[0].1.version = 0;
    assert_eq!(other.follow(&forged).unwrap_err().code(), "sharding.broken-map");
    let twice = Changes { homes: vec![second.homes[0], second.homes[0]], ..second.clone() };
    assert_eq!(Changes::from_bytes(&twice.to_bytes()).unwrap_err().code(), "sharding.malformed");
    other.follow(&second).unwrap();
    assert_eq!(other, map);
}
