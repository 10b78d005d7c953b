//! What a script can break: nodes, their power, and links.
use super::Simulation;
use crate::adversaries;
use crate::checks::Violation;
use crate::link::{Fault, Links};
use globelet_types::world::Route;
use globelet_types::{NodeId, RegionId};

impl Simulation {
    /// Makes a node an adversary, by name. False if there is none of that name.
    pub fn corrupt(&mut self, node: NodeId, adversary: &str) -> bool {
        let Some(adversary) = adversaries::by_name(adversary) else { return false };
        self.nodes[node.index()].corrupt(adversary);
        true
    }

    /// Power fails at a node: memory and the unsynced tail of its log are gone.
    pub fn crash(&mut self, node: NodeId) {
        let now = self.now;
        self.paused.remove(&node);
        self.nodes[node.index()].crash(now);
        self.power_changed(false);
    }

    /// A crashed node comes back from its log; one that is up stays as it is.
    ///
    /// # Errors
    /// A [`Violation`] if its own log cannot be read.
    pub fn restart(&mut self, node: NodeId) -> Result<(), Violation> {
        if self.nodes[node.index()].up {
            return Ok(());
        }
        let back = self.nodes[node.index()].restart();
        self.judge("codec", back.map_err(|e| format!("node {node} cannot read its log: {e}")));
        self.start(node);
        self.power_changed(true);
        self.verdict()
    }

    /// True if a node has power.
    pub fn is_up(&self, node: NodeId) -> bool {
        self.nodes[node.index()].up
    }

    /// True if a node is no adversary.
    pub fn is_honest(&self, node: NodeId) -> bool {
        self.nodes[node.index()].honest()
    }

    /// Freezes a node: what reaches it waits.
    pub fn pause(&mut self, node: NodeId) {
        self.paused.entry(node).or_default();
    }

    /// Lets a frozen node go on with what waited for it.
    pub fn resume(&mut self, node: NodeId) {
        for due in self.paused.remove(&node).unwrap_or_default() {
            self.queue.push(self.now, due);
        }
    }

    /// Cuts the link from one region to another. The way back is another link.
    pub fn cut(&mut self, from: RegionId, to: RegionId) {
        self.links.set(self.now, from, to, Fault { cut: true, ..Fault::default() });
    }

    /// Lays a fault over a link; see [`Fault`].
    pub fn fault(&mut self, from: RegionId, to: RegionId, fault: Fault) {
        self.links.set(self.now, from, to, fault);
    }

    /// Loses messages of a link for good, with this probability.
    pub fn lossy(&mut self, from: RegionId, to: RegionId, loss: f64) {
        self.links.set(self.now, from, to, Fault { loss, ..Fault::default() });
    }

    /// Changes the fault over one route of a link between continents.
    pub fn alter(&mut self, from: RegionId, to: RegionId, route: Route, change: impl Fn(&mut Fault)) {
        self.links.alter(self.now, from, to, route, change);
    }

    /// The links as they are now.
    pub fn links(&self) -> &Links {
        &self.links
    }

    /// Makes one link as the world declares it.
    pub fn mend(&mut self, from: RegionId, to: RegionId) {
        self.links.set(self.now, from, to, Fault::default());
    }

    /// Heals every link.
    pub fn heal(&mut self) {
        self.links.heal(self.now);
    }
}
