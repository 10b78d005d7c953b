//! What the world saw of every order: the steps its ingress published.
use globelet_clock::Stamp;
use globelet_protocol::Receipt;
use globelet_types::world::Route;
use globelet_types::{NodeId, Order, OrderId, Refusal, SignedOrder, Stage, Transfer};
use std::collections::BTreeMap;

/// One order's way up the ladder.
#[derive(Clone, Debug)]
pub struct Climb {
    /// Which order.
    pub id: OrderId,
    /// The transfer; `None` for another order.
    pub transfer: Option<Transfer>,
    /// The order moves an amount or an account, and must come to an end.
    pub moves: bool,
    /// The node it was submitted to.
    pub ingress: NodeId,
    /// True once its ingress replied.
    pub answered: bool,
    /// When each step was reached, as the ingress knows it.
    pub stages: BTreeMap<Stage, Stamp>,
    /// Which route its parcel took, where the link has two; known with `delivered`.
    pub route: Option<Route>,
    /// Why it was refused or refunded.
    pub refusal: Option<Refusal>,
    /// The complete receipt, once there is one.
    pub receipt: Option<Box<Receipt>>,
}

impl Climb {
    /// An order that nobody has admitted yet.
    pub fn new(id: OrderId) -> Climb {
        Climb {
            id,
            transfer: None,
            moves: false,
            ingress: NodeId(0),
            answered: false,
            stages: BTreeMap::new(),
            route: None,
            refusal: None,
            receipt: None,
        }
    }

    /// The name of the step reached last.
    pub fn last(&self) -> &'static str {
        let by_time = self.stages.iter().max_by_key(|(stage, stamp)| (**stamp, **stage));
        by_time.map_or("submitted", |(stage, _)| stage.name())
    }

    /// Microseconds from admitted to `stage`, by the stamps.
    pub fn since_admitted(&self, stage: Stage) -> Option<u64> {
        let first = self.stages.get(&Stage::Admitted)?.micros;
        self.stages.get(&stage).map(|at| at.micros.saturating_sub(first))
    }
}

/// Every order that was submitted.
#[derive(Clone, Debug, Default)]
pub struct Ladder {
    climbs: BTreeMap<OrderId, Climb>,
}

impl Ladder {
    /// An order will be handed in.
    pub(crate) fn planned(&mut self, order: &SignedOrder) -> OrderId {
        let id = order.order.id();
        let transfer = match &order.order {
            Order::Transfer(transfer) => Some(transfer.clone()),
            Order::Opening(_) | Order::Move(_) | Order::Vote(_) => None,
        };
        let moves = !matches!(order.order, Order::Opening(_) | Order::Vote(_));
        self.climbs.entry(id).or_insert_with(|| Climb { transfer, moves, ..Climb::new(id) });
        id
    }

    /// An order goes to an ingress. One that nobody answered moves to the ingress it is sent to next.
    pub(crate) fn submitted(&mut self, order: &SignedOrder, ingress: NodeId) -> OrderId {
        let id = self.planned(order);
        if let Some(climb) = self.climbs.get_mut(&id).filter(|c| !c.answered && c.stages.is_empty()) {
            climb.ingress = ingress;
        }
        id
    }

    /// The order a publication of `node` is about, if `node` is its ingress.
    pub(crate) fn at(&mut self, node: NodeId, order: &OrderId) -> Option<&mut Climb> {
        self.climbs.get_mut(order).filter(|climb| climb.ingress == node)
    }

    /// One order.
    pub fn get(&self, order: &OrderId) -> Option<&Climb> {
        self.climbs.get(order)
    }

    /// Every order, by id.
    pub fn all(&self) -> impl Iterator<Item = &Climb> {
        self.climbs.values()
    }
}
