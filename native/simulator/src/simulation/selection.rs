//! A selection policy of a script: asked at the start, and when those present change.
use super::Simulation;
use crate::queue::Due;
use globelet_protocol::selection::{fewest_holders, Choice, Weights};
use globelet_protocol::Event;
use globelet_types::world::Role;
use globelet_types::{ChainId, NodeId};
use std::collections::BTreeMap;

/// How long a node without power still counts as present: as a presence record lives in live worlds.
const TIME_TO_LIVE_US: u64 = 25_000_000;

/// A policy: for a choice and its candidates, each present or not, a weight for each; `None` where it fails, and
/// then the weights in force stay.
pub type Selector = Box<dyn FnMut(Choice, &[(NodeId, bool)]) -> Option<Vec<u64>> + Send>;

/// The policy, what it said, and whom it knew to be present.
pub(super) struct Selection {
    selector: Selector,
    weights: BTreeMap<Choice, Weights>,
    present: Vec<bool>,
}

impl Simulation {
    /// Lets a policy choose from now on.
    pub fn select_by(&mut self, selector: Selector) {
        let present = self.nodes.iter().map(|n| n.up).collect();
        self.selection = Some(Selection { selector, weights: BTreeMap::new(), present });
        let all = self.municipalities();
        for here in self.municipalities() {
            all.iter().for_each(|&of| self.choose(Choice { here, of }));
        }
    }

    /// A node lost its power, or has it again: others notice one time to live later, or at once.
    pub(super) fn power_changed(&mut self, up: bool) {
        if self.selection.is_some() {
            let after = if up { 0 } else { TIME_TO_LIVE_US };
            self.queue.push(self.now + after, Due::Presence);
        }
    }

    /// Asks again wherever those present are others than before.
    pub(super) fn presence_due(&mut self) {
        let up: Vec<bool> = self.nodes.iter().map(|n| n.up).collect();
        let Some(selection) = &mut self.selection else { return };
        let before = std::mem::replace(&mut selection.present, up.clone());
        let changed = |choice: &Choice| {
            let members = self.genesis.world.members(choice.of, choice.role());
            members.iter().any(|n| before[n.index()] != up[n.index()])
        };
        let all = self.municipalities();
        let choices = all.iter().flat_map(|&here| all.iter().map(move |&of| Choice { here, of }));
        let due: Vec<Choice> = choices.filter(changed).collect();
        due.into_iter().for_each(|choice| self.choose(choice));
    }

    /// Asks the policy, and tells the replicas of the municipality that chooses.
    fn choose(&mut self, choice: Choice) {
        let world = &self.genesis.world;
        let Some(selection) = &mut self.selection else { return };
        let mut candidates: Vec<(NodeId, bool)> =
            world.members(choice.of, choice.role()).into_iter().map(|n| (n, selection.present[n.index()])).collect();
        if choice.here == choice.of {
            // As in live worlds: the absent are named only where too few are present.
            candidates.sort_by_key(|(_, present)| !present);
            let present = candidates.iter().filter(|(_, present)| *present).count();
            candidates.truncate(present.max(fewest_holders(world, choice.of)));
        }
        let nodes: Vec<NodeId> = candidates.iter().map(|(node, _)| *node).collect();
        let weights = selection.weights.entry(choice).or_default();
        if let Some(said) = (selection.selector)(choice, &candidates) {
            if let Err(refused) = weights.learn(&nodes, &said) {
                self.selection_refused.push(refused.to_string());
            }
        }
        let weighed = weights.of(world, &nodes);
        let event = match choice.role() {
            Role::Holder => Event::CandidatesChanged { holders: weighed },
            Role::Replica => Event::SourcesChanged { source: choice.of, replicas: weighed },
        };
        self.tell(choice.here, &event);
    }

    /// A fact for every replica of a municipality that has power.
    pub(super) fn tell(&mut self, municipality: ChainId, event: &Event) {
        for node in self.replicas(municipality) {
            let life = self.nodes[node.index()].life;
            self.queue.push(self.now, Due::Local { node, life, event: event.clone() });
        }
    }

    /// Answers of the policy that were not taken, and why.
    pub fn selection_refused(&self) -> &[String] {
        &self.selection_refused
    }
}
