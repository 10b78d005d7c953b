//! S5 and R5: rounds. One binary agreement per proposer decides whether its next vertex enters, one per source and place
//! whether the next parcels of its lane do; then the bodies are opened.
use super::hold::body_label;
use super::pace::Pace;
use super::{Municipal, Out};
use crate::block::ParcelRef;
use crate::message::Message;
use crate::Timer;
use globelet_abba::{Abba, AbbaMessage, Output};
use globelet_threshold::{self as threshold, CoinShare, DecryptionShare, ThresholdError};
use globelet_types::{decode, encode, ChainId, Micros, SignedOrder};
use std::collections::BTreeMap;

/// Rounds ahead of ours whose messages are kept.
const AHEAD_MOST: u64 = 64;
/// Messages kept per member and future round.
const BUFFERED_MOST: usize = 64;
/// Most messages of one agreement message.
const MESSAGES_MOST: usize = 4096;
/// Rounds left behind whose agreement is still served.
const LEFT_MOST: usize = 4;
/// Parcels of one lane that a round may take in. A lost one does not hold up the others within these places.
const LANE_PLACES: u64 = 3;
/// Parcels that bring no money wait this many times `batch_us` for a round that others call.
const SETTLING_WAITS: u64 = 2;
/// Finished rounds remembered for peers that fell behind.
pub(super) const HISTORY_MOST: usize = 4096;

fn coin_name(chain: ChainId, round: u64, instance: u16, toss: u32) -> Vec<u8> {
    encode(&(b"globelet coin 1", chain, round, instance, toss))
}

/// A message of a round that has not begun here.
enum Early {
    Agree(Vec<(u16, AbbaMessage)>),
    Open(Vec<(u16, DecryptionShare)>),
    Result(Vec<bool>),
}

/// A finished round.
pub(crate) struct Past {
    pub decisions: Vec<bool>,
    pub shares: Vec<(u16, DecryptionShare)>,
}

/// What a round takes in.
#[derive(Clone, Default)]
struct Included {
    /// Proposers whose next vertex enters.
    proposers: Vec<u16>,
    /// Sources and numbers of the parcels that enter by themselves.
    parcels: Vec<(ChainId, u64)>,
}

/// A round just left: peers still in it may need our voice to decide.
struct Left {
    instances: Vec<Abba>,
    said: Vec<(u16, AbbaMessage)>,
}

/// The rounds of one replica.
pub(crate) struct Rounds {
    n: u16,
    f: u16,
    me: u16,
    /// Municipalities whose lanes lead here; their instances follow those of the proposers.
    sources: Vec<ChainId>,
    pub number: u64,
    /// Per proposer: sequence of the next vertex to enter.
    pub next: Vec<u64>,
    pub started: bool,
    /// When a timer runs out for the next round that only parcels wait for.
    pub armed: Option<Micros>,
    pace: Pace,
    begun: Micros,
    /// A timer for the inputs of a round that do not come.
    pub hurry_armed: bool,
    /// Somebody's input did not come in time: it is not waited for before it comes again.
    absent: bool,
    instances: Vec<Abba>,
    /// Set once every instance has decided.
    included: Option<Included>,
    forced: Option<Vec<bool>>,
    results: BTreeMap<u16, Vec<bool>>,
    shares: BTreeMap<u16, BTreeMap<u16, DecryptionShare>>,
    opened: BTreeMap<u16, Vec<SignedOrder>>,
    early: BTreeMap<u64, Vec<(u16, Early)>>,
    pub sent: Vec<(u16, AbbaMessage)>,
    pub sent_shares: Vec<(u16, DecryptionShare)>,
    pub history: BTreeMap<u64, Past>,
    left: BTreeMap<u64, Left>,
}

impl Rounds {
    pub fn new(n: u16, f: u16, me: u16, sources: Vec<ChainId>, batch_us: u64) -> Rounds {
        let count = usize::from(n) + sources.len() * LANE_PLACES as usize;
        Rounds {
            n,
            f,
            me,
            sources,
            number: 1,
            next: vec![1; usize::from(n)],
            started: false,
            armed: None,
            pace: Pace::new(batch_us),
            begun: 0,
            hurry_armed: false,
            absent: false,
            instances: (0..count).map(|_| Abba::new(n, f, me)).collect(),
            included: None,
            forced: None,
            results: BTreeMap::new(),
            shares: BTreeMap::new(),
            opened: BTreeMap::new(),
            early: BTreeMap::new(),
            sent: Vec::new(),
            sent_shares: Vec::new(),
            history: BTreeMap::new(),
            left: BTreeMap::new(),
        }
    }

    fn decisions(&self) -> Option<Vec<bool>> {
        let decided: Option<Vec<bool>> = self.instances.iter().map(Abba::decided).collect();
        decided.or_else(|| self.forced.clone())
    }

    /// Closes the round in the books and begins the next one, not yet started.
    fn turn(&mut self) {
        let decisions = self.decisions().unwrap_or_default();
        self.absent &= !self.complete();
        let shares = std::mem::take(&mut self.sent_shares);
        self.history.insert(self.number, Past { decisions, shares });
        super::super::committee::keep_newest(&mut self.history, HISTORY_MOST);
        let fresh = (0..self.instances.len()).map(|_| Abba::new(self.n, self.f, self.me)).collect();
        let instances = std::mem::replace(&mut self.instances, fresh);
        self.left.insert(self.number, Left { instances, said: std::mem::take(&mut self.sent) });
        super::super::committee::keep_newest(&mut self.left, LEFT_MOST);
        self.number += 1;
        self.started = false;
        self.included = None;
        self.forced = None;
        self.results.clear();
        self.shares.clear();
        self.opened.clear();
    }

    /// True if every member's inputs are here.
    fn complete(&self) -> bool {
        self.instances.iter().all(Abba::complete)
    }

    fn take_early(&mut self) -> Vec<(u16, Early)> {
        let early = self.early.remove(&self.number).unwrap_or_default();
        self.early = self.early.split_off(&self.number);
        early
    }

    /// Everything this replica said in a round, now or lately, with what it has decided since. One honest member can be a
    /// round ahead of all others; then only its words, not its result, help them on.
    pub fn said(&self, round: u64) -> Vec<(u16, AbbaMessage)> {
        if round == self.number {
            return self.sent.clone();
        }
        let Some(left) = self.left.get(&round) else { return Vec::new() };
        let decided = (0..).zip(&left.instances).filter_map(|(i, abba)| Some((i, abba.decided()?)));
        let terms = decided.map(|(instance, value)| (instance, AbbaMessage::Term { value }));
        left.said.iter().cloned().chain(terms).collect()
    }

    /// True if somebody speaks of rounds that have not begun here.
    pub fn hears_of_later(&self) -> bool {
        !self.early.is_empty()
    }

    fn take_result(&mut self, from: u16, decisions: Vec<bool>) {
        if decisions.len() != self.instances.len() {
            return;
        }
        self.results.insert(from, decisions.clone());
        let same = self.results.values().filter(|d| **d == decisions).count();
        if same > usize::from(self.f) && self.forced.is_none() {
            self.forced = Some(decisions);
        }
    }

    fn keep_early(&mut self, from: u16, round: u64, early: Early) {
        if round <= self.number + AHEAD_MOST {
            let kept = self.early.entry(round).or_default();
            if kept.iter().filter(|(m, _)| *m == from).count() < BUFFERED_MOST {
                kept.push((from, early));
            }
        }
    }
}

impl Municipal {
    /// Our input to each instance: 1 for a vertex that is held or a parcel that is here.
    fn inputs(&self) -> Vec<bool> {
        let vertices = (0..self.round.n).map(|j| self.vertices.get(j, self.round.next[usize::from(j)]).is_some());
        vertices.chain(self.places().map(|(source, number)| self.parcel_here(source, number).is_some())).collect()
    }

    /// Which parcel each instance of a lane is about, while this round lasts.
    fn places(&self) -> impl Iterator<Item = (ChainId, u64)> + '_ {
        self.round.sources.iter().flat_map(|&source| {
            let cursor = self.cursor(source);
            (1..=LANE_PLACES).map(move |place| (source, cursor + place))
        })
    }

    /// Starts the round if there is something to take in. A held vertex does not wait, it was paced when it was sealed.
    pub(super) fn start_round(&mut self, now: Micros, out: &mut Out) {
        if self.round.started {
            return;
        }
        if self.inputs()[..usize::from(self.round.n)].contains(&true) {
            self.begin_round(now, out);
            return;
        }
        let Some(due) = self.parcels_due() else { return };
        match self.round.pace.wait(now).max(due.saturating_sub(now)) {
            0 => self.begin_round(now, out),
            wait if self.round.armed.is_none_or(|at| at > now + wait) => {
                self.round.armed = Some(now + wait);
                out.timer(wait, Timer::Round);
            }
            _ => {}
        }
    }

    /// When the parcels that are next in their lanes want a round: those that bring money at once, those that only
    /// settle a while after they came.
    fn parcels_due(&self) -> Option<Micros> {
        let patience = SETTLING_WAITS * self.frame.parameters().batch_us;
        let due = |place: (ChainId, u64)| {
            let arrived = self.inbox.arrived.get(&place)?;
            let wait = if arrived.parcel.remittances.is_empty() { patience } else { 0 };
            Some(arrived.arrived_us + wait)
        };
        self.places().filter_map(due).min()
    }

    pub(super) fn round_due(&mut self, now: Micros, out: &mut Out) {
        self.round.armed = None;
        self.start_round(now, out);
        self.advance(now, out);
    }

    fn begin_round(&mut self, now: Micros, out: &mut Out) {
        self.round.started = true;
        self.round.pace.take(now);
        self.round.begun = now;
        let number = self.round.number;
        let mut messages = Vec::new();
        for (instance, input) in self.inputs().into_iter().enumerate() {
            let output = self.round.instances[instance].propose(input);
            self.collect(number, instance as u16, output, &mut messages);
        }
        self.say(number, messages, out);
        self.arm_hurry(now, out);
        if self.round.absent {
            self.hurry(out);
        }
        for (from, message) in self.round.take_early() {
            match message {
                Early::Agree(messages) => self.hear(number, from, messages, out),
                Early::Open(shares) => self.take_shares(from, shares),
                Early::Result(decisions) => self.round.take_result(from, decisions),
            }
        }
        self.advance(now, out);
    }

    /// One timer serves all rounds: most are over when it runs out.
    fn arm_hurry(&mut self, now: Micros, out: &mut Out) {
        if !self.round.hurry_armed {
            self.round.hurry_armed = true;
            let due = self.round.begun + self.frame.parameters().batch_us;
            out.timer(due.saturating_sub(now).max(1), Timer::Hurry);
        }
    }

    pub(super) fn hurry_due(&mut self, now: Micros, out: &mut Out) {
        self.round.hurry_armed = false;
        if !self.round.started || self.round.included.is_some() {
            return;
        }
        if self.round.begun + self.frame.parameters().batch_us > now {
            self.arm_hurry(now, out);
            return;
        }
        self.round.absent = !self.round.complete();
        self.hurry(out);
        self.advance(now, out);
    }

    /// Lets the instances of this round go on without the inputs that are missing.
    fn hurry(&mut self, out: &mut Out) {
        let number = self.round.number;
        let mut messages = Vec::new();
        for instance in 0..self.round.instances.len() as u16 {
            let output = self.with_instance(number, instance, |abba, coin| abba.hurry(coin));
            self.collect(number, instance, output, &mut messages);
        }
        self.say(number, messages, out);
    }

    /// Takes what an instance wants said, and supplies the coin shares it asks for.
    fn collect(&mut self, round: u64, instance: u16, output: Output, messages: &mut Vec<(u16, AbbaMessage)>) {
        messages.extend(output.broadcast.into_iter().map(|m| (instance, m)));
        if let Some(toss) = output.need_coin {
            let share = self.frame.share.coin_share(&coin_name(self.frame.chain, round, instance, toss));
            let next = self.with_instance(round, instance, |abba, coin| abba.coin_share(toss, share, coin));
            self.collect(round, instance, next, messages);
        }
    }

    fn with_instance(
        &mut self,
        round: u64,
        instance: u16,
        step: impl FnOnce(&mut Abba, &mut dyn FnMut(u32, &[CoinShare]) -> Option<bool>) -> Output,
    ) -> Output {
        let (key, chain) = (&self.frame.threshold, self.frame.chain);
        let mut coin = |toss: u32, shares: &[CoinShare]| {
            let name = coin_name(chain, round, instance, toss);
            threshold::combine_coin(key, &name, shares).ok().map(|value| value[0] & 1 == 1)
        };
        let current = round == self.round.number;
        let instances = match current {
            true => Some(&mut self.round.instances),
            false => self.round.left.get_mut(&round).map(|left| &mut left.instances),
        };
        match instances.and_then(|all| all.get_mut(usize::from(instance))) {
            Some(abba) => step(abba, &mut coin),
            None => Output::default(),
        }
    }

    fn say(&mut self, round: u64, messages: Vec<(u16, AbbaMessage)>, out: &mut Out) {
        if messages.is_empty() {
            return;
        }
        let said = if round == self.round.number {
            Some(&mut self.round.sent)
        } else {
            self.round.left.get_mut(&round).map(|left| &mut left.said)
        };
        if let Some(said) = said {
            said.extend(messages.iter().cloned());
        }
        // A decision is the same however often it is reached; all else must not be contradicted after a restart.
        if messages.iter().any(|(_, message)| !matches!(message, AbbaMessage::Term { .. })) {
            out.persist();
        }
        out.send(self.frame.others(), Message::Agree { round, messages });
    }

    pub(super) fn agree(
        &mut self,
        now: Micros,
        from: u16,
        round: u64,
        messages: Vec<(u16, AbbaMessage)>,
        out: &mut Out,
    ) {
        if messages.len() > MESSAGES_MOST {
            return;
        }
        if round < self.round.number {
            self.hear(round, from, messages, out);
            return;
        }
        if round > self.round.number {
            self.round.keep_early(from, round, Early::Agree(messages));
            return;
        }
        if !self.round.started {
            self.begin_round(now, out);
            if self.round.number != round {
                return;
            }
        }
        self.hear(round, from, messages, out);
        self.advance(now, out);
    }

    fn hear(&mut self, round: u64, from: u16, messages: Vec<(u16, AbbaMessage)>, out: &mut Out) {
        let mut answers = Vec::new();
        for (instance, message) in messages {
            if usize::from(instance) < self.round.instances.len() {
                let output = self.with_instance(round, instance, |abba, coin| abba.handle(from, message, coin));
                self.collect(round, instance, output, &mut answers);
            }
        }
        self.say(round, answers, out);
    }

    pub(super) fn open(
        &mut self,
        now: Micros,
        from: u16,
        round: u64,
        shares: Vec<(u16, DecryptionShare)>,
        out: &mut Out,
    ) {
        if round > self.round.number {
            self.round.keep_early(from, round, Early::Open(shares));
        } else if round == self.round.number {
            self.take_shares(from, shares);
            self.advance(now, out);
        }
    }

    fn take_shares(&mut self, from: u16, shares: Vec<(u16, DecryptionShare)>) {
        for (proposer, share) in shares {
            if proposer < self.round.n && share.index == from {
                self.round.shares.entry(proposer).or_default().insert(from, share);
            }
        }
    }

    /// A peer says how a round ended; f+1 that agree include an honest one.
    pub(super) fn round_result(&mut self, now: Micros, from: u16, round: u64, decisions: Vec<bool>, out: &mut Out) {
        if round > self.round.number {
            self.round.keep_early(from, round, Early::Result(decisions));
        } else if round == self.round.number {
            self.round.take_result(from, decisions);
            if self.round.started {
                self.advance(now, out);
            } else {
                self.begin_round(now, out);
            }
        }
    }

    /// Goes on as far as what is here allows: closes rounds, opens bodies, applies blocks.
    pub(super) fn advance(&mut self, now: Micros, out: &mut Out) {
        while self.close_round(out) && self.open_bodies(out) && self.parcels_present(out) {
            let Included { proposers, parcels } = self.round.included.clone().unwrap_or_default();
            let opened = std::mem::take(&mut self.round.opened);
            let (number, took) = (self.round.number, now.saturating_sub(self.round.begun));
            self.round.pace.took(now, took);
            self.ingress.pace.took(now, took);
            let entries: Vec<_> = proposers.iter().map(|&j| (j, self.round.next[usize::from(j)])).collect();
            self.round.turn();
            for (j, sequence) in &entries {
                self.round.next[usize::from(*j)] = sequence + 1;
            }
            let parcels: Vec<ParcelRef> = parcels.into_iter().filter_map(|(s, n)| self.parcel_here(s, n)).collect();
            if !entries.is_empty() || !parcels.is_empty() {
                self.apply(now, number, (&entries, &parcels), opened, out);
                self.arm_seal(now, out);
            }
            if self.round.early.contains_key(&self.round.number) {
                self.begin_round(now, out);
                return;
            }
            self.start_round(now, out);
        }
    }

    /// True once every instance has decided; then our decryption shares have gone out.
    fn close_round(&mut self, out: &mut Out) -> bool {
        if self.round.included.is_some() {
            return true;
        }
        let Some(decisions) = self.round.decisions().filter(|_| self.round.started) else { return false };
        let (vertices, lanes) = decisions.split_at(usize::from(self.round.n));
        let proposers: Vec<u16> = (0..self.round.n).filter(|j| vertices[usize::from(*j)]).collect();
        let parcels = self.places().zip(lanes).filter(|(_, enters)| **enters).map(|(place, _)| place).collect();
        let mut shares = Vec::new();
        for &j in &proposers {
            if let Some(sealed) = self.ciphertext(j) {
                shares.push((j, self.frame.share.decryption_share(&sealed, &self.frame.seed)));
            }
        }
        // Bodies still missing get their share from open_bodies, once they are here.
        self.round.included = Some(Included { proposers, parcels });
        self.send_shares(shares, out);
        true
    }

    fn send_shares(&mut self, shares: Vec<(u16, DecryptionShare)>, out: &mut Out) {
        if shares.is_empty() {
            return;
        }
        self.take_shares(self.frame.me, shares.clone());
        self.round.sent_shares.extend(shares.iter().cloned());
        out.send(self.frame.others(), Message::Open { round: self.round.number, shares });
    }

    fn ciphertext(&self, proposer: u16) -> Option<threshold::Ciphertext> {
        let body = self.vertices.body(proposer, self.round.next[usize::from(proposer)])?;
        decode(body).ok()
    }

    /// True once every included vertex is here and its orders are open.
    fn open_bodies(&mut self, out: &mut Out) -> bool {
        let mut complete = true;
        let mut late = Vec::new();
        for j in self.round.included.clone().unwrap_or_default().proposers {
            let sequence = self.round.next[usize::from(j)];
            if self.round.opened.contains_key(&j) {
                continue;
            }
            if self.vertices.body(j, sequence).is_none() {
                complete = false;
                continue;
            }
            let Some(sealed) = self.ciphertext(j) else { continue };
            if !self.round.sent_shares.iter().any(|(p, _)| *p == j) {
                late.push((j, self.frame.share.decryption_share(&sealed, &self.frame.seed)));
            }
            complete &= self.open_body(j, sequence, &sealed, out);
        }
        if !late.is_empty() {
            self.send_shares(late, out);
            return self.open_bodies(out);
        }
        complete
    }

    fn open_body(&mut self, proposer: u16, sequence: u64, sealed: &threshold::Ciphertext, out: &mut Out) -> bool {
        let Some(shares) = self.round.shares.get_mut(&proposer) else { return false };
        if shares.len() < usize::from(self.frame.threshold.needed()) {
            return false;
        }
        let label = body_label(self.frame.chain, proposer, sequence);
        let at_hand: Vec<DecryptionShare> = shares.values().cloned().collect();
        match threshold::combine(&self.frame.threshold, &label, sealed, &at_hand) {
            Ok(plain) => {
                self.round.opened.insert(proposer, decode(&plain).unwrap_or_default());
                true
            }
            Err(ThresholdError::BadShares { indices }) => {
                for index in indices {
                    shares.remove(&index);
                    out.misbehaviour(index, "sent a decryption share that does not verify");
                }
                false
            }
            Err(ThresholdError::NotEnough { .. }) => false,
            Err(_) => {
                out.misbehaviour(proposer, "sealed a body that its committee cannot open");
                self.round.opened.insert(proposer, Vec::new());
                true
            }
        }
    }

    /// True once every parcel that enters is here. All that are missing are asked for at once.
    fn parcels_present(&mut self, out: &mut Out) -> bool {
        let parcels = self.round.included.clone().unwrap_or_default().parcels;
        parcels.into_iter().fold(true, |present, (source, number)| self.parcel_at_hand(source, number, out) && present)
    }
}
