//! One node: its state machine, its log, its disk and its clock, as the tokio shell would hold them.
use crate::adversaries::{Adversary, Border};
use crate::disk::Disk;
use globelet_protocol::event::Timer;
use globelet_protocol::{Effect, Event, Genesis, LedgerView, Message, NodeSecrets, Publication, State};
use globelet_types::world::Route;
use globelet_types::{decode, encode, DecodeError, Micros, NodeId, OrderId, Refusal, RegionId};
use std::collections::VecDeque;
use std::sync::Arc;

/// An effect with its message encoded: what leaves a node.
#[derive(Clone, Debug)]
pub(crate) enum Out {
    Send { to: Vec<NodeId>, bytes: Arc<[u8]> },
    StartTimer { after_us: u64, timer: Timer },
    Reply { request: u64, outcomes: Vec<Result<OrderId, Refusal>> },
    Publish(Publication),
}

/// What came in, as the log keeps it: a message as its bytes, shared with the network.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "facts are few and short-lived beside messages")]
pub(crate) enum Input {
    Message { from: NodeId, route: Option<Route>, bytes: Arc<[u8]> },
    Fact(Event),
}

impl Input {
    pub fn event(&self) -> Result<Event, DecodeError> {
        Ok(match self {
            Input::Message { from, route, bytes } => {
                Event::MessageReceived { from: *from, route: *route, message: decode::<Message>(bytes)? }
            }
            Input::Fact(event) => event.clone(),
        })
    }
}

/// What one event makes a node do, and when it leaves the node.
#[derive(Debug, Default)]
pub(crate) struct Step {
    /// Leaves at this time: now, or after what the disk is still busy with.
    pub first: (Micros, Vec<Out>),
    /// Leaves once the event is durable.
    pub durable: (Micros, Vec<Out>),
}

/// One simulated node.
pub(crate) struct Node {
    pub id: NodeId,
    pub region: RegionId,
    /// Counts restarts: what an earlier life had under way is void.
    pub life: u32,
    pub up: bool,
    pub adversary: Option<Box<dyn Adversary>>,
    genesis: Arc<Genesis>,
    secrets: NodeSecrets,
    state: State,
    offset_us: i64,
    clock: Micros,
    log: Vec<(Micros, Input)>,
    /// Syncs asked for: when each ends, and how much of the log it covers.
    syncs: VecDeque<(Micros, usize)>,
    disk: Disk,
    border: Border,
}

impl Node {
    pub fn new(genesis: Arc<Genesis>, secrets: NodeSecrets, offset_us: i64, sync_us: u64, seed: u64) -> Node {
        let id = secrets.node;
        Node {
            id,
            region: genesis.world.nodes[id.index()].region,
            life: 0,
            up: true,
            adversary: None,
            state: State::new(genesis.clone(), secrets.clone()),
            border: Border::new(&genesis, &secrets, seed),
            genesis,
            secrets,
            offset_us,
            clock: 0,
            log: Vec::new(),
            syncs: VecDeque::new(),
            disk: Disk::new(sync_us),
        }
    }

    pub fn state(&self) -> &State {
        &self.state
    }

    pub fn honest(&self) -> bool {
        self.adversary.is_none()
    }

    /// Belongs to an adversary from now on: what it did so far it did with the secrets that the adversary left it.
    pub fn corrupt(&mut self, adversary: Box<dyn Adversary>) {
        if adversary.spoil(&mut self.border, &mut self.secrets) {
            // Its own log can be read: it was written in this run.
            self.state = self.replayed().unwrap_or_else(|_| State::new(self.genesis.clone(), self.secrets.clone()));
        }
        self.adversary = Some(adversary);
    }

    /// The node's own physical clock at virtual time `now`; never goes backwards.
    fn read_clock(&mut self, now: Micros) -> Micros {
        let lie = self.adversary.as_ref().map_or(0, |a| a.clock_offset_us());
        self.clock = self.clock.max(now.saturating_add_signed(self.offset_us + lie));
        self.clock
    }

    /// Handles one input at virtual time `now`.
    pub fn handle(&mut self, now: Micros, input: Input) -> Result<Step, DecodeError> {
        let event = input.event()?;
        let at = self.read_clock(now);
        // `Started` is not replayed, so the log does not hold it.
        if !matches!(event, Event::Started) {
            self.log.push((at, input));
        }
        let effects = self.state.handle(at, event);
        Ok(self.leave(now, effects))
    }

    fn leave(&mut self, now: Micros, effects: Vec<Effect>) -> Step {
        let mut step = Step { first: (now.max(self.disk.settled()), Vec::new()), ..Step::default() };
        for effect in effects {
            if matches!(effect, Effect::Persist) {
                if step.durable.0 == 0 {
                    step.durable.0 = self.disk.persist(now);
                    self.syncs.push_back((step.durable.0, self.log.len()));
                }
                continue;
            }
            let bent = match self.adversary.as_mut() {
                Some(adversary) => adversary.bend(&mut self.border, effect),
                None => vec![effect],
            };
            let outs = if step.durable.0 == 0 { &mut step.first.1 } else { &mut step.durable.1 };
            outs.extend(bent.into_iter().filter_map(out));
        }
        // Of the syncs that have ended, only the last matters.
        while self.syncs.len() > 1 && self.syncs[1].0 <= now {
            self.syncs.pop_front();
        }
        step
    }

    /// Power fails at `now`: memory and the unsynced tail of the log are gone. Returns what was lost.
    pub fn crash(&mut self, now: Micros) -> usize {
        let synced = self.syncs.iter().filter(|(end, _)| *end <= now).map(|(_, length)| *length).max();
        let kept = synced.unwrap_or(self.durable_start());
        let lost = self.log.len() - kept;
        self.log.truncate(kept);
        self.syncs.clear();
        self.syncs.push_back((0, kept));
        self.up = false;
        self.life += 1;
        lost
    }

    /// What an earlier crash left; nothing before the first sync.
    fn durable_start(&self) -> usize {
        self.syncs.front().filter(|(end, _)| *end == 0).map_or(0, |(_, length)| *length)
    }

    /// Comes back from what its log holds. `Event::Started` is for the caller to hand in next.
    pub fn restart(&mut self) -> Result<(), DecodeError> {
        self.state = self.replayed()?;
        self.up = true;
        Ok(())
    }

    /// A fresh state that handled the log: recovery, and the recovery law's other side.
    pub fn replayed(&self) -> Result<State, DecodeError> {
        let mut state = State::new(self.genesis.clone(), self.secrets.clone());
        for (at, input) in &self.log {
            state.handle(*at, input.event()?);
        }
        Ok(state)
    }

    pub fn ledger(&self) -> LedgerView {
        self.state.ledger()
    }
}

fn out(effect: Effect) -> Option<Out> {
    Some(match effect {
        Effect::Persist => return None,
        Effect::Send { to, message } => Out::Send { to, bytes: encode(&message).into() },
        Effect::StartTimer { after_us, timer } => Out::StartTimer { after_us, timer },
        Effect::Reply { request, outcomes } => Out::Reply { request, outcomes },
        Effect::Publish(publication) => Out::Publish(publication),
    })
}
