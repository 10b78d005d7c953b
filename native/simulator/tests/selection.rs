//! A selection policy: what it is asked, and that draws and questions follow its weights.
#![allow(clippy::unwrap_used, missing_docs)]
mod common;

use common::{clients, finish, pay, PARIS, SECOND, TOKYO};
use globelet_protocol::selection::Choice;
use globelet_protocol::Message;
use globelet_simulator::{sample, Simulation};
use globelet_types::world::Role;
use globelet_types::{NodeId, RegionId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

type Asked = Arc<Mutex<Vec<(Choice, Vec<(NodeId, bool)>)>>>;
type Told = Arc<Mutex<BTreeMap<NodeId, usize>>>;

/// A world in which a batch goes to one holder, chosen by a policy; and what the policy was asked.
fn chosen(seed: u64, weigh: impl Fn(Choice, NodeId) -> u64 + Send + 'static) -> (Simulation, Asked) {
    let mut world = sample::tokyo_paris();
    world.parameters.holders_drawn = 1;
    let mut sim = Simulation::new(world, seed).unwrap();
    let asked = Asked::default();
    let noted = asked.clone();
    sim.select_by(Box::new(move |choice, candidates| {
        noted.lock().unwrap().push((choice, candidates.to_vec()));
        Some(candidates.iter().map(|(node, _)| weigh(choice, *node)).collect())
    }));
    (sim, asked)
}

/// Counts the receivers of messages.
fn count(sim: &mut Simulation, wanted: fn(&Message) -> bool) -> Told {
    let told = Told::default();
    let noted = told.clone();
    sim.listen(Box::new(move |_, _, to, message| {
        if wanted(message) {
            *noted.lock().unwrap().entry(to).or_default() += 1;
        }
    }));
    told
}

fn holders(sim: &Simulation) -> Vec<NodeId> {
    sim.world().members(TOKYO, Role::Holder)
}

#[test]
fn holders_are_drawn_by_their_weights() {
    let (mut sim, _) = chosen(7, |_, node| [6, 3, 1].get(node.index().wrapping_sub(4)).copied().unwrap_or(1));
    let mut clients = clients(&mut sim);
    let told = count(&mut sim, |m| matches!(m, Message::Hold { .. }));
    let orders: Vec<_> = (0..300)
        .map(|_| {
            let order = pay(&mut sim, &mut clients, 0, 3, 1);
            sim.run_for(SECOND).unwrap();
            order
        })
        .collect();
    finish(&mut sim, &orders);
    let counts: Vec<f64> = holders(&sim).iter().map(|h| told.lock().unwrap()[h] as f64).collect();
    let all: f64 = counts.iter().sum();
    assert!(all >= 300.0, "{counts:?}");
    for (count, share) in counts.iter().zip([0.6, 0.3, 0.1]) {
        // Four standard deviations of a binomial: one run in 10,000 would miss it, and the seed is fixed.
        let bound = 4.0 * (all * share * (1.0 - share)).sqrt();
        assert!((count - all * share).abs() < bound, "{counts:?}: {count} is not {share} of {all}");
    }
}

#[test]
fn replicas_named_are_asked_first() {
    let (mut sim, _) = chosen(7, |choice, node| match choice.stage() {
        "R2" => u64::from(node.index() % 7 == 2),
        _ => 1,
    });
    let mut clients = clients(&mut sim);
    for (a, b) in (0..3).flat_map(|a| (3..6).map(move |b| (a, b))) {
        sim.cut(RegionId(a), RegionId(b));
    }
    let order = pay(&mut sim, &mut clients, 0, 3, 10);
    sim.run_for(5 * SECOND).unwrap();
    let told = count(&mut sim, |m| matches!(m, Message::RepairRequest { .. }));
    sim.heal();
    finish(&mut sim, &[order]);
    assert!(sim.repaired() > 0);
    let replicas = sim.world().members(TOKYO, Role::Replica);
    let counts: Vec<usize> = replicas.iter().map(|r| told.lock().unwrap().get(r).copied().unwrap_or(0)).collect();
    // Three of four are asked each time: the one that has a weight always, the others by the draw.
    let times = counts.iter().sum::<usize>() / 3;
    assert!(times > 0 && counts[2] == times, "{counts:?}");
    assert!(counts.iter().all(|c| *c <= times), "{counts:?}");
}

#[test]
fn one_that_loses_power_is_gone_after_its_time_to_live_and_the_policy_asked_again() {
    let (mut sim, asked) = chosen(7, |_, _| 1);
    // Six municipalities choose among their own holders, and the replicas of five others.
    assert_eq!(asked.lock().unwrap().len(), 36);
    let gone = holders(&sim)[1];
    sim.run_for(SECOND).unwrap();
    sim.crash(gone);
    sim.run_for(24 * SECOND).unwrap();
    assert_eq!(asked.lock().unwrap().len(), 36, "its record has not run out");
    sim.run_for(2 * SECOND).unwrap();
    let last = asked.lock().unwrap().last().cloned().unwrap();
    assert_eq!(asked.lock().unwrap().len(), 37);
    assert_eq!(last.0, Choice { here: TOKYO, of: TOKYO });
    assert_eq!(last.1, [(holders(&sim)[0], true), (holders(&sim)[2], true)]);
    sim.restart(gone).unwrap();
    sim.run_for(SECOND).unwrap();
    let last = asked.lock().unwrap().last().cloned().unwrap();
    assert_eq!(last.1, holders(&sim).iter().map(|h| (*h, true)).collect::<Vec<_>>());
    // A replica matters to the five others that may ask it.
    sim.crash(sim.replicas(PARIS)[0]);
    sim.run_for(26 * SECOND).unwrap();
    assert_eq!(asked.lock().unwrap().len(), 38 + 5);
}

#[test]
fn the_same_seed_and_policy_repeat_and_answers_out_of_bounds_are_not_taken() {
    let run = |weigh: fn(Choice, NodeId) -> u64| {
        let (mut sim, _) = chosen(11, weigh);
        let mut clients = clients(&mut sim);
        let orders: Vec<_> = (0..3).map(|i| pay(&mut sim, &mut clients, i, i + 3, 10)).collect();
        finish(&mut sim, &orders);
        (sim.fingerprint(), sim.selection_refused().len())
    };
    let near: fn(Choice, NodeId) -> u64 = |_, node| 1 + 100 * u64::from(node.0 % 2);
    assert_eq!(run(near), run(near));
    assert_ne!(run(near).0, run(|_, node| 1 + 100 * u64::from(node.0 % 3)).0);
    assert_eq!(run(near).1, 0);
    // Every answer is refused: all go on by stake, as if each had the same weight.
    let refused = run(|_, _| u64::MAX);
    assert_eq!(refused.1, 36);
}
