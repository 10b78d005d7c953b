//! Invariants over a running world: at every step, and once nothing is under way.
use super::Simulation;
use crate::checks::{completeness, conservation, double_credit, lanes, Books, Finding, Violation};
use crate::ladder::Climb;
use globelet_protocol::LedgerView;
use globelet_types::world::{ChainKind, Role};
use globelet_types::NodeId;

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
        self.judge("lanes", lanes::check(&books));
    }

    /// The invariants that hold once nothing is under way: every admitted transfer has its end and is
    /// anchored, lanes are complete, replicas are equal, accounts hold what their transfers say, and
    /// every log replays to the same ledger.
    ///
    /// # Errors
    /// The first [`Violation`].
    pub fn finish(&mut self) -> Result<(), Violation> {
        self.check_books();
        let stuck = self.honest_climbs().try_for_each(completeness::check);
        self.judge("completeness", stuck);
        let books = self.books();
        self.judge("lanes", lanes::complete(&books));
        let finding = self.check_balances();
        self.judge("no double credit", finding);
        self.check_recovery()
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
        for (account, municipality) in &self.accounts {
            if let Some(found) = self.balance(*municipality, account) {
                let due = expected.get(account).copied().unwrap_or(0);
                double_credit::balance(account, due, found)?;
            }
        }
        Ok(())
    }

    /// The recovery law: for every node, a fresh state that handles the log has booked the same.
    ///
    /// # Errors
    /// A [`Violation`] that names the node.
    pub fn check_recovery(&mut self) -> Result<(), Violation> {
        for index in 0..self.nodes.len() {
            let node = &self.nodes[index];
            let finding = match node.replayed() {
                Ok(state) if state.ledger() == node.ledger() => Ok(()),
                Ok(state) => {
                    Err(format!("node {index} booked {:?}, its log makes {:?}", node.ledger(), state.ledger()))
                }
                Err(error) => Err(format!("node {index} cannot read its log: {error}")),
            };
            self.judge("recovery", finding);
        }
        self.verdict()
    }
}
