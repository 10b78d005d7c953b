//! S5: rounds. One binary agreement per proposer decides whose next vertex enters; then the bodies are opened.
use super::hold::body_label;
use super::{Municipal, Out};
use crate::message::Message;
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

/// The rounds of one replica.
pub(crate) struct Rounds {
    n: u16,
    f: u16,
    me: u16,
    pub number: u64,
    /// Per proposer: sequence of the next vertex to enter.
    pub next: Vec<u64>,
    pub started: bool,
    instances: Vec<Abba>,
    /// Set once every instance has decided: the proposers whose vertices enter.
    included: Option<Vec<u16>>,
    forced: Option<Vec<bool>>,
    results: BTreeMap<u16, Vec<bool>>,
    shares: BTreeMap<u16, BTreeMap<u16, DecryptionShare>>,
    opened: BTreeMap<u16, Vec<SignedOrder>>,
    early: BTreeMap<u64, Vec<(u16, Early)>>,
    pub sent: Vec<(u16, AbbaMessage)>,
    pub sent_shares: Vec<(u16, DecryptionShare)>,
    pub history: BTreeMap<u64, Past>,
    /// Instances of rounds just left: peers still in them may need our voice to decide.
    left: BTreeMap<u64, Vec<Abba>>,
}

impl Rounds {
    pub fn new(n: u16, f: u16, me: u16) -> Rounds {
        Rounds {
            n,
            f,
            me,
            number: 1,
            next: vec![1; usize::from(n)],
            started: false,
            instances: (0..n).map(|_| Abba::new(n, f, me)).collect(),
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
        let shares = std::mem::take(&mut self.sent_shares);
        self.history.insert(self.number, Past { decisions, shares });
        super::super::committee::keep_newest(&mut self.history, HISTORY_MOST);
        let fresh = (0..self.n).map(|_| Abba::new(self.n, self.f, self.me)).collect();
        self.left.insert(self.number, std::mem::replace(&mut self.instances, fresh));
        super::super::committee::keep_newest(&mut self.left, LEFT_MOST);
        self.number += 1;
        self.started = false;
        self.included = None;
        self.forced = None;
        self.results.clear();
        self.shares.clear();
        self.opened.clear();
        self.sent.clear();
    }

    fn take_early(&mut self) -> Vec<(u16, Early)> {
        let early = self.early.remove(&self.number).unwrap_or_default();
        self.early = self.early.split_off(&self.number);
        early
    }

    /// True if somebody speaks of rounds that have not begun here.
    pub fn hears_of_later(&self) -> bool {
        !self.early.is_empty()
    }

    fn take_result(&mut self, from: u16, decisions: Vec<bool>) {
        if decisions.len() != usize::from(self.n) {
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
    /// Starts the round if some proposer's next vertex is held.
    pub(super) fn start_round(&mut self, now: Micros, out: &mut Out) {
        let ready = (0..self.round.n).any(|j| self.vertices.get(j, self.round.next[usize::from(j)]).is_some());
        if ready && !self.round.started {
            self.begin_round(now, out);
        }
    }

    /// Gives every instance our input: 1 for a vertex we hold, 0 for one we do not.
    fn begin_round(&mut self, now: Micros, out: &mut Out) {
        self.round.started = true;
        let number = self.round.number;
        let mut messages = Vec::new();
        for j in 0..self.round.n {
            let input = self.vertices.get(j, self.round.next[usize::from(j)]).is_some();
            let output = self.round.instances[usize::from(j)].propose(input);
            self.collect(number, j, output, &mut messages);
        }
        self.say(number, messages, out);
        for (from, message) in self.round.take_early() {
            match message {
                Early::Agree(messages) => self.hear(number, from, messages, out),
                Early::Open(shares) => self.take_shares(from, shares),
                Early::Result(decisions) => self.round.take_result(from, decisions),
            }
        }
        self.advance(now, out);
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
        let instances = if current { Some(&mut self.round.instances) } else { self.round.left.get_mut(&round) };
        match instances.and_then(|all| all.get_mut(usize::from(instance))) {
            Some(abba) => step(abba, &mut coin),
            None => Output::default(),
        }
    }

    fn say(&mut self, round: u64, messages: Vec<(u16, AbbaMessage)>, out: &mut Out) {
        if messages.is_empty() {
            return;
        }
        if round == self.round.number {
            self.round.sent.extend(messages.iter().cloned());
        }
        out.persist();
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
            if instance < self.round.n {
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
        while self.close_round(out) && self.open_bodies(out) && self.parcels_present() {
            let included = self.round.included.clone().unwrap_or_default();
            let opened = std::mem::take(&mut self.round.opened);
            let number = self.round.number;
            let entries: Vec<_> = included.iter().map(|&j| (j, self.round.next[usize::from(j)])).collect();
            self.round.turn();
            for (j, sequence) in &entries {
                self.round.next[usize::from(*j)] = sequence + 1;
            }
            if !entries.is_empty() {
                self.apply(now, number, &entries, opened, out);
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
        let included: Vec<u16> = (0..self.round.n).filter(|j| decisions[usize::from(*j)]).collect();
        let mut shares = Vec::new();
        for &j in &included {
            if let Some(sealed) = self.ciphertext(j) {
                shares.push((j, self.frame.share.decryption_share(&sealed, &self.frame.seed)));
            }
        }
        // Bodies still missing get their share from open_bodies, once they are here.
        self.round.included = Some(included);
        self.send_shares(shares, out);
        true
    }

    fn send_shares(&mut self, shares: Vec<(u16, DecryptionShare)>, out: &mut Out) {
        if shares.is_empty() {
            return;
        }
        self.take_shares(self.frame.me, shares.clone());
        self.round.sent_shares.extend(shares.iter().cloned());
        out.persist();
        out.send(self.frame.others(), Message::Open { round: self.round.number, shares });
    }

    fn ciphertext(&self, proposer: u16) -> Option<threshold::Ciphertext> {
        let body = self.vertices.body(proposer, self.round.next[usize::from(proposer)])?;
        if body.is_empty() {
            return None;
        }
        decode(body).ok()
    }

    /// True once every included vertex is here and its orders are open.
    fn open_bodies(&mut self, out: &mut Out) -> bool {
        let mut complete = true;
        let mut late = Vec::new();
        for j in self.round.included.clone().unwrap_or_default() {
            let sequence = self.round.next[usize::from(j)];
            if self.round.opened.contains_key(&j) {
                continue;
            }
            let Some(body) = self.vertices.body(j, sequence) else {
                complete = false;
                continue;
            };
            if body.is_empty() {
                self.round.opened.insert(j, Vec::new());
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

    fn parcels_present(&mut self) -> bool {
        let included = self.round.included.clone().unwrap_or_default();
        let mut present = true;
        for j in included {
            let Some(vertex) = self.vertices.get(j, self.round.next[usize::from(j)]) else { return false };
            for parcel in vertex.header.parcels.clone() {
                if !self.parcel_known(&parcel) {
                    self.inbox.want(parcel.source, parcel.number);
                    present = false;
                }
            }
        }
        present
    }
}
