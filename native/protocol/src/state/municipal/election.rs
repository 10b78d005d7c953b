//! The election of the next committee: the stake behind each candidate, what each member saw of it, a coin that nobody
//! knows before, the draw.
use super::epochs::Ballot;
use super::{Municipal, Out};
use crate::epoch::{Candidate as Named, Note};
use globelet_election::{elect, Candidate, ElectionError, Rules, WHOLE_PPM};
use globelet_holding::{Outcome, Record};
use globelet_threshold::{combine_coin, CoinShare};
use globelet_types::{encode, ChainId, Micros};
use std::collections::BTreeMap;

/// A candidate that has not proved to hold one of our vertices so many vertices later has missed it.
const RECORD_LAG: u64 = 8;
/// Vertices of ours after which all counts are halved.
const RECORD_LENGTH: u64 = 256;

/// The coin that draws the committee of an election.
fn coin_name(chain: ChainId, number: u64) -> Vec<u8> {
    encode(&(b"globelet election coin 1", chain, number))
}

/// How much of a candidate's stake counts: what the member in the middle of those who voted saw of it.
fn record_of(ballots: &BTreeMap<u16, Ballot>, place: usize) -> u32 {
    let mut seen: Vec<u32> =
        ballots.values().map(|b| b.records.get(place).map_or(WHOLE_PPM, |ppm| *ppm.min(&WHOLE_PPM))).collect();
    seen.sort_unstable();
    seen.get(seen.len().saturating_sub(1) / 2).copied().unwrap_or(WHOLE_PPM)
}

impl Municipal {
    /// Vertices of ours long enough ago: who of the candidates proved to hold them.
    pub(super) fn judge_candidates(&mut self) {
        let next = self.round.next[usize::from(self.frame.me)];
        while let Some((&sequence, _)) = self.epochs.proved.first_key_value() {
            if sequence + RECORD_LAG > next {
                return;
            }
            self.epochs.judged = sequence;
            let proved = self.epochs.proved.remove(&sequence).unwrap_or_default();
            for (place, candidate) in (0..).zip(&self.frame.committee().candidates) {
                let outcome = if proved.contains(&place) { Outcome::Passed } else { Outcome::Missed };
                if place != self.frame.me {
                    // There is room: candidates are those of the genesis.
                    let _ = self.epochs.records.note(candidate.key, outcome);
                }
            }
            if sequence.is_multiple_of(RECORD_LENGTH) {
                self.epochs.records.close_epoch();
            }
        }
    }

    /// The epoch is over: every member says what it saw, and adds its share of the coin.
    pub(super) fn open_election(&mut self, now: Micros, out: &mut Out) {
        self.epochs.number += 1;
        self.epochs.ballots = Some(BTreeMap::new());
        self.epochs.stakes = self.stakes();
        let (number, committee) = (self.epochs.number, self.frame.committee());
        if committee.term().seat(self.frame.me).is_none() {
            return;
        }
        let Some(share) = &self.epochs.keys(false).share else { return };
        let known = |key: &[u8; 32]| self.epochs.records.record(key) != Record::default();
        let score = |c: &Named| match known(&c.key) {
            true => self.epochs.records.record(&c.key).score_ppm(),
            false => WHOLE_PPM,
        };
        let records = committee.candidates.iter().map(score).collect();
        let coin = share.coin_share(&coin_name(self.frame.chain, number));
        self.note(now, Note::Ballot { number, records, coin }, out);
    }

    /// Draws the next committee, once a quorum of this one voted.
    pub(super) fn draw_committee(&mut self, now: Micros, out: &mut Out) {
        let quorum = self.frame.committee().quorum();
        let Some(ballots) = self.epochs.ballots.as_ref().filter(|b| b.len() >= quorum) else { return };
        let name = coin_name(self.frame.chain, self.epochs.number);
        let shares: Vec<CoinShare> = ballots.values().map(|ballot| ballot.coin.clone()).collect();
        let Ok(seed) = combine_coin(&self.epochs.keys(false).public, &name, &shares) else { return };
        let elected = self.elected(&seed, ballots);
        self.epochs.ballots = None;
        match elected {
            Some(seats) => self.begin_change(now, seats, out),
            None => self.epochs.extend(),
        }
    }

    /// Places of the elected, ascending; `None` where too few candidates are left. The share of a place is raised as far
    /// as the candidates that are left demand.
    fn elected(&self, seed: &[u8; 32], ballots: &BTreeMap<u16, Ballot>) -> Option<Vec<u16>> {
        let committee = self.frame.committee();
        let stake = |place: usize| self.epochs.stakes.get(place).copied().unwrap_or_default();
        // In thousandths where they fit, so that a record weighs small stakes too.
        let most = (0..committee.candidates.len()).map(stake).max().unwrap_or_default();
        let unit = if most <= u64::MAX / 1000 { 1000 } else { 1 };
        let candidate = |(place, c): (usize, &Named)| Candidate {
            key: c.key,
            place: c.place,
            stake: stake(place) * unit,
            holding_ppm: record_of(ballots, place),
            bonus_ppm: WHOLE_PPM,
        };
        let candidates: Vec<Candidate> = committee.candidates.iter().enumerate().map(candidate).collect();
        let seats = committee.term().size();
        let mut rules = Rules { seats, place_share_ppm: self.epochs.place_share_ppm };
        let keys = loop {
            match elect(&rules, seed, &candidates, &self.epochs.removals) {
                Ok(keys) => break keys,
                Err(ElectionError::Unfillable { .. } | ElectionError::BadRules { .. })
                    if rules.place_share_ppm < WHOLE_PPM =>
                {
                    let more = rules.place_share_ppm.saturating_add(WHOLE_PPM / u32::from(seats) + 1);
                    rules.place_share_ppm = more.min(WHOLE_PPM);
                }
                Err(_) => return None,
            }
        };
        let place = |c: &&Named| keys.contains(&c.key);
        Some((0..).zip(&committee.candidates).filter(|(_, c)| place(c)).map(|(place, _)| place).collect())
    }
}
