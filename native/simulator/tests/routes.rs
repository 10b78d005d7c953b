//! Which route a parcel took: what its receipt says.
#![allow(clippy::unwrap_used, missing_docs)]
mod common;

use common::{clients, finish, pay, SECOND};
use globelet_simulator::{sample, Simulation};
use globelet_types::world::{LinkSpec, Route, WorldSpec};
use globelet_types::{OrderId, RegionId, Stage};

/// The sample world, with a second route between Asia (the first three regions) and Europe.
fn two_routes() -> WorldSpec {
    let mut world = sample::tokyo_paris();
    let across = |l: &&LinkSpec| (l.from.0 < 3) != (l.to.0 < 3);
    let slower = |l: &LinkSpec| LinkSpec { delay_us: l.delay_us * 8 / 5, ..l.clone() };
    world.internet = world.links.iter().filter(across).map(slower).collect();
    world
}

fn told(sim: &Simulation, order: &OrderId) -> Option<Route> {
    let climb = sim.ladder().get(order).unwrap();
    assert_eq!(climb.route, climb.receipt.as_ref().unwrap().route, "the state and the receipt say the same");
    climb.route
}

#[test]
fn a_receipt_says_which_route_its_parcel_took_and_nothing_where_there_is_one() {
    let mut sim = Simulation::new(two_routes(), 7).unwrap();
    let mut clients = clients(&mut sim);
    let usual = [(0, 3), (0, 1), (0, 0)].map(|(from, to)| pay(&mut sim, &mut clients, from, to, 10));
    finish(&mut sim, &usual);
    assert_eq!(usual.map(|id| told(&sim, &id)), [Some(Route::Backbone), None, None]);

    sim.alter(RegionId(0), RegionId(3), Route::Backbone, |fault| fault.cut = true);
    sim.run_for(SECOND).unwrap();
    let detour = [(0, 3), (3, 0), (1, 3)].map(|(from, to)| pay(&mut sim, &mut clients, from, to, 10));
    finish(&mut sim, &detour);
    assert_eq!(detour.map(|id| told(&sim, &id)), [Some(Route::Internet), Some(Route::Internet), Some(Route::Backbone)]);
    assert!(detour.iter().all(|id| sim.reached(id, Stage::Credited)));
}
