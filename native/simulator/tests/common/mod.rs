//! What every scenario test begins with.
#![allow(dead_code)]
use globelet_simulator::{sample, scenario, Account, Simulation};
use globelet_types::{ChainId, OrderId};

pub const SECOND: u64 = 1_000_000;
pub const TOKYO: ChainId = ChainId(0);
pub const PARIS: ChainId = ChainId(3);

/// The sample world.
pub fn world(seed: u64) -> Simulation {
    Simulation::new(sample::tokyo_paris(), seed).unwrap()
}

/// A funded client per municipality, in chain order, each sending through its member 0.
pub fn clients(simulation: &mut Simulation) -> Vec<Account> {
    scenario::funded(simulation, 0, 1_000_000).unwrap()
}

/// Pays from one client to another.
pub fn pay(simulation: &mut Simulation, clients: &mut [Account], from: usize, to: usize, amount: u64) -> OrderId {
    let address = clients[to].address();
    simulation.pay(&mut clients[from], address, amount)
}

/// Waits until all have ended and are anchored, lets settlements come home, checks every invariant.
pub fn finish(simulation: &mut Simulation, orders: &[OrderId]) {
    let settled = scenario::settle(simulation, orders).unwrap();
    simulation.run_for(3 * SECOND).unwrap();
    simulation.finish().unwrap();
    assert!(settled, "not every transfer was anchored in time");
}
