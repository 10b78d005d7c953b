//! What of moves is refused, each by its own code, with nothing moved.
#![allow(clippy::unwrap_used, missing_docs)]
mod common;

use common::{clients, finish, pay, world, PARIS, SECOND, TOKYO};
use globelet_signatures::SigningKey;
use globelet_simulator::{Account, Simulation};
use globelet_types::{AccountId, ChainId, Move, Order, Refusal, SignedOrder, Stage};

const KEY: [u8; 32] = [42; 32];
const EXPIRES: u64 = u64::MAX;

/// The ingress' answer to one order.
fn answer(sim: &mut Simulation, order: SignedOrder) -> Option<Refusal> {
    let id = sim.submit(TOKYO, 0, vec![order])[0];
    assert!(sim.run_until(|s| s.ladder().get(&id).unwrap().answered, SECOND).unwrap());
    sim.ladder().get(&id).unwrap().refusal.clone()
}

/// An order of the account of `KEY`, with these fields changed, signed by that key or another.
fn order(sim: &Simulation, key: &[u8; 32], change: impl Fn(&mut Move)) -> SignedOrder {
    let account = AccountId(SigningKey::from_seed(&KEY).public());
    let mut fields =
        Move { world: sim.tag(), source: TOKYO, destination: PARIS, account, nonce: 9, expires_us: EXPIRES };
    change(&mut fields);
    let order = Order::Move(fields);
    let signature = SigningKey::from_seed(key).sign(&order.signing_bytes());
    SignedOrder { order, signature }
}

fn opened() -> (Simulation, Account) {
    let mut sim = world(7);
    let account = Account::new(&KEY, sim.tag(), TOKYO, 0);
    sim.open(&account);
    assert!(sim.run_until(|s| s.balance_at_ingress(&account).is_some(), 10 * SECOND).unwrap());
    (sim, account)
}

fn code(refusal: Option<Refusal>) -> Option<&'static str> {
    refusal.map(|refusal| refusal.code())
}

#[test]
fn each_wrong_move_is_refused_at_the_door_by_its_own_code() {
    type Change = fn(&mut Move);
    let cases: [(&str, Change); 7] = [
        ("unknown_municipality", |m| m.destination = ChainId(999)),
        ("unknown_municipality", |m| m.destination = ChainId(6)),
        ("nothing_to_move", |m| m.destination = TOKYO),
        ("wrong_municipality", |m| m.source = PARIS),
        ("wrong_world", |m| m.world ^= 1),
        ("expired", |m| m.expires_us = 1),
        ("replayed", |m| m.nonce = 0),
    ];
    let (mut sim, account) = opened();
    for (expected, change) in cases {
        let order = order(&sim, &KEY, change);
        assert_eq!(code(answer(&mut sim, order)), Some(expected));
    }
    let forged = order(&sim, &[43; 32], |_| {});
    assert_eq!(code(answer(&mut sim, forged)), Some("bad_signature"), "somebody else's account");
    let unknown = Account::new(&[43; 32], sim.tag(), TOKYO, 0).relocation(PARIS, EXPIRES);
    assert_eq!(code(answer(&mut sim, unknown)), Some("unknown_account"));
    sim.run_for(2 * SECOND).unwrap();
    assert_eq!(sim.balance(TOKYO, &account.id), Some(0), "it is where it was");
    sim.finish().unwrap();
}

#[test]
fn whoever_moves_orders_nothing_else_until_it_is_there() {
    let mut sim = world(7);
    let mut clients = clients(&mut sim);
    let first = clients[0].relocation(PARIS, EXPIRES);
    let second = clients[0].relocation(ChainId(1), EXPIRES);
    let (to, there) = clients[1].address();
    let transfer = clients[0].transfer(to, there, 1, EXPIRES);
    let ids = sim.submit(TOKYO, 0, vec![first.clone(), second, transfer, first]);
    assert!(sim.run_until(|s| s.ladder().get(&ids[2]).unwrap().answered, SECOND).unwrap());
    let told = |sim: &Simulation, place: usize| sim.ladder().get(&ids[place]).unwrap().refusal.clone();
    for place in [1, 2] {
        assert_eq!(told(&sim, place), Some(Refusal::Moving { to: PARIS.0 }));
    }
    assert_eq!(code(told(&sim, 3)), Some("replayed"), "the same order again");
    assert!(sim.run_until(|s| s.reached(&ids[0], Stage::Committed), 10 * SECOND).unwrap());
    assert!(!sim.reached(&ids[0], Stage::Credited), "it is over the ocean");
    let later = [clients[0].relocation(ChainId(1), EXPIRES), clients[0].transfer(to, there, 1, EXPIRES)];
    for order in later {
        let refusal = answer(&mut sim, order);
        assert_eq!(refusal, Some(Refusal::Moved { to: PARIS.0 }));
    }
    finish(&mut sim, &ids[..1]);
}

#[test]
fn the_old_municipality_names_the_new_one_to_whoever_asks_for_the_account() {
    let mut sim = world(7);
    let mut clients = clients(&mut sim);
    let opened = sim.client(TOKYO, 1);
    sim.open(&opened);
    let order = sim.relocate(&mut clients[0], PARIS);
    assert!(sim.run_until(|s| s.reached(&order, Stage::Credited), 10 * SECOND).unwrap());
    let mut payer = opened;
    assert!(sim.run_until(|s| s.balance_at_ingress(&payer).is_some(), SECOND).unwrap());
    let funded = sim.fund(&payer, 50).unwrap();
    assert!(sim.run_until(|s| s.reached(&funded, Stage::Credited), 10 * SECOND).unwrap());
    let (id, old) = clients[0].address();
    let to_it = payer.transfer(id, old, 5, EXPIRES);
    assert_eq!(answer(&mut sim, to_it), Some(Refusal::RecipientMoved { to: PARIS.0 }));
    let opening = clients[0].opening(EXPIRES);
    assert_eq!(answer(&mut sim, opening), Some(Refusal::Moved { to: PARIS.0 }));
    let right = sim.pay(&mut payer, (id, PARIS), 5);
    finish(&mut sim, &[order, right]);
    assert_eq!(sim.balance(PARIS, &id), Some(1_000_005));
}

#[test]
fn a_nonce_that_was_used_before_the_move_is_used_after_it() {
    let mut sim = world(7);
    let mut clients = clients(&mut sim);
    let order = sim.relocate(&mut clients[0], PARIS);
    assert!(sim.run_until(|s| s.reached(&order, Stage::Credited), 10 * SECOND).unwrap());
    clients[0].lives_in(PARIS);
    let (to, there) = clients[1].address();
    let again = clients[0].transfer_again(to, there, 1, EXPIRES);
    let id = sim.submit(PARIS, 0, vec![again])[0];
    assert!(sim.run_until(|s| s.ladder().get(&id).unwrap().answered, SECOND).unwrap());
    assert_eq!(sim.ladder().get(&id).unwrap().refusal, Some(Refusal::Replayed { nonce: 1, highest: 1 }));
    // An order signed for its old home is none for its new one.
    let stale = order_for(&sim, &clients[0]);
    let id = sim.submit(PARIS, 0, vec![stale])[0];
    assert!(sim.run_until(|s| s.ladder().get(&id).unwrap().answered, SECOND).unwrap());
    assert_eq!(code(sim.ladder().get(&id).unwrap().refusal.clone()), Some("wrong_municipality"));
    let after = pay(&mut sim, &mut clients, 0, 1, 1);
    finish(&mut sim, &[order, after]);
}

fn order_for(sim: &Simulation, account: &Account) -> SignedOrder {
    let mut order = order(sim, &KEY, |_| {});
    if let Order::Move(m) = &mut order.order {
        m.account = account.id;
    }
    order
}
