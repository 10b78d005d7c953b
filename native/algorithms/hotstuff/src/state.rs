//! One member's state, and the way in for everything that happens to it.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::pacemaker::Wish;
use crate::{
    Action, Certificate, Crypto, Hash, Header, HotstuffError, HotstuffMessage, Phase, TimeoutCertificate, GENESIS,
};

/// Committed blocks a member keeps to answer [`HotstuffMessage::Fetch`].
pub const HISTORY: usize = 256;

/// A block whose payload this member has.
pub(crate) type Block = (Header, Vec<u8>);

/// The block a leader is collecting votes for.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Flight {
    pub(crate) block: Hash,
    pub(crate) prepare: BTreeMap<u16, [u8; 64]>,
    pub(crate) commit: BTreeMap<u16, [u8; 64]>,
    pub(crate) prepared: bool,
}

/// One member of a chain. What it encodes to (borsh) is all it needs after a restart, but the history of committed blocks,
/// which is left out; it must be durable before the actions of a step are carried out.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Hotstuff {
    pub(crate) chain: u16,
    pub(crate) n: u16,
    pub(crate) me: u16,
    pub(crate) base_timeout_us: u64,
    /// The view this member is in, and what proves that the view before ended.
    pub(crate) view: u64,
    pub(crate) entered: Option<TimeoutCertificate>,
    /// This member may not vote in views below (it timed out of them).
    pub(crate) stopped: u64,
    /// The last committed block: height, hash, time, certificate.
    pub(crate) height: u64,
    pub(crate) head: Hash,
    pub(crate) head_time_us: u64,
    pub(crate) head_certificate: Option<Certificate>,
    /// The highest certificate known, of either phase: a commit certificate implies that a prepare one exists.
    pub(crate) high: Option<Certificate>,
    /// The last vote in each phase: height, view, block.
    pub(crate) voted: [Option<(u64, u64, Hash)>; 2],
    /// The proposal first seen in a view at the next height.
    pub(crate) seen: Option<(u64, Header)>,
    /// Blocks for the next height.
    pub(crate) blocks: BTreeMap<Hash, Block>,
    pub(crate) flight: Option<Flight>,
    /// A proposal above the next height, kept until the blocks below it have come.
    pub(crate) ahead: Option<(u16, HotstuffMessage)>,
    /// Each member's last time-out.
    pub(crate) wishes: BTreeMap<u16, Wish>,
    /// Views that ended by time-out since the last commit.
    pub(crate) failures: u32,
    pub(crate) expecting: bool,
    pub(crate) deadline_us: Option<u64>,
    /// The view whose timer is running.
    pub(crate) armed: Option<u64>,
    /// The highest height known to be committed by others.
    pub(crate) target: u64,
    /// Blocks up to this height were asked for, and until when an answer may take.
    pub(crate) asked: (u64, u64),
    /// Committed blocks that came before the ones below them; at most one answer's worth.
    #[borsh(skip)]
    pub(crate) early: BTreeMap<u64, (Header, Vec<u8>, Certificate)>,
    #[borsh(skip)]
    pub(crate) history: BTreeMap<u64, (Header, Vec<u8>, Certificate)>,
}

/// What one step works with.
pub(crate) struct Step<'a> {
    pub(crate) now_us: u64,
    pub(crate) crypto: &'a dyn Crypto,
    pub(crate) valid_payload: &'a dyn Fn(&Header, &[u8]) -> bool,
    pub(crate) actions: Vec<Action>,
}

impl Step<'_> {
    pub(crate) fn send(&mut self, to: u16, message: HotstuffMessage) {
        self.actions.push(Action::Send(to, message));
    }

    pub(crate) fn broadcast(&mut self, message: HotstuffMessage) {
        self.actions.push(Action::Broadcast(message));
    }
}

/// For steps in which nobody else's payload can arrive.
fn no_payload(_: &Header, _: &[u8]) -> bool {
    false
}

impl Hotstuff {
    /// [`Hotstuff::new`] that checks its arguments.
    ///
    /// # Errors
    /// [`HotstuffError::Committee`] for n = 0, [`HotstuffError::NoSuchMember`] unless `me` is below `n`.
    pub fn among(chain: u16, n: u16, me: u16, base_timeout_us: u64) -> Result<Self, HotstuffError> {
        match n {
            0 => Err(HotstuffError::Committee),
            n if me >= n => Err(HotstuffError::NoSuchMember { member: me, n }),
            n => Ok(Self::new(chain, n, me, base_timeout_us)),
        }
    }

    /// Member `me` of `n`, at genesis. `base_timeout_us` is how long a view may take without a commit before it is given up,
    /// in microseconds; it doubles with each failed view and starts again after a commit.
    pub fn new(chain: u16, n: u16, me: u16, base_timeout_us: u64) -> Self {
        Self {
            chain,
            n,
            me,
            base_timeout_us,
            view: 0,
            entered: None,
            stopped: 0,
            height: 0,
            head: GENESIS,
            head_time_us: 0,
            head_certificate: None,
            high: None,
            voted: [None, None],
            seen: None,
            blocks: BTreeMap::new(),
            flight: None,
            ahead: None,
            wishes: BTreeMap::new(),
            failures: 0,
            expecting: false,
            deadline_us: None,
            armed: None,
            target: 0,
            asked: (0, 0),
            early: BTreeMap::new(),
            history: BTreeMap::new(),
        }
    }

    /// True if this member leads the current view.
    pub fn is_leader(&self) -> bool {
        self.leader(self.view) == self.me
    }

    /// The leader of a view: members take turns.
    pub fn leader(&self, view: u64) -> u16 {
        (view % u64::from(self.n.max(1))) as u16
    }

    /// The current view.
    pub fn view(&self) -> u64 {
        self.view
    }

    /// The last committed height, 0 at genesis.
    pub fn height(&self) -> u64 {
        self.height
    }

    /// The hash of the last committed block, [`GENESIS`] before the first.
    pub fn head(&self) -> Hash {
        self.head
    }

    /// True while somebody waits for a commit: a leader should then propose even an empty payload.
    pub fn expecting(&self) -> bool {
        self.expecting
    }

    /// Signatures in a certificate: n - f, where n >= 3f + 1.
    pub fn quorum(&self) -> usize {
        usize::from(self.n) - self.faults()
    }

    pub(crate) fn faults(&self) -> usize {
        usize::from(self.n.saturating_sub(1)) / 3
    }

    /// Takes a message from `from`, whom the caller has authenticated. What is stale, unjustified or wrongly signed is
    /// ignored. `valid_payload` judges a block by its header and payload alone (root, format, signatures): it may be
    /// called before earlier blocks of the same step have been applied.
    pub fn handle(
        &mut self,
        now_us: u64,
        from: u16,
        msg: HotstuffMessage,
        valid_payload: &dyn Fn(&Header, &[u8]) -> bool,
        crypto: &dyn Crypto,
    ) -> Vec<Action> {
        let mut step = Step { now_us, crypto, valid_payload, actions: Vec::new() };
        if from < self.n && from != self.me {
            self.dispatch(from, msg, &mut step);
        }
        step.actions
    }

    pub(crate) fn dispatch(&mut self, from: u16, message: HotstuffMessage, step: &mut Step<'_>) {
        match message {
            HotstuffMessage::Propose { .. } => self.on_propose(from, message, step),
            HotstuffMessage::Vote { phase, view, height, block, signature } => {
                if (view, height) == (self.view, self.height + 1) {
                    self.on_vote(from, phase, block, signature, step);
                }
            }
            HotstuffMessage::Prepared { certificate } => self.on_prepared(from, certificate, step),
            HotstuffMessage::Committed { header, certificate } => self.on_committed(from, &header, certificate, step),
            HotstuffMessage::Timeout { view, high, height, signature } => {
                self.on_timeout(from, (view, height), high, signature, step);
            }
            HotstuffMessage::Advance { timeout } => self.on_advance(timeout, step),
            HotstuffMessage::Fetch { height, block } => self.on_fetch(from, height, block, step),
            HotstuffMessage::Block { header, payload, certificate } => {
                self.on_block(from, header, payload, certificate, step)
            }
        }
    }

    /// Proposes a block; does nothing unless [`Self::ready_to_propose`]. `payload_root` goes into the header.
    pub fn propose(&mut self, now_us: u64, payload: Vec<u8>, payload_root: Hash, crypto: &dyn Crypto) -> Vec<Action> {
        let mut step = Step { now_us, crypto, valid_payload: &no_payload, actions: Vec::new() };
        if self.ready_to_propose() {
            let (height, time_us) = (self.height + 1, now_us.max(self.head_time_us));
            let header = Header {
                chain: self.chain,
                height,
                view: self.view,
                parent: self.head,
                payload_root,
                proposer: self.me,
                time_us,
            };
            self.launch(header, payload, &mut step);
        }
        step.actions
    }

    /// The caller has work that only a commit can finish: from now on the current view has to make progress. An idle chain
    /// runs no timers.
    pub fn expect_progress(&mut self, now_us: u64) -> Vec<Action> {
        let mut actions = Vec::new();
        self.expecting = true;
        self.arm(now_us, &mut actions);
        actions
    }

    /// A timer ran out; stale ones are harmless.
    pub fn timer(&mut self, now_us: u64, view: u64, crypto: &dyn Crypto) -> Vec<Action> {
        let mut step = Step { now_us, crypto, valid_payload: &no_payload, actions: Vec::new() };
        self.on_timer(view, &mut step);
        step.actions
    }

    /// To call after a restart, once the state is loaded: timers of before are gone, and blocks may be missing.
    pub fn catch_up(&mut self, now_us: u64) -> Vec<Action> {
        let mut actions = vec![Action::Broadcast(HotstuffMessage::Fetch { height: self.height + 1, block: None })];
        (self.armed, self.deadline_us) = (None, None);
        if self.expecting {
            self.arm(now_us, &mut actions);
        }
        actions
    }

    /// Keeps the higher of two certificates; of one rank, the commit.
    pub(crate) fn raise_high(&mut self, certificate: &Certificate) {
        let order = |certificate: &Certificate| (certificate.rank(), certificate.phase);
        if self.high.as_ref().is_none_or(|high| order(high) < order(certificate)) {
            self.high = Some(certificate.clone());
        }
    }

    /// Signs a vote and delivers it to the leader, unless it would contradict an earlier vote or a time-out.
    pub(crate) fn vote(&mut self, phase: Phase, block: Hash, step: &mut Step<'_>) {
        let (view, height) = (self.view, self.height + 1);
        let last = &mut self.voted[phase as usize];
        let allowed = last.is_none_or(|(h, v, b)| (h, v) < (height, view) || (h, v, b) == (height, view, block));
        if view < self.stopped || !allowed {
            return;
        }
        *last = Some((height, view, block));
        let signature = step.crypto.sign(&Certificate::signing_bytes(self.chain, phase, view, height, &block));
        if self.is_leader() {
            self.tally(self.me, phase, signature, step);
        } else {
            step.send(self.leader(view), HotstuffMessage::Vote { phase, view, height, block, signature });
        }
    }
}
