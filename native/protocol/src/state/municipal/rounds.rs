//! The rounds of one replica: what is under way, what is over, and what comes too early.
use super::pace::Pace;
use super::seats::Seats;
use globelet_abba::{AbbaMessage, Subset};
use globelet_threshold::DecryptionShare;
use globelet_types::{ChainId, Micros, SignedOrder};
use std::collections::BTreeMap;

/// Rounds ahead of ours whose messages are kept.
const AHEAD_MOST: u64 = 64;
/// Messages kept per member and future round.
const BUFFERED_MOST: usize = 64;
/// Rounds left behind whose agreement is still served.
pub(super) const LEFT_MOST: usize = 4;
/// Parcels of one lane that a round may take in. A lost one does not hold up the others within these places.
pub(super) const LANE_PLACES: u64 = 3;
/// Finished rounds remembered for peers that fell behind.
pub(super) const HISTORY_MOST: usize = 4096;

/// A message of a round that has not begun here.
pub(super) enum Early {
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
pub(super) struct Included {
    /// Proposers whose next vertex enters.
    pub(super) proposers: Vec<u16>,
    /// Sources and numbers of the parcels that enter by themselves.
    pub(super) parcels: Vec<(ChainId, u64)>,
}

/// A round just left: peers still in it may need our voice to decide.
pub(super) struct Left {
    pub(super) subset: Subset,
    pub(super) said: Vec<(u16, AbbaMessage)>,
}

/// The rounds of one replica.
pub(crate) struct Rounds {
    /// Replicas, each of which may propose.
    pub(super) n: u16,
    /// Those who agree in this round, and in the rounds from `since` on.
    pub(super) seats: Seats,
    pub(super) since: u64,
    /// Those who agreed in the rounds before.
    before: Option<Seats>,
    /// Municipalities whose lanes lead here; the places of their lanes follow the proposers among the candidates.
    pub(super) sources: Vec<ChainId>,
    pub number: u64,
    /// Per proposer: sequence of the next vertex to enter.
    pub next: Vec<u64>,
    pub started: bool,
    /// When a timer runs out for the next round that only parcels wait for.
    pub armed: Option<Micros>,
    pub(super) pace: Pace,
    pub(super) begun: Micros,
    /// A timer for the inputs of a round that do not come.
    pub hurry_armed: bool,
    /// Somebody's input did not come in time: it is not waited for before it comes again.
    pub(super) absent: bool,
    /// The candidates are the proposers' next vertices and the next parcels of the lanes.
    pub(super) subset: Subset,
    /// Set once every instance has decided.
    pub(super) included: Option<Included>,
    pub(super) forced: Option<Vec<bool>>,
    pub(super) results: BTreeMap<u16, Vec<bool>>,
    pub(super) shares: BTreeMap<u16, BTreeMap<u16, DecryptionShare>>,
    pub(super) opened: BTreeMap<u16, Vec<SignedOrder>>,
    pub(super) early: BTreeMap<u64, Vec<(u16, Early)>>,
    pub sent: Vec<(u16, AbbaMessage)>,
    pub sent_shares: Vec<(u16, DecryptionShare)>,
    pub history: BTreeMap<u64, Past>,
    pub(super) left: BTreeMap<u64, Left>,
}

impl Rounds {
    /// `None` if there are no such members, or more sources than instances can be counted.
    pub fn new(n: u16, seats: Seats, sources: Vec<ChainId>, batch_us: u64) -> Option<Rounds> {
        let candidates = u16::try_from(usize::from(n) + sources.len() * LANE_PLACES as usize).ok()?;
        Some(Rounds {
            n,
            subset: seats.subset(candidates)?,
            seats,
            since: 1,
            before: None,
            sources,
            number: 1,
            next: vec![1; usize::from(n)],
            started: false,
            armed: None,
            pace: Pace::new(batch_us),
            begun: 0,
            hurry_armed: false,
            absent: false,
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
        })
    }

    /// What is agreed on in a round, under way or lately left.
    pub(super) fn subset(&mut self, round: u64) -> Option<&mut Subset> {
        match round == self.number {
            true => Some(&mut self.subset),
            false => self.left.get_mut(&round).map(|left| &mut left.subset),
        }
    }

    pub(super) fn decisions(&self) -> Option<Vec<bool>> {
        self.subset.decisions().or_else(|| self.forced.clone())
    }

    /// Closes the round in the books and begins the next one, not yet started.
    pub(super) fn turn(&mut self) {
        let decisions = self.decisions().unwrap_or_default();
        self.absent &= !self.subset.complete();
        let shares = std::mem::take(&mut self.sent_shares);
        self.history.insert(self.number, Past { decisions, shares });
        super::super::committee::keep_newest(&mut self.history, HISTORY_MOST);
        let fresh = self.subset.another();
        let subset = std::mem::replace(&mut self.subset, fresh);
        self.left.insert(self.number, Left { subset, said: std::mem::take(&mut self.sent) });
        super::super::committee::keep_newest(&mut self.left, LEFT_MOST);
        self.number += 1;
        self.started = false;
        self.included = None;
        self.forced = None;
        self.results.clear();
        self.shares.clear();
        self.opened.clear();
    }

    /// Others agree from the next round on, which has not started.
    pub(super) fn reseat(&mut self, seats: Seats) {
        // A term has members enough, so there is one.
        let Some(subset) = seats.subset(self.subset.candidates()) else { return };
        self.subset = subset;
        self.before = Some(std::mem::replace(&mut self.seats, seats));
        self.since = self.number;
        self.absent = false;
    }

    /// Those who agree in a round that has begun here, or lately was.
    pub(super) fn seats_in(&self, round: u64) -> &Seats {
        match &self.before {
            Some(before) if round < self.since => before,
            _ => &self.seats,
        }
    }

    /// Who speaks in a round: its member there; as long as the round has not come, its place.
    pub(super) fn speaker(&self, round: u64, place: u16) -> Option<u16> {
        if round > self.number {
            return Some(place);
        }
        self.seats_in(round).seat(place)
    }

    pub(super) fn take_early(&mut self) -> Vec<(u16, Early)> {
        let early = self.early.remove(&self.number).unwrap_or_default();
        self.early = self.early.split_off(&self.number);
        early.into_iter().filter_map(|(place, said)| Some((self.seats.seat(place)?, said))).collect()
    }

    /// Everything this replica said in a round, now or lately, with what it has decided since. One honest member can be a
    /// round ahead of all others; then only its words, not its result, help them on.
    pub fn said(&self, round: u64) -> Vec<(u16, AbbaMessage)> {
        if round == self.number {
            return self.sent.clone();
        }
        let Some(left) = self.left.get(&round) else { return Vec::new() };
        let decided = (0..left.subset.candidates()).filter_map(|i| Some((i, left.subset.instance(i)?.decided()?)));
        let terms = decided.map(|(instance, value)| (instance, AbbaMessage::Term { value }));
        left.said.iter().cloned().chain(terms).collect()
    }

    /// True if somebody speaks of rounds that have not begun here.
    pub fn hears_of_later(&self) -> bool {
        !self.early.is_empty()
    }

    pub(super) fn take_result(&mut self, from: u16, decisions: Vec<bool>) {
        if decisions.len() != usize::from(self.subset.candidates()) {
            return;
        }
        self.results.insert(from, decisions.clone());
        let same = self.results.values().filter(|d| **d == decisions).count();
        if same > usize::from(self.seats.faults()) && self.forced.is_none() {
            self.forced = Some(decisions);
        }
    }

    pub(super) fn keep_early(&mut self, from: u16, round: u64, early: Early) {
        if round <= self.number + AHEAD_MOST {
            let kept = self.early.entry(round).or_default();
            if kept.iter().filter(|(m, _)| *m == from).count() < BUFFERED_MOST {
                kept.push((from, early));
            }
        }
    }
}
