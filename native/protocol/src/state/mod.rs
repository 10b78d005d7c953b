//! A node's state, and the one way to change it.
pub(crate) mod committee;
mod continental;
mod global;
mod holder;
mod homes;
mod interval;
mod ledger;
mod municipal;
mod ordered;
mod view;

pub use view::LedgerView;

use crate::{Effect, Event, Genesis, NodeSecrets, Receipt, Standing};
use globelet_sharding::{Books, Home, Map};
use globelet_types::world::{ChainKind, Role};
use globelet_types::{AccountId, ChainId, Hash, Micros, OrderId};
use std::sync::Arc;

/// What a node is, by its chain and role.
enum Kind {
    Municipal(Box<municipal::Municipal>),
    Holder(Box<holder::Holder>),
    Continental(Box<continental::Continental>),
    Global(Box<global::Global>),
}

/// A node's state machine.
pub struct State {
    chain: ChainId,
    kind: Kind,
}

impl State {
    /// The state before any event.
    ///
    /// # Panics
    /// If the secrets are not those of a node of this genesis: both come from one [`crate::Deal`].
    pub fn new(genesis: Arc<Genesis>, secrets: NodeSecrets) -> State {
        Self::build(&genesis, &secrets).expect("secrets and genesis come from one deal")
    }

    fn build(genesis: &Arc<Genesis>, secrets: &NodeSecrets) -> Option<State> {
        let node = genesis.world.nodes.get(secrets.node.index())?;
        let chain = node.chain;
        let kind = match (genesis.world.chains.get(chain.index())?.kind, node.role) {
            (ChainKind::Municipal, Role::Replica) => {
                Kind::Municipal(Box::new(municipal::Municipal::new(genesis.clone(), secrets)?))
            }
            (ChainKind::Continental, Role::Replica) => {
                Kind::Continental(Box::new(continental::Continental::new(genesis, secrets)?))
            }
            (ChainKind::Global, Role::Replica) => Kind::Global(Box::new(global::Global::new(genesis, secrets)?)),
            (_, Role::Holder) => Kind::Holder(Box::new(holder::Holder::new(genesis, secrets)?)),
        };
        Some(State { chain, kind })
    }

    /// Handles one event at physical time `now` (microseconds, never going backwards) and returns what
    /// the driver must do. The same events at the same times give the same effects, byte for byte.
    pub fn handle(&mut self, now: Micros, event: Event) -> Vec<Effect> {
        match &mut self.kind {
            Kind::Municipal(m) => m.handle(now, event),
            Kind::Holder(h) => h.handle(now, event),
            Kind::Continental(c) => c.handle(now, event),
            Kind::Global(g) => g.handle(now, event),
        }
    }

    /// The receipt of an order admitted at this replica, as far as it has come; `None` if unknown here.
    pub fn receipt(&self, order: &OrderId) -> Option<Receipt> {
        match &self.kind {
            Kind::Municipal(m) => m.receipt(order),
            _ => None,
        }
    }

    /// How an order stands by the certified blocks kept here, whoever admitted it; `None` if it is in none of them.
    pub fn standing(&self, order: &OrderId) -> Option<Standing> {
        match &self.kind {
            Kind::Municipal(m) => m.standing(order),
            _ => None,
        }
    }

    /// Spendable balance and highest nonce used; `None` if the account is not open here.
    pub fn account(&self, account: &AccountId) -> Option<(u64, u64)> {
        match &self.kind {
            Kind::Municipal(m) => m.account(account),
            _ => None,
        }
    }

    /// Where an account lives that went from here; `None` for one that is here or never was.
    pub fn home(&self, account: &AccountId) -> Option<Home> {
        self.books()?.account(account).is_none().then(|| self.map()?.home(account))?
    }

    /// Where the accounts live that came here or went from here, by the blocks applied; `None` but at municipal replicas.
    pub fn map(&self) -> Option<&Map> {
        match &self.kind {
            Kind::Municipal(m) => Some(m.map()),
            _ => None,
        }
    }

    /// Last applied height, committed height above municipal level; zero for holders.
    pub fn height(&self) -> u64 {
        match &self.kind {
            Kind::Municipal(m) => m.height(),
            Kind::Continental(c) => c.height().0,
            Kind::Global(g) => g.height().0,
            Kind::Holder(_) => 0,
        }
    }

    /// The books of a municipal replica; `None` elsewhere.
    pub fn books(&self) -> Option<&Books> {
        match &self.kind {
            Kind::Municipal(m) => Some(m.books()),
            _ => None,
        }
    }

    /// Bytes of shards a holder keeps; zero elsewhere.
    pub fn bytes_held(&self) -> u64 {
        match &self.kind {
            Kind::Holder(h) => h.bytes_held(),
            _ => 0,
        }
    }

    /// What this node has booked.
    pub fn ledger(&self) -> LedgerView {
        let above = |(height, head): (u64, Hash)| LedgerView {
            chain: self.chain,
            height,
            head,
            certified: height,
            ..LedgerView::default()
        };
        match &self.kind {
            Kind::Municipal(m) => m.ledger(),
            Kind::Continental(c) => above(c.height()),
            Kind::Global(g) => above(g.height()),
            Kind::Holder(_) => above((0, [0; 32])),
        }
    }
}
