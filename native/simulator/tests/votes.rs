//! Account holders vote: whom their balances stand behind sits in the next committee, and wrong votes change nothing.
#![allow(clippy::unwrap_used, missing_docs)]
mod common;

use common::{clients, finish, pay, world, PARIS, SECOND, TOKYO};
use globelet_simulator::{sample, Account, Simulation};
use globelet_types::{Choice, NodeId, OrderId, Refusal, SignedOrder, Stage};
use std::collections::BTreeMap;

const EPOCH: u64 = 3 * SECOND;
const EXPIRES: u64 = u64::MAX;

fn elections(seed: u64) -> Simulation {
    Simulation::new(sample::elections(3, EPOCH), seed).unwrap()
}

/// Stake behind each candidate in Tokyo; the same at every replica.
fn stakes(sim: &Simulation) -> BTreeMap<NodeId, u64> {
    let replicas = sim.replicas(TOKYO);
    let mut shown = sim.ledgers().into_iter().filter(|(node, _)| replicas.contains(node)).map(|(_, v)| v.stakes);
    let first = shown.next().unwrap();
    assert!(shown.all(|stakes| stakes == first), "replicas differ");
    first
}

/// Members in Tokyo by epoch, as the farthest replica knows them.
fn committee(sim: &Simulation) -> (u64, Vec<NodeId>) {
    let replicas = sim.replicas(TOKYO);
    let shown = sim.ledgers().into_iter().filter(|(node, _)| replicas.contains(node));
    shown.map(|(_, view)| (view.epoch, view.members)).max().unwrap()
}

fn vote(sim: &mut Simulation, account: &mut Account, choice: Choice) -> OrderId {
    let order = account.vote(choice, EXPIRES);
    sim.submit(TOKYO, account.ingress, vec![order])[0]
}

fn await_stage(sim: &mut Simulation, id: OrderId, stage: Stage) {
    assert!(sim.run_until(|s| s.reached(&id, stage), 10 * SECOND).unwrap(), "{stage:?}");
    // Every replica has applied the block.
    sim.run_for(SECOND).unwrap();
}

/// The ingress' answer to one order.
fn answer(sim: &mut Simulation, order: SignedOrder) -> Option<Refusal> {
    let id = sim.submit(TOKYO, 0, vec![order])[0];
    assert!(sim.run_until(|s| s.ladder().get(&id).unwrap().answered, SECOND).unwrap());
    sim.ladder().get(&id).unwrap().refusal.clone()
}

/// Pays until Tokyo has changed hands so often.
fn change_hands(sim: &mut Simulation, accounts: &mut [Account], until: u64) -> Vec<OrderId> {
    let mut orders = Vec::new();
    for _ in 0..400 {
        orders.push(pay(sim, accounts, 1, 4, 1));
        orders.push(pay(sim, accounts, 0, 3, 1));
        sim.run_for(SECOND / 5).unwrap();
        if committee(sim).0 >= until {
            return orders;
        }
    }
    panic!("epoch {}", committee(sim).0);
}

#[test]
fn whom_accounts_stand_behind_sits_in_every_committee_from_the_next_on() {
    let mut sim = elections(7);
    let mut accounts = clients(&mut sim);
    let standbys = sim.replicas(TOKYO)[4..].to_vec();
    assert!(!committee(&sim).1.contains(&standbys[2]));
    let own = stakes(&sim)[&standbys[2]];
    let cast = vote(&mut sim, &mut accounts[0], Choice::Candidate(standbys[2]));
    await_stage(&mut sim, cast, Stage::Credited);
    let behind = sim.balance(TOKYO, &accounts[0].id).unwrap();
    assert_eq!((stakes(&sim)[&standbys[2]], behind), (own + behind, 1_000_000));
    let mut orders = vec![cast];
    for epoch in 1..=3 {
        orders.extend(change_hands(&mut sim, &mut accounts, epoch));
        let (_, members) = committee(&sim);
        assert!(members.contains(&standbys[2]), "epoch {epoch}: {members:?}");
    }
    finish(&mut sim, &orders);
    assert!(orders.iter().all(|id| sim.reached(id, Stage::Credited)));
    let receipt = sim.receipt(&cast).unwrap();
    let steps = globelet_protocol::verify::verify(sim.genesis(), &receipt);
    assert!(steps.iter().all(|step| step.holds.is_ok()), "a vote's receipt proves itself");
    let document = globelet_protocol::receipt_json::to_json(sim.genesis(), &receipt);
    assert_eq!(document["order"]["candidate"], "tokyo-r6");
    assert_eq!(globelet_protocol::receipt_json::from_json(sim.genesis(), &document).as_ref(), Ok(&receipt));
}

/// Bob's balance follows his vote to Alice, hers follows her own; who changes its mind or moves away takes it along.
#[test]
fn stake_follows_loans_changed_minds_and_moves() {
    let mut sim = elections(8);
    let mut accounts = clients(&mut sim);
    let mut bob = Account::new(&[42; 32], sim.tag(), TOKYO, 1);
    sim.open(&bob);
    assert!(sim.run_until(|s| s.balance_at_ingress(&bob).is_some(), 10 * SECOND).unwrap());
    let paid = sim.pay(&mut accounts[0], bob.address(), 300_000);
    await_stage(&mut sim, paid, Stage::Credited);
    let (first, last) = (sim.replicas(TOKYO)[0], sim.replicas(TOKYO)[6]);
    let own = stakes(&sim)[&first];
    let lent = vote(&mut sim, &mut bob, Choice::Delegate(accounts[0].id));
    await_stage(&mut sim, lent, Stage::Credited);
    assert_eq!(stakes(&sim)[&first], own, "who lends to somebody without a vote stands behind nobody");
    let alice = vote(&mut sim, &mut accounts[0], Choice::Candidate(first));
    await_stage(&mut sim, alice, Stage::Credited);
    assert_eq!(stakes(&sim)[&first], own + 1_000_000);
    let again = vote(&mut sim, &mut accounts[0], Choice::Candidate(last));
    await_stage(&mut sim, again, Stage::Credited);
    assert_eq!((stakes(&sim)[&first], stakes(&sim)[&last]), (own, own + 1_000_000));
    let leaving = accounts[0].relocation(PARIS, EXPIRES);
    let moved = sim.submit(TOKYO, 0, vec![leaving])[0];
    await_stage(&mut sim, moved, Stage::Credited);
    assert_eq!(stakes(&sim)[&last], own + 300_000, "what Bob holds stays");
    let nobody = vote(&mut sim, &mut bob, Choice::Nobody);
    await_stage(&mut sim, nobody, Stage::Credited);
    assert_eq!(stakes(&sim)[&last], own);
    finish(&mut sim, &[]);
}

#[test]
fn each_wrong_vote_is_refused_by_its_own_code() {
    let mut sim = elections(7);
    let mut accounts = clients(&mut sim);
    let (ours, theirs, holder) = (sim.replicas(TOKYO)[1], sim.replicas(PARIS)[0], NodeId(7));
    let code = |refusal: Option<Refusal>| refusal.map(|r| r.code());
    for stranger in [theirs, holder, NodeId(u16::MAX)] {
        let order = accounts[0].vote(Choice::Candidate(stranger), EXPIRES);
        assert_eq!(code(answer(&mut sim, order)), Some("unknown_candidate"));
    }
    let mut unknown = Account::new(&[43; 32], sim.tag(), TOKYO, 0);
    let order = unknown.vote(Choice::Nobody, EXPIRES);
    assert_eq!(code(answer(&mut sim, order)), Some("unknown_account"));
    let order = accounts[3].vote(Choice::Nobody, EXPIRES);
    assert_eq!(code(answer(&mut sim, order)), Some("wrong_municipality"));
    let mut forged = accounts[0].vote(Choice::Candidate(ours), EXPIRES);
    forged.signature[5] ^= 1;
    assert_eq!(code(answer(&mut sim, forged)), Some("bad_signature"));
    // A vote below the newest one comes too late, though its nonce is fresh.
    let older = accounts[0].vote(Choice::Nobody, EXPIRES);
    let newer = vote(&mut sim, &mut accounts[0], Choice::Candidate(ours));
    await_stage(&mut sim, newer, Stage::Credited);
    assert_eq!(code(answer(&mut sim, older)), Some("replayed"));
    assert!(stakes(&sim)[&ours] > 1_000_000);
    finish(&mut sim, &[]);
}

/// Two replicas admit votes of one account before either is applied: the one with the higher nonce counts everywhere.
#[test]
fn of_votes_through_two_doors_the_newest_counts() {
    let mut sim = elections(9);
    let mut accounts = clients(&mut sim);
    let (first, second) = (sim.replicas(TOKYO)[0], sim.replicas(TOKYO)[1]);
    let own = stakes(&sim)[&first];
    let older = accounts[0].vote(Choice::Candidate(first), EXPIRES);
    let newer = accounts[0].vote(Choice::Candidate(second), EXPIRES);
    let newer = sim.submit(TOKYO, 1, vec![newer])[0];
    let older = sim.submit(TOKYO, 2, vec![older])[0];
    await_stage(&mut sim, newer, Stage::Credited);
    let ended = |s: &Simulation| s.reached(&older, Stage::Credited) || s.reached(&older, Stage::Refused);
    assert!(sim.run_until(ended, 10 * SECOND).unwrap());
    assert_eq!((stakes(&sim)[&first], stakes(&sim)[&second]), (own, own + 1_000_000));
    finish(&mut sim, &[]);
}

#[test]
fn a_world_without_elections_takes_no_votes() {
    let mut sim = world(7);
    let mut accounts = clients(&mut sim);
    let order = accounts[0].vote(Choice::Nobody, EXPIRES);
    assert_eq!(answer(&mut sim, order).map(|r| r.code()), Some("no_elections"));
}
