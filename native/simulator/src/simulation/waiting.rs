//! Running until orders have come so far.
use super::Simulation;
use crate::checks::{completeness, Violation};
use crate::ladder::Climb;
use globelet_types::{OrderId, Stage};

/// Time between two looks at a world that comes to rest.
const LOOK_US: u64 = 50_000;

impl Simulation {
    /// Runs until `done` holds for every order, at most for so long. `done` must stay true of an order
    /// once it is. An order that was never submitted is never done.
    ///
    /// # Errors
    /// The first [`Violation`] of an invariant.
    pub fn run_until_each(
        &mut self,
        orders: &[OrderId],
        limit_us: u64,
        done: impl Fn(&Climb) -> bool,
    ) -> Result<bool, Violation> {
        // Orders before `first` are done for good, so each is looked at again only while it is not.
        let mut first = 0;
        let all = |s: &Simulation| {
            while orders.get(first).is_some_and(|id| s.ladder().get(id).is_some_and(&done)) {
                first += 1;
            }
            first == orders.len()
        };
        self.run_until(all, limit_us)
    }

    /// Runs until every order reached `stage`, or can no longer; without a stage, until each has an end.
    /// Returns whether that came to be within `limit_us`.
    ///
    /// # Errors
    /// The first [`Violation`] of an invariant.
    pub fn run_until_stage(
        &mut self,
        orders: &[OrderId],
        stage: Option<Stage>,
        limit_us: u64,
    ) -> Result<bool, Violation> {
        self.run_until_each(orders, limit_us, |climb| match stage {
            Some(stage) => climb.stages.contains_key(&stage) || cannot_reach(climb, stage),
            None => completeness::ended(climb) || was_turned_away(climb),
        })
    }

    /// Runs until an order has reached more steps than `known`. Returns whether it did within `limit_us`.
    ///
    /// # Errors
    /// The first [`Violation`] of an invariant.
    pub fn run_until_step(&mut self, order: OrderId, known: usize, limit_us: u64) -> Result<bool, Violation> {
        self.run_until_each(&[order], limit_us, |climb| climb.stages.len() > known)
    }

    /// Runs until nothing is under way; see [`Simulation::is_at_rest`]. Returns whether that came to be.
    ///
    /// # Errors
    /// The first [`Violation`] of an invariant.
    pub fn run_until_rest(&mut self, limit_us: u64) -> Result<bool, Violation> {
        let end = self.now() + limit_us;
        while !self.is_at_rest() {
            if self.now() >= end {
                return Ok(false);
            }
            self.run_for(LOOK_US.min(end - self.now()))?;
        }
        Ok(true)
    }
}

/// Refused before it was admitted.
fn was_turned_away(climb: &Climb) -> bool {
    climb.answered && climb.stages.is_empty() && climb.refusal.is_some()
}

fn cannot_reach(climb: &Climb, stage: Stage) -> bool {
    let reached = |stage| climb.stages.contains_key(&stage);
    match stage {
        _ if reached(Stage::Refused) || was_turned_away(climb) => true,
        Stage::Acknowledged | Stage::Anchored => false,
        Stage::Refused | Stage::Refunded => reached(Stage::Credited),
        _ => reached(Stage::Refunded),
    }
}
