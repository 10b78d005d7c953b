//! Invariants over a running world: at every step, and once nothing is under way.
use super::Simulation;
use crate::checks::agreement::Agreement;
use crate::checks::{completeness, conservation, double_credit, lanes, Books, Finding, Violation};
use crate::ladder::Climb;
use crate::node::Node;
use globelet_protocol::LedgerView;
use globelet_types::world::{ChainKind, Role};
use globelet_types::NodeId;
use std::sync::atomic::{AtomicUsize, Ordering};

impl Simulation {
    pub(super) fn judge(&mut self, invariant: &'static str, finding: Finding) {
        if let (Err(detail), None) = (finding, &self.violation) {
            self.violation = Some(Violation { invariant, at_us: self.now, detail });
        }
    }

    pub(super) fn verdict(&self) -> Result<(), Violation> {
        self.violation.clone().map_or(Ok(()), Err)
    }

    /// What every node has booked.
    pub fn ledgers(&self) -> Vec<(NodeId, LedgerView)> {
        self.nodes.iter().map(|node| (node.id, node.ledger())).collect()
    }

    /// Bytes of shards that every holder keeps.
    pub fn bytes_held(&self) -> Vec<(NodeId, u64)> {
        let holders = self.nodes.iter().filter(|n| self.world().nodes[n.id.index()].role == Role::Holder);
        holders.map(|node| (node.id, node.state().bytes_held())).collect()
    }

    /// What the honest replicas of every municipality have booked now, crashed ones by their last state.
    pub fn books(&self) -> Books {
        let mut books = Books::new();
        let world = self.world();
        for (node, spec) in self.nodes.iter().zip(&world.nodes) {
            let municipal = world.chains[spec.chain.index()].kind == ChainKind::Municipal;
            if municipal && spec.role == Role::Replica && node.honest() {
                books.entry(spec.chain).or_default().push(node.ledger());
            }
        }
        books
    }

    pub(super) fn check_books(&mut self) {
        let books = self.books();
        self.judge("conservation", conservation::check(&books));
        let audited = self.audit();
        self.judge("conservation", audited);
        self.judge("lanes", lanes::check(&books));
        let homes = self.check_homes();
        self.judge("no double credit", homes);
    }

    /// No account is at two places.
    fn check_homes(&mut self) -> Finding {
        let honest = self.nodes.iter().filter(|node| node.honest());
        let shown = honest.filter_map(|node| Some((node.id, node.state().books()?, node.state().map()?)));
        let homes = &mut self.homes;
        shown.into_iter().try_for_each(|(node, books, map)| homes.observe(node, books, map))
    }

    /// What the farthest honest replica of every municipality keeps, counted together.
    fn audit(&self) -> Finding {
        let farthest = self.treasuries.keys().filter_map(|chain| self.farthest(*chain));
        let books: Vec<_> = farthest.filter_map(|node| node.state().books()).collect();
        conservation::audited(&books, self.opening.values().map(|held| u128::from(*held)).sum())
    }

    fn check_same_books(&self) -> Finding {
        for chain in self.treasuries.keys() {
            let honest = self.replicas(*chain).into_iter().map(|n| &self.nodes[n.index()]).filter(|n| n.honest());
            let shown: Vec<_> = honest.filter_map(shown).collect();
            Agreement::same_books(&shown)?;
        }
        Ok(())
    }

    /// The invariants that hold once nothing is under way: every admitted transfer has its end and is
    /// anchored, lanes are complete, replicas are equal, accounts hold what their transfers say, and
    /// every log replays to the same ledger.
    ///
    /// # Errors
    /// The first [`Violation`].
    pub fn finish(&mut self) -> Result<(), Violation> {
        self.check_books();
        let same = self.check_same_books();
        self.judge("agreement", same);
        let stuck = self.honest_climbs().try_for_each(completeness::check);
        self.judge("completeness", stuck);
        let books = self.books();
        self.judge("lanes", lanes::complete(&books));
        let finding = self.check_balances();
        self.judge("no double credit", finding);
        self.check_recovery()
    }

    /// Whether nothing is under way: what [`Simulation::finish`] asks of transfers and lanes, without
    /// holding it against the run if it is not so yet.
    pub fn is_at_rest(&self) -> bool {
        self.honest_climbs().try_for_each(completeness::check).is_ok() && lanes::complete(&self.books()).is_ok()
    }

    fn honest_climbs(&self) -> impl Iterator<Item = &Climb> {
        self.ladder.all().filter(|climb| self.nodes[climb.ingress.index()].honest())
    }

    /// Only if every order went in through an honest ingress is what the ingress saw all there is.
    fn check_balances(&self) -> Finding {
        if self.ladder.all().any(|climb| !self.nodes[climb.ingress.index()].honest()) {
            return Ok(());
        }
        let expected = double_credit::expected(&self.opening, self.ladder.all());
        for account in &self.accounts {
            // All that any municipality keeps for it: an account that moved must have left nothing behind.
            let held = self.treasuries.keys().filter_map(|municipality| self.balance(*municipality, account));
            if let Some(found) = held.reduce(u64::saturating_add) {
                let due = expected.get(account).copied().unwrap_or(0);
                double_credit::balance(account, due, found)?;
            }
        }
        Ok(())
    }

    /// The recovery law: for every node that has power, a fresh state that handles the log has booked the
    /// same. Logs do not know each other, so every processor of the machine handles some.
    ///
    /// # Errors
    /// A [`Violation`] that names the node.
    pub fn check_recovery(&mut self) -> Result<(), Violation> {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let next = AtomicUsize::new(0);
        let work = || -> Result<(), (NodeId, String)> {
            while let Some(node) = self.nodes.get(next.fetch_add(1, Ordering::Relaxed)) {
                recovered(node).map_err(|detail| (node.id, detail))?;
            }
            Ok(())
        };
        let findings: Vec<_> = std::thread::scope(|scope| {
            let running: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            running.into_iter().map(|worker| worker.join().expect("replaying a log does not panic")).collect()
        });
        // The first node by number, whichever worker was quicker.
        let first = findings.into_iter().filter_map(Result::err).min();
        self.judge("recovery", first.map_or(Ok(()), |(_, detail)| Err(detail)));
        self.verdict()
    }
}

/// A municipal replica's books, and after how many blocks.
fn shown(node: &Node) -> Option<(NodeId, u64, &globelet_sharding::Books)> {
    Some((node.id, node.state().height(), node.state().books()?))
}

fn recovered(node: &Node) -> Finding {
    if !node.up {
        return Ok(());
    }
    let state = node.replayed().map_err(|error| format!("node {} cannot read its log: {error}", node.id))?;
    if state.ledger() == node.ledger() {
        let same = state.books() == node.state().books();
        return if same { Ok(()) } else { Err(format!("node {} keeps other books than its log makes", node.id)) };
    }
    Err(format!("node {} booked {:?}, its log makes {:?}", node.id, node.ledger(), state.ledger()))
}
