//! Choices by weight: what the task asks the selection policy, and what it tells the core of the answers.
use super::super::selection::{Answer, Row, Selection};
use super::Task;
use crate::core::Input;
use globelet_protocol::selection::Choice;
use globelet_protocol::Weighted;
use globelet_types::{ChainId, NodeId};
use tokio::sync::mpsc;

impl Task {
    /// Tells the hosted replicas of a municipality its candidates, nearest first, with the weights in force.
    pub(super) fn tell_holders(&self, chain: ChainId) {
        for replica in self.process.directory.replicas(chain) {
            let holders = self.register.candidates(chain, |holder| self.distance(replica, holder));
            let holders = self.weighted(Choice { here: chain, of: chain }, &holders);
            self.process.core.tell(Input::Candidates { node: replica, holders });
        }
    }

    fn weighted(&self, choice: Choice, candidates: &[NodeId]) -> Vec<Weighted> {
        let world = self.process.directory.world();
        match &self.selection {
            Some(selection) => selection.weighted(world, choice, candidates),
            None => candidates.iter().map(|node| Weighted::by_stake(world, *node)).collect(),
        }
    }

    /// From now on the presence service is asked, if the world names a policy and there is one to ask.
    pub(super) fn select_by(&mut self, answers: mpsc::UnboundedSender<Answer>) {
        let named = self.process.directory.world().selection.is_some();
        if let Some(at) = self.process.presence.clone().filter(|_| named) {
            self.selection = Some(Selection::start(at, self.process.metrics.clone(), answers));
        }
    }

    /// Asks for every choice of the hosted replicas of which the policy does not know enough.
    pub(super) fn ask(&mut self) {
        let all = self.register.municipalities();
        for here in self.process.directory.municipalities() {
            all.iter().for_each(|&of| self.ask_for(Choice { here, of }));
        }
    }

    pub(super) fn ask_for(&mut self, choice: Choice) {
        if self.selection.is_none() || self.process.directory.replicas(choice.here).is_empty() {
            return;
        }
        let rows = self.rows(choice);
        if let Some(selection) = &mut self.selection {
            selection.ask(choice, rows);
        }
    }

    /// The candidates of a choice, in the world's order, and what this process knows of each.
    fn rows(&self, choice: Choice) -> Vec<Row> {
        let directory = &self.process.directory;
        let own_holders = choice.here == choice.of;
        let mut nodes = match own_holders {
            true => self.register.candidates(choice.of, |_| 0),
            false => directory.world().members(choice.of, choice.role()),
        };
        nodes.sort();
        let row = |node: NodeId| {
            let process = directory.process_of(node).filter(|p| *p != directory.process);
            let reached = process.is_none_or(|p| !self.down.contains(&p));
            Row {
                node,
                present: if own_holders { self.register.is_present(node) } else { reached },
                round_trip_us: process.and_then(|p| self.measured.get(&p)).map(|d| d.as_micros() as u64),
            }
        };
        nodes.into_iter().map(row).collect()
    }

    /// What came of a question: the replicas hear of it only where something changed.
    pub(super) fn answered(&mut self, answer: Answer) {
        let Some(selection) = &mut self.selection else { return };
        let (choice, changed, again) = selection.take(answer);
        if changed && choice.here == choice.of {
            self.tell_holders(choice.here);
        } else if changed {
            let replicas = self.process.directory.world().members(choice.of, choice.role());
            for node in self.process.directory.replicas(choice.here) {
                let replicas = self.weighted(choice, &replicas);
                self.process.core.tell(Input::Sources { node, source: choice.of, replicas });
            }
        }
        if again {
            self.ask_for(choice);
        }
    }
}
