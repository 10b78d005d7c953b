//! Exactly once and conservation, under loss, duplication, reordering and restarts.
#![allow(clippy::unwrap_used, missing_docs)]

mod world;

use globelet_sharding::{Books, Effect, Event, Head, Move, Parcel, Reason, ShardingError, Transfer, AHEAD_MOST};
use globelet_types::ChainId;
use proptest::prelude::*;
use world::{account, order_id, Network, World};

fn schedule() -> impl Strategy<Value = (u64, Network, usize)> {
    let network = (0u8..60, 0u8..60, 0u8..20).prop_map(|(loss, copies, restarts)| Network { loss, copies, restarts });
    (any::<u64>(), network, 100usize..600)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_or_doubled_whatever_the_network_does((seed, network, steps) in schedule()) {
        let mut world = World::new(seed, 4, 12, network);
        for _ in 0..steps {
            world.step();
        }
        world.rest();
        world.judge();
    }

    #[test]
    fn hostile_bytes_are_refused_or_are_what_they_encode(noise in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(found) = Parcel::from_bytes(&noise) { prop_assert_eq!(found.to_bytes(), noise.clone()) }
        if let Ok(found) = Head::from_bytes(&noise) { prop_assert_eq!(found.to_bytes(), noise.clone()) }
        if let Ok(found) = Event::from_bytes(&noise) { prop_assert_eq!(found.to_bytes(), noise) }
    }
}

/// Schedules of an adversary who holds back everything to one municipality, or delivers the newest first.
#[test]
fn adversarial_orders_of_delivery_change_nothing() {
    let mut met = (false, false, false);
    for seed in 0..24 {
        let mut world = World::new(seed, 3, 6, Network { loss: 0, copies: 30, restarts: 2 });
        for round in 0..40 {
            for _ in 0..3 {
                for _ in 0..4 {
                    world.order();
                }
                world.close_all();
            }
            match (seed + round) % 3 {
                0 => world.deliver_newest_first(),
                1 => world.hold_back(ChainId((seed % 3) as u16)),
                _ => world.deliver_oldest_first(),
            }
        }
        world.rest();
        world.judge();
        met.0 |= world.parked_once;
        met.1 |= world.effects.iter().any(|e| matches!(e, Effect::Settled { refused, .. } if !refused.is_empty()));
        met.2 |= world.books.iter().any(|b| b.accounts().values().any(|a| a.version > 1));
    }
    assert_eq!(met, (true, true, true), "waiting, refunds and accounts that moved twice were all met");
}

fn quiet() -> World {
    World::new(1, 3, 6, Network { loss: 0, copies: 0, restarts: 0 })
}

fn transfer(from: u16, to: u16, destination: u16, amount: u64, nonce: u64) -> Event {
    let id = order_id(u64::from(from) * 1_000 + nonce);
    let destination = ChainId(destination);
    Event::Transferred(Transfer { id, from: account(from), to: account(to), destination, amount, nonce })
}

fn relocate(number: u16, destination: u16, nonce: u64) -> Event {
    let id = order_id(u64::from(number) * 1_000 + nonce);
    Event::Moved(Move { id, account: account(number), destination: ChainId(destination), nonce })
}

/// Accounts 0..6 live at 0, 1, 2, 0, 1, 2.
#[test]
fn money_follows_an_account_that_moved_twice_and_came_back() {
    let mut world = quiet();
    world.at(0, relocate(0, 1, 1)).unwrap();
    assert_eq!(world.at(0, transfer(0, 1, 1, 5, 2)).unwrap_err(), Reason::Moved { to: ChainId(1) }.into());
    world.at(2, transfer(2, 0, 0, 70, 1)).unwrap();
    world.close_all();
    world.deliver_newest_first();
    world.close_all();
    world.deliver_newest_first();
    assert_eq!(world.balance(0), 1_070, "the old home forwarded it");
    world.at(1, relocate(0, 2, 2)).unwrap();
    world.at(1, relocate(4, 2, 1)).unwrap();
    world.close_all();
    world.deliver_oldest_first();
    world.at(2, relocate(0, 0, 3)).unwrap();
    world.at(1, transfer(1, 0, 0, 7, 1)).unwrap();
    world.rest();
    assert_eq!(world.balance(0), 1_077);
    assert_eq!(world.books[0].account(&account(0)).unwrap().version, 3);
    assert_eq!(world.at(0, transfer(0, 1, 1, 1, 2)).unwrap_err().code(), "sharding.replayed", "nonces travel along");
    world.audit();
}

#[test]
fn what_overtakes_the_account_waits_for_it() {
    let mut world = quiet();
    world.at(0, relocate(0, 1, 1)).unwrap();
    world.close_all();
    let moving = world.take_flying();
    world.at(2, transfer(2, 0, 0, 70, 1)).unwrap();
    world.close_all();
    world.deliver_oldest_first();
    world.close_all();
    world.deliver_oldest_first();
    assert_eq!(world.books[1].waiting(&account(0)).len(), 1);
    assert_eq!(world.books[1].parked(), 70);
    world.audit();
    world.fly(moving);
    world.deliver_oldest_first();
    assert_eq!(world.balance(0), 1_070);
    world.rest();
    world.audit();
}

#[test]
fn an_account_that_is_not_taken_in_lives_where_it_was() {
    let mut world = quiet();
    // The owner has opened an account under the same key at 1 already.
    world.at(1, Event::Opened { account: account(0) }).unwrap();
    world.at(0, relocate(0, 1, 1)).unwrap();
    world.at(2, transfer(2, 0, 0, 70, 1)).unwrap();
    world.close_all();
    world.deliver_oldest_first();
    assert!(world.books[0].account(&account(0)).is_none());
    world.rest();
    assert_eq!(world.books[0].account(&account(0)).map(|a| (a.balance, a.version)), Some((1_070, 2)));
    assert_eq!(world.books[1].account(&account(0)).map(|a| a.balance), Some(0));
    assert!(world.effects.iter().any(|e| matches!(e, Effect::Returned { reason: Reason::AlreadyOpen, .. })));
    world.audit();
}

#[test]
fn what_cannot_be_credited_is_refunded_even_to_a_payer_who_moved() {
    let mut world = quiet();
    let sent = transfer(0, 99, 2, 40, 1);
    world.at(0, sent).unwrap();
    world.at(0, relocate(0, 1, 2)).unwrap();
    world.close_all();
    assert_eq!(world.balance(0), 0, "on its way, with its money");
    world.rest();
    assert_eq!(world.balance(0), 1_000);
    let refused = world.effects.iter().find_map(|e| match e {
        Effect::Settled { refused, .. } => refused.values().next().cloned(),
        _ => None,
    });
    assert_eq!(refused, Some(Reason::UnknownRecipient));
    world.audit();
}

#[test]
fn orders_that_cannot_be_are_refused_and_change_nothing() {
    let mut world = quiet();
    world.at(0, transfer(0, 1, 1, 5, 7)).unwrap();
    let before = world.books[0].clone();
    for (event, code) in [
        (transfer(0, 1, 1, 0, 8), "sharding.zero-amount"),
        (transfer(0, 1, 1, 996, 8), "sharding.overdrawn"),
        (transfer(0, 1, 1, 1, 7), "sharding.replayed"),
        (transfer(0, 1, 1, 1, 0), "sharding.replayed"),
        (transfer(1, 0, 0, 1, 1), "sharding.unknown-account"),
        (transfer(0, 55, 0, 1, 8), "sharding.unknown-recipient"),
        (relocate(0, 0, 8), "sharding.nothing-to-move"),
        (relocate(44, 1, 8), "sharding.unknown-account"),
        (Event::Opened { account: account(0) }, "sharding.already-open"),
        (Event::Ordered { account: account(0), nonce: 7 }, "sharding.replayed"),
        (Event::Ordered { account: account(44), nonce: 8 }, "sharding.unknown-account"),
    ] {
        assert_eq!(world.at(0, event).unwrap_err().code(), code);
        assert_eq!(world.books[0], before);
    }
    let parcel = |source, destination, number| {
        let (source, destination) = (ChainId(source), ChainId(destination));
        Event::Arrived(Parcel {
            source,
            destination,
            number,
            cursor: 0,
            relocations: vec![],
            remittances: vec![],
            settlements: vec![],
        })
    };
    for (event, code) in [
        (parcel(1, 2, 1), "sharding.wrong-lane"),
        (parcel(0, 0, 1), "sharding.wrong-lane"),
        (parcel(1, 0, 0), "sharding.out-of-window"),
        (parcel(1, 0, 16_385), "sharding.out-of-window"),
        (parcel(1, 0, u64::MAX), "sharding.out-of-window"),
    ] {
        assert_eq!(world.at(0, event).unwrap_err().code(), code);
        assert_eq!(world.books[0], before);
    }
    let twice = globelet_sharding::Books::new(ChainId(0), &[(account(1), 1), (account(1), 2)]);
    assert_eq!(twice.unwrap_err(), ShardingError::Refused(Reason::AlreadyOpen));
    let much = globelet_sharding::Books::new(ChainId(0), &[(account(1), u64::MAX), (account(2), 1)]);
    assert_eq!(much.unwrap_err(), ShardingError::Refused(Reason::Overflow));
}

/// Two municipalities whose lanes are repaired by others: account 0 lives at 0, account 1 at 1.
fn pair() -> (Books, Books) {
    let books = |number: u16| Books::new(ChainId(number), &[(account(number), 100_000)]).unwrap().repaired_elsewhere();
    (books(0), books(1))
}

#[test]
fn books_that_others_repair_keep_only_what_a_settlement_is_due_for() {
    let (mut here, mut there) = pair();
    here.handle(&transfer(0, 1, 1, 40, 1)).unwrap();
    here.handle(&transfer(0, 99, 1, 2, 2)).unwrap();
    assert_eq!(here.changed(), [account(0)]);
    let parcels = here.close();
    let [sent] = &parcels[..] else { panic!("one parcel departs") };
    assert_eq!((here.changed(), here.lane(ChainId(1)).unwrap().unsettled().collect::<Vec<_>>()), (vec![], vec![1]));
    there.receive(sent).unwrap();
    assert_eq!(there.changed(), [account(1)]);
    let settlements = there.close();
    let [back] = &settlements[..] else { panic!("one settlement departs") };
    assert!(there.is_at_rest(), "a settlement is not kept");
    let head = Head { source: ChainId(1), destination: ChainId(0), newest: 1, cursor: 0 };
    assert!(here.handle(&Event::Told(head)).unwrap().is_empty(), "others send it again");
    let effects = here.receive(back).unwrap();
    let [Effect::Settled { parcel, refused }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(parcel, sent);
    assert_eq!(refused.values().collect::<Vec<_>>(), [&Reason::UnknownRecipient]);
    assert_eq!(here.changed(), [account(0)], "who was refunded");
    assert!(here.is_at_rest());
    assert_eq!(globelet_sharding::audit(&[&here, &there]).unwrap().balances, 200_000);
}

#[test]
fn a_side_that_does_not_answer_is_sent_no_more_than_it_would_take() {
    let (mut here, mut there) = pair();
    let mut first = None;
    for nonce in 1..=AHEAD_MOST {
        here.handle(&transfer(0, 1, 1, 1, nonce)).unwrap();
        first = first.or(here.close().pop());
    }
    let before = here.clone();
    let refused = here.handle(&transfer(0, 1, 1, 1, AHEAD_MOST + 1)).unwrap_err();
    assert_eq!(refused, Reason::LaneFull { waiting: AHEAD_MOST }.into());
    assert_eq!(here.handle(&relocate(0, 1, AHEAD_MOST + 1)).unwrap_err(), refused);
    assert_eq!(here, before);
    here.handle(&transfer(0, 0, 0, 1, AHEAD_MOST + 1)).unwrap();
    there.receive(&first.unwrap()).unwrap();
    here.receive(&there.close()[0]).unwrap();
    here.handle(&transfer(0, 1, 1, 1, AHEAD_MOST + 2)).unwrap();
}
