//! Epochs at a replica: what the chain has agreed on about its next committee.
//!
//! Everything here follows from the blocks that were applied, so that it is the same at every replica: the newest stamp
//! ends an epoch, the members' ballots draw the next committee, a ceremony hands the keys on, and the block in which
//! enough of the new members say that they have theirs is the last one of the old committee.
use super::ceremony::Change;
use super::handover::Handing;
use super::seats::Seats;
use super::{Frame, Municipal, Out};
use crate::epoch::{Note, Term, NOTES_MOST};
use crate::{NodeSecrets, Publication};
use globelet_election::{Removals, Votes, WHOLE_PPM};
use globelet_holding::Records;
use globelet_threshold::{CoinShare, KeyShare, PublicKey};
use globelet_types::{decode, encode, Micros, NodeId, OrderId, SignedOrder};
use std::collections::{BTreeMap, BTreeSet};

/// Half of the seats, where the world says nothing else.
const PLACE_SHARE_PPM: u32 = WHOLE_PPM / 2;

/// A committee's keys, and this replica's shares of them while it has a seat.
pub(crate) struct Keys {
    pub public: PublicKey,
    pub share: Option<KeyShare>,
}

/// What a member says when an epoch is over.
pub(super) struct Ballot {
    pub records: Vec<u32>,
    pub coin: CoinShare,
}

/// The epochs of one municipality, as far as its chain has come.
pub(crate) struct Epochs {
    length_us: u64,
    pub(super) place_share_ppm: u32,
    /// The newest stamp of a vertex that was applied.
    pub now: Micros,
    due: Option<Micros>,
    /// Elections so far.
    pub number: u64,
    pub(super) ballots: Option<BTreeMap<u16, Ballot>>,
    /// What accounts want.
    pub(super) votes: Votes,
    /// Stake behind each candidate when the election opened, by place.
    pub(super) stakes: Vec<u64>,
    pub change: Option<Change>,
    keys: Keys,
    /// The keys before, as long as peers may be in rounds of theirs.
    before: Option<Keys>,
    pub(super) removals: Removals,
    accused: BTreeSet<u16>,
    doubts: BTreeMap<u16, u32>,
    /// What waits to be said in our next batch.
    notes: Vec<Note>,
    /// Notes of the batches that were opened and not applied yet, by proposer.
    opened: BTreeMap<u16, Vec<Note>>,
    applied: Vec<(u16, Note)>,
    pub handing: Option<Handing>,
    /// Signatures on the next handover from members who applied its block before us, by place.
    pub early: BTreeMap<u16, (u64, globelet_types::Signature)>,
    /// By sequence of ours: which candidates proved to hold it.
    pub(super) proved: BTreeMap<u64, BTreeSet<u16>>,
    /// Sequences of ours up to this one are judged.
    pub(super) judged: u64,
    pub(super) records: Records,
}

impl Epochs {
    /// At the beginning of the first epoch.
    pub fn new(frame: &Frame, secrets: &NodeSecrets) -> Epochs {
        let parameters = frame.parameters();
        let share = parameters.place_share_ppm;
        Epochs {
            length_us: parameters.epoch_us,
            place_share_ppm: if share == 0 { PLACE_SHARE_PPM } else { share },
            now: 0,
            due: None,
            number: 0,
            ballots: None,
            votes: Votes::new(frame.chain),
            stakes: Vec::new(),
            change: None,
            keys: Keys { public: frame.threshold.clone(), share: secrets.threshold.clone() },
            before: None,
            removals: Removals::new(),
            accused: BTreeSet::new(),
            doubts: BTreeMap::new(),
            notes: Vec::new(),
            opened: BTreeMap::new(),
            applied: Vec::new(),
            handing: None,
            early: BTreeMap::new(),
            proved: BTreeMap::new(),
            judged: 0,
            records: Records::new(),
        }
    }

    pub fn is_on(&self) -> bool {
        self.length_us > 0
    }

    /// The keys of the committee, or, for rounds that it left behind, of the one before.
    pub fn keys(&self, before: bool) -> &Keys {
        self.before.as_ref().filter(|_| before).unwrap_or(&self.keys)
    }

    pub fn has_notes(&self) -> bool {
        !self.notes.is_empty()
    }

    pub fn accuses(&self, member: u16) -> bool {
        self.accused.contains(&member)
    }

    pub fn doubts_of(&self, member: u16) -> u32 {
        self.doubts.get(&member).copied().unwrap_or_default()
    }

    pub fn doubt(&mut self, member: u16) {
        *self.doubts.entry(member).or_default() += 1;
    }

    pub fn accuse(&mut self, member: u16) {
        self.accused.insert(member);
    }

    /// The plain text of a batch: its orders and, in a world of epochs, the notes that wait.
    pub fn write(&mut self, orders: &[(OrderId, SignedOrder)]) -> Vec<u8> {
        let orders: Vec<&SignedOrder> = orders.iter().map(|(_, order)| order).collect();
        if !self.is_on() {
            return encode(&orders);
        }
        let count = self.notes.len().min(NOTES_MOST);
        encode(&(orders, self.notes.drain(..count).collect::<Vec<_>>()))
    }

    /// The orders of a batch that was opened; its notes are kept until it is applied.
    pub fn read(&mut self, proposer: u16, plain: &[u8]) -> Vec<SignedOrder> {
        if !self.is_on() {
            return decode(plain).unwrap_or_default();
        }
        let (orders, mut notes): (Vec<SignedOrder>, Vec<Note>) = decode(plain).unwrap_or_default();
        notes.truncate(NOTES_MOST);
        self.opened.insert(proposer, notes);
        orders
    }

    /// A vertex is applied, in the block under construction.
    pub fn vertex_applied(&mut self, proposer: u16, at: Micros) {
        self.now = self.now.max(at);
        let notes = self.opened.remove(&proposer).unwrap_or_default();
        self.applied.extend(notes.into_iter().map(|note| (proposer, note)));
    }

    /// The next committee waits for a whole epoch more.
    pub fn extend(&mut self) {
        (self.ballots, self.change) = (None, None);
        self.due = Some(self.now + self.length_us);
    }

    pub fn overdue(&self, since: Micros) -> bool {
        self.now >= since + self.length_us
    }
}

impl Municipal {
    /// Members of the committee; nobody in a world without epochs.
    pub(super) fn members_named(&self) -> Vec<NodeId> {
        let committee = self.frame.committee();
        let seats = if self.epochs.is_on() { committee.term().seats.as_slice() } else { &[] };
        seats.iter().map(|place| committee.replicas[usize::from(*place)]).collect()
    }

    /// Stake behind each candidate; nothing in a world without epochs.
    pub(super) fn stakes_named(&self) -> BTreeMap<NodeId, u64> {
        self.frame.committee().replicas.iter().copied().zip(self.stakes()).collect()
    }

    /// Says something in our next batch.
    pub(super) fn note(&mut self, now: Micros, note: Note, out: &mut Out) {
        self.epochs.notes.push(note);
        self.arm_seal(now, out);
    }

    /// A candidate proved to hold a vertex of ours, in time or late.
    pub(super) fn replica_proved(&mut self, sequence: u64, place: u16) {
        let ours = sequence > self.epochs.judged && sequence < self.ingress.next_sequence;
        if self.epochs.is_on() && ours && place < self.frame.committee().size() {
            self.epochs.proved.entry(sequence).or_default().insert(place);
        }
    }

    /// A block was applied: the notes in it are heard, and the epoch goes on as they say.
    pub(super) fn epoch_applied(&mut self, now: Micros, height: u64, out: &mut Out) {
        if !self.epochs.is_on() {
            return;
        }
        for (proposer, note) in std::mem::take(&mut self.epochs.applied) {
            self.heard(proposer, note, out);
        }
        self.judge_candidates();
        if self.round.number > self.round.since + super::rounds::LEFT_MOST as u64 {
            self.epochs.before = None;
        }
        let due = self.epochs.due.get_or_insert(self.epochs.now + self.epochs.length_us);
        if self.epochs.ballots.is_none() && self.epochs.change.is_none() && self.epochs.now >= *due {
            self.open_election(now, out);
        }
        self.draw_committee(now, out);
        self.go_on_changing(now, height, out);
    }

    /// What somebody said in a batch that was applied.
    fn heard(&mut self, proposer: u16, note: Note, out: &mut Out) {
        let seat = self.frame.committee().term().seat(proposer);
        match note {
            Note::Ballot { number, records, coin } => {
                let fits = number == self.epochs.number && seat == Some(coin.index);
                if let Some(ballots) = self.epochs.ballots.as_mut().filter(|_| fits) {
                    ballots.entry(proposer).or_insert(Ballot { records, coin });
                }
            }
            Note::Evidence(evidence) => self.removed(&evidence, out),
            note => self.heard_in_ceremony((proposer, seat), note, out),
        }
    }

    fn removed(&mut self, evidence: &globelet_election::Evidence, out: &mut Out) {
        let committee = &self.frame.committees[self.frame.chain.index()];
        for term in committee.terms().iter().rev() {
            if self.epochs.removals.remove(&term.members, evidence) == Ok(true) {
                let place = committee.candidates.iter().position(|c| c.key == *evidence.member());
                let place = place.unwrap_or_default() as u16;
                self.epochs.accused.insert(place);
                out.misbehaviour(place, "signed two things of which it may sign one, and is elected no more");
                return;
            }
        }
    }

    /// The new committee has its keys: it sits from the next block, and the next round, on.
    pub(super) fn change_hands(&mut self, now: Micros, height: u64, out: &mut Out) {
        let Some(change) = self.epochs.change.take() else { return };
        let Some((hash, keys, signing)) = change.into_keys() else { return };
        let committee = self.frame.committee();
        let (old, epoch, since) = (committee.term().clone(), committee.term().epoch() + 1, height + 1);
        let chain = self.frame.chain;
        let seats = keys.seats;
        let Some(term) = Term::new((chain, epoch), since, &hash, seats, &committee.candidates) else { return };
        let seated = Seats::of(&term, self.frame.me);
        self.checkpoints.reseat(since, signing.public, signing.share);
        let before = std::mem::replace(&mut self.epochs.keys, Keys { public: keys.public, share: keys.share });
        self.epochs.before = Some(before);
        self.frame.committees[chain.index()].succeed(term.clone());
        self.round.reseat(seated);
        self.epochs.due = Some(self.epochs.now + self.epochs.length_us);
        let members = self.members_named();
        out.publish(Publication::EpochBegan { chain, epoch, members });
        self.sign_handover(&old, &term, hash, out);
        self.renew_vertices(now, out);
    }
}
