//! Accounts that move: with all that is theirs, once, whatever the network does meanwhile.
#![allow(clippy::unwrap_used, missing_docs)]
mod common;

use common::{clients, finish, pay, world, PARIS, SECOND, TOKYO};
use globelet_simulator::{Account, Fault, Simulation};
use globelet_types::{AccountId, ChainId, NodeId, OrderId, RegionId, Stage};

const OSAKA: ChainId = ChainId(1);
const OPENED: u64 = 1_000_000;

fn everywhere(sim: &mut Simulation, fault: Fault) {
    for a in 0..6 {
        (0..6).for_each(|b| sim.fault(RegionId(a), RegionId(b), fault));
    }
}

fn credited(sim: &mut Simulation, order: &OrderId) {
    assert!(sim.run_until(|s| s.reached(order, Stage::Credited), 60 * SECOND).unwrap(), "never got there");
}

/// What all municipalities together hold for an account, and where.
fn held(sim: &Simulation, account: &AccountId) -> Vec<(ChainId, u64)> {
    (0..6).map(ChainId).filter_map(|chain| Some((chain, sim.balance(chain, account)?))).collect()
}

fn open(sim: &mut Simulation, account: &Account) {
    sim.open(account);
    assert!(sim.run_until(|s| s.balance_at_ingress(account).is_some(), 10 * SECOND).unwrap());
}

#[test]
fn an_account_takes_its_balance_and_its_nonces_along() {
    let mut sim = world(7);
    let mut clients = clients(&mut sim);
    let before = pay(&mut sim, &mut clients, 0, 3, 10);
    credited(&mut sim, &before);
    let id = clients[0].id;
    let order = sim.relocate(&mut clients[0], PARIS);
    credited(&mut sim, &order);
    assert_eq!(held(&sim, &id), [(PARIS, OPENED - 10)]);
    assert_eq!(sim.account_at_ingress(PARIS, &id).map(|(_, nonce)| nonce), Some(2));
    assert_eq!((sim.home(TOKYO, &id), sim.home(PARIS, &id)), (Some(PARIS), None));
    clients[0].lives_in(PARIS);
    let there = pay(&mut sim, &mut clients, 0, 0, 1);
    let after = pay(&mut sim, &mut clients, 0, 1, 25);
    finish(&mut sim, &[before, order, there, after]);
    assert_eq!(held(&sim, &id), [(PARIS, OPENED - 35)], "it can pay, itself too");
}

#[test]
fn every_replica_of_both_sides_keeps_the_map_and_tells_of_the_move() {
    let mut sim = world(7);
    let mut clients = clients(&mut sim);
    let id = clients[0].id;
    let order = sim.relocate(&mut clients[0], PARIS);
    finish(&mut sim, &[order]);
    let books = sim.books();
    let maps = |chain| books[&chain].iter().map(|v| (v.moved, v.map_epoch, v.map_digest)).collect::<Vec<_>>();
    assert_eq!(maps(TOKYO), [maps(TOKYO)[0]; 4]);
    assert_eq!(maps(TOKYO), maps(PARIS), "one epoch each, with the same change");
    assert_eq!(maps(OSAKA), [(0, 0, [0; 32]); 4]);
    for chain in [TOKYO, PARIS] {
        for node in sim.replicas(chain) {
            let standing = sim.standing(node, &order).unwrap();
            assert_eq!(standing.stages.last().unwrap().0, Stage::Credited, "at {node}");
            assert_eq!((standing.source, standing.destination, standing.refusal), (TOKYO, PARIS, None));
        }
    }
    assert_eq!(sim.home(TOKYO, &id), Some(PARIS));
}

#[test]
fn the_receipt_of_a_move_proves_itself_and_a_bent_one_does_not() {
    let mut sim = world(7);
    let mut clients = clients(&mut sim);
    let order = sim.relocate(&mut clients[0], PARIS);
    finish(&mut sim, &[order]);
    let receipt = sim.receipt(&order).unwrap();
    let failing = |receipt: &globelet_protocol::Receipt| -> Vec<&str> {
        let steps = globelet_protocol::verify::verify(sim.genesis(), receipt);
        steps.iter().filter(|s| s.holds.is_err()).map(|s| s.name).collect()
    };
    assert_eq!(failing(&receipt), [] as [&str; 0]);
    let document = globelet_protocol::receipt_json::to_json(sim.genesis(), &receipt);
    assert_eq!((&document["order"]["kind"], &document["order"]["destination"]), (&"move".into(), &"paris".into()));
    let mut bent = receipt;
    bent.lane = None;
    assert_eq!(failing(&bent), ["place in the lane", "issuer's signature"]);
}

/// What is on its way to an account, ordered by it, or comes after it, while it moves under a fault: all of it is there
/// in the end, once. Two sides pay it and it pays itself.
fn paid_while_it_moves(seed: u64, trouble: impl Fn(&mut Simulation, u32)) -> u64 {
    let mut sim = world(seed);
    let mut clients = clients(&mut sim);
    let (id, address) = (clients[0].id, clients[0].address());
    let mut orders = Vec::new();
    let (mut moving, mut waited) = (None, 0);
    for step in 0..40 {
        trouble(&mut sim, step);
        orders.extend(sim.insist(&mut clients[1], address, 3).ok());
        orders.extend(sim.insist(&mut clients[3], address, 5).ok());
        if step < 10 {
            orders.extend(sim.insist(&mut clients[0], address, 7).ok());
        }
        if step == 10 {
            let order = clients[0].relocation(PARIS, sim.now() + 60 * SECOND);
            moving = sim.submit_at(sim.now(), order).ok();
        }
        sim.run_for(40_000).unwrap();
        waited = waited.max(sim.books()[&PARIS].iter().map(|view| view.parked).max().unwrap());
    }
    sim.heal();
    (0..sim.world().nodes.len() as u16).map(NodeId).for_each(|node| sim.restart(node).unwrap());
    orders.extend(moving);
    finish(&mut sim, &orders);
    assert!(orders.iter().all(|order| sim.reached(order, Stage::Credited)), "seed {seed}: nothing was refused");
    assert_eq!(held(&sim, &id), [(PARIS, OPENED + 40 * 8)], "seed {seed}");
    waited
}

#[test]
fn nothing_is_lost_while_an_account_moves() {
    paid_while_it_moves(7, |_, _| {});
}

#[test]
fn nothing_is_lost_or_doubled_under_loss_duplication_and_reordering() {
    let fault = Fault { loss: 0.1, duplication: 0.2, scatter_us: 60_000, ..Fault::default() };
    for seed in [7, 8] {
        paid_while_it_moves(seed, |sim, step| {
            if step == 5 {
                everywhere(sim, fault);
            }
        });
    }
}

#[test]
fn money_that_overtakes_its_account_waits_for_it() {
    // Of what Tokyo sends to Paris most is lost: much of it comes by repair, out of its order.
    let fault = Fault { loss: 0.7, scatter_us: 200_000, ..Fault::default() };
    let waited = [1, 2, 3].map(|seed| {
        paid_while_it_moves(seed, |sim, step| {
            if step == 9 {
                sim.fault(RegionId(0), RegionId(3), fault);
            }
        })
    });
    assert!(waited.iter().any(|amount| *amount > 0), "nothing ever overtook the account");
}

#[test]
fn a_cut_ocean_holds_an_account_up_and_loses_nothing() {
    paid_while_it_moves(7, |sim, step| {
        let ways = [(0, 3), (3, 0), (1, 3), (3, 1)].map(|(a, b)| (RegionId(a), RegionId(b)));
        match step {
            8 => ways.into_iter().for_each(|(a, b)| sim.cut(a, b)),
            30 => ways.into_iter().for_each(|(a, b)| sim.mend(a, b)),
            _ => {}
        }
    });
}

#[test]
fn power_cuts_on_both_sides_keep_every_move() {
    for moment in [11, 12, 14] {
        paid_while_it_moves(7, |sim, step| {
            let all = [TOKYO, PARIS].map(|chain| sim.replicas(chain)).concat();
            if step == moment {
                all.iter().for_each(|node| sim.crash(*node));
            } else if step == moment + 3 {
                all.iter().for_each(|node| sim.restart(*node).unwrap());
            }
        });
    }
}

#[test]
fn an_account_goes_round_the_world_and_home_and_its_money_follows() {
    let mut sim = world(7);
    let mut clients = clients(&mut sim);
    let (id, old) = (clients[0].id, clients[0].address());
    let mut orders = Vec::new();
    for there in [PARIS, OSAKA, ChainId(5), TOKYO] {
        let order = sim.relocate(&mut clients[0], there);
        // Seoul, London and Paris never hear of it, and pay where they knew it to be.
        for payer in [2, 4, 3] {
            orders.push(sim.pay(&mut clients[payer], old, 1));
        }
        credited(&mut sim, &order);
        clients[0].lives_in(there);
        orders.push(order);
    }
    finish(&mut sim, &orders);
    assert_eq!(held(&sim, &id), [(TOKYO, OPENED + 12)]);
    assert_eq!((sim.home(PARIS, &id), sim.home(TOKYO, &id)), (Some(OSAKA), None));
    assert!(orders.iter().all(|order| sim.reached(order, Stage::Credited)));
}

#[test]
fn an_account_that_is_open_there_already_comes_back_and_can_leave_again() {
    let mut sim = world(7);
    let mut clients = clients(&mut sim);
    let key = [42; 32];
    let mut here = Account::new(&key, sim.tag(), TOKYO, 0);
    let there = Account::new(&key, sim.tag(), PARIS, 0);
    open(&mut sim, &here);
    open(&mut sim, &there);
    let gift = sim.pay(&mut clients[0], here.address(), 70);
    credited(&mut sim, &gift);
    let order = sim.relocate(&mut here, PARIS);
    // It is on its way when this arrives; what follows it comes back with it.
    let late = sim.pay(&mut clients[1], here.address(), 7);
    finish(&mut sim, &[gift, order, late]);
    let climb = sim.ladder().get(&order).unwrap();
    assert!(climb.stages.contains_key(&Stage::Refunded));
    assert_eq!(climb.refusal.as_ref().map(|r| r.code()), Some("already_open"));
    for node in sim.replicas(PARIS) {
        let standing = sim.standing(node, &order).unwrap();
        assert_eq!(standing.refusal.map(|r| r.code()), Some("already_open"));
    }
    assert_eq!(held(&sim, &here.id), [(TOKYO, 77), (PARIS, 0)]);
    assert_eq!(sim.home(TOKYO, &here.id), None);
    let again = sim.relocate(&mut here, OSAKA);
    finish(&mut sim, &[again]);
    assert_eq!(held(&sim, &here.id), [(OSAKA, 77), (PARIS, 0)]);
}

#[test]
fn of_two_moves_through_two_ingresses_one_counts() {
    let mut sim = world(7);
    let mut clients = clients(&mut sim);
    let id = clients[0].id;
    let both = [PARIS, OSAKA].map(|there| clients[0].relocation(there, sim.now() + 60 * SECOND));
    let orders: Vec<_> = (0..).zip(both).map(|(ingress, order)| sim.submit(TOKYO, ingress, vec![order])[0]).collect();
    finish(&mut sim, &orders);
    let ends: Vec<_> = orders.iter().map(|order| sim.reached(order, Stage::Credited)).collect();
    let (won, lost) = if ends[0] { (PARIS, 1) } else { (OSAKA, 0) };
    assert_eq!(ends.iter().filter(|won| **won).count(), 1);
    let refusal = sim.ladder().get(&orders[lost]).unwrap().refusal.clone().unwrap();
    assert_eq!((refusal.code(), refusal.moved_to()), ("moved", Some(won)));
    assert_eq!(held(&sim, &id), [(won, OPENED)]);
}

#[test]
fn accounts_that_roam_under_trouble_keep_all_that_is_theirs() {
    for seed in [3, 4] {
        let mut sim = world(seed);
        let mut clients = clients(&mut sim);
        let mut dice = globelet_simulator::Random::new(seed, "roaming");
        let mut trouble = globelet_simulator::Trouble::new(seed);
        let mut orders = Vec::new();
        let mut moves: Vec<(usize, OrderId, ChainId)> = Vec::new();
        for _ in 0..80 {
            trouble.strike(&mut sim).unwrap();
            let (from, to) = (dice.below(6) as usize, dice.below(6) as usize);
            if dice.below(4) == 0 && moves.iter().all(|(who, _, _)| *who != from) {
                let there = ChainId(dice.below(6) as u16);
                let order = clients[from].relocation(there, sim.now() + 60 * SECOND);
                orders.push(sim.submit_at(sim.now(), order).unwrap());
                moves.push((from, orders[orders.len() - 1], there));
            } else {
                let there = clients[to].address();
                orders.extend(sim.insist(&mut clients[from], there, 1).ok());
            }
            sim.run_for(30_000).unwrap();
            moves.retain(|(who, order, there)| {
                let climb = sim.ladder().get(order).unwrap();
                if climb.stages.contains_key(&Stage::Credited) {
                    clients[*who].lives_in(*there);
                }
                !climb.stages.contains_key(&Stage::Credited) && climb.refusal.is_none()
            });
        }
        trouble.end(&mut sim).unwrap();
        finish(&mut sim, &orders);
        let arrived = sim.books().values().map(|views| views[0].moved).sum::<u64>();
        assert!(arrived > 4, "seed {seed}: hardly anybody moved");
    }
}
