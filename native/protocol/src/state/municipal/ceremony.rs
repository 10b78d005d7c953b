//! The ceremony in which a committee hands its keys to the next one. The chain is its broadcast: what is said in it is said
//! in batches, so every replica hears the same in the same order.
use super::{Municipal, Out};
use crate::epoch::{keys_hash, Note};
use globelet_threshold::ceremony::{Ceremony, Message, Outcome};
use globelet_threshold::signature::{SigningCommittee, SigningShare};
use globelet_threshold::{Encryption, KeyShare, PublicKey, Scheme, Signing, ThresholdError, TransportKey};
use globelet_types::{encode, Hash, Micros};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// So long the chain waits, by its own stamps, for new members beyond a quorum to say that they have their shares.
const PATIENCE_US: Micros = 2_000_000;

/// The keys that a ceremony made, as one replica sees them.
type Made = (Hash, Outcome<Encryption>, Outcome<Signing>);
/// What one dealer dealt.
type Dealt = (Message<Encryption>, Message<Signing>);

/// The next committee, and how far it has come to its keys.
pub(crate) struct Change {
    number: u64,
    began: Micros,
    /// Places of the new members, ascending.
    seats: Vec<u16>,
    encryption: Ceremony<Encryption>,
    signing: Ceremony<Signing>,
    dealt: BTreeSet<u16>,
    /// Dealings beyond those needed: taken if one of these falls.
    spare: VecDeque<(u16, Dealt)>,
    made: Option<Made>,
    ready: BTreeMap<u16, Hash>,
    /// What this replica said to be ready with.
    said: Option<Hash>,
}

/// The new committee's key for batches.
pub(crate) struct NewKeys {
    pub seats: Vec<u16>,
    pub public: PublicKey,
    pub share: Option<KeyShare>,
}

/// The new committee's key for checkpoints.
pub(crate) struct NewSigning {
    pub public: SigningCommittee,
    pub share: Option<SigningShare>,
}

fn standing<S: Scheme>(ceremony: &Ceremony<S>, dealt: &BTreeSet<u16>) -> usize {
    dealt.iter().filter(|dealer| !ceremony.faults().contains_key(dealer)).count()
}

impl Change {
    /// True once the dealings that stand make the keys.
    fn is_dealt(&self) -> bool {
        standing(&self.encryption, &self.dealt) >= usize::from(self.encryption.dealings_needed())
            && standing(&self.signing, &self.dealt) >= usize::from(self.signing.dealings_needed())
    }

    /// Takes a dealing in; returns the complaints about it, and whether it put its dealer out.
    fn take(&mut self, dealer: u16, (encryption, signing): Dealt) -> (Vec<Note>, bool) {
        let number = self.number;
        self.dealt.insert(dealer);
        let (mut complaints, mut out) = (Vec::new(), false);
        match self.encryption.handle(encryption) {
            Ok(said) => complaints.extend(said.map(|m| (false, m.to_bytes()))),
            Err(_) => out = true,
        }
        match self.signing.handle(signing) {
            Ok(said) => complaints.extend(said.map(|m| (true, m.to_bytes()))),
            Err(_) => out = true,
        }
        let note = |(signing, message)| Note::Complaint { number, signing, message };
        (complaints.into_iter().map(note).collect(), out)
    }

    /// True if the complaint stands.
    fn complain(&mut self, signing: bool, message: &[u8]) -> bool {
        fn stands<S: Scheme>(ceremony: &mut Ceremony<S>, message: &[u8]) -> bool {
            match Message::<S>::from_bytes(message) {
                Ok(complaint @ Message::Complaint(_)) => ceremony.handle(complaint).is_ok(),
                _ => false,
            }
        }
        let stands = match signing {
            true => stands(&mut self.signing, message),
            false => stands(&mut self.encryption, message),
        };
        if stands {
            self.made = None;
        }
        stands
    }

    /// The keys, once they are dealt: the same at every replica, but for its own shares.
    fn make(&mut self) -> Option<&Made> {
        if self.made.is_none() && self.is_dealt() {
            let (encryption, signing) = (self.encryption.outcome().ok()?, self.signing.outcome().ok()?);
            let hash = keys_hash(&encode(&encryption.public), &encode(&signing.public));
            self.made = Some((hash, encryption, signing));
        }
        self.made.as_ref()
    }

    /// True once enough new members have their shares: all of them, or after a while a quorum.
    fn is_ready(&self, now: Micros) -> bool {
        let Some((hash, ..)) = &self.made else { return false };
        let ready = self.ready.values().filter(|said| *said == hash).count();
        let quorum = self.seats.len() - (self.seats.len() - 1) / 3;
        ready == self.seats.len() || (ready >= quorum && now >= self.began + PATIENCE_US)
    }

    /// What the ceremony made.
    pub fn into_keys(self) -> Option<(Hash, NewKeys, NewSigning)> {
        let (hash, encryption, signing) = self.made?;
        let keys = NewKeys { seats: self.seats, public: encryption.public, share: encryption.share };
        Some((hash, keys, NewSigning { public: signing.public, share: signing.share }))
    }
}

impl Municipal {
    /// The next committee is drawn: the old one deals it the keys.
    pub(super) fn begin_change(&mut self, now: Micros, seats: Vec<u16>, out: &mut Out) {
        match self.change_to(seats) {
            Ok((change, dealing)) => {
                self.epochs.change = Some(change);
                dealing.into_iter().for_each(|note| self.note(now, note, out));
            }
            // Keys of the genesis that nobody can seal to: the old committee stays.
            Err(_) => self.epochs.extend(),
        }
    }

    fn change_to(&mut self, seats: Vec<u16>) -> Result<(Change, Option<Note>), ThresholdError> {
        let number = self.epochs.number;
        let session = encode(&(b"globelet epoch 1", self.frame.tag, self.frame.chain, number));
        let replicas = &self.frame.committee().replicas;
        let transport = |place: &u16| {
            let node = replicas[usize::from(*place)];
            self.frame.genesis.nodes[node.index()].transport.map_or([0; 32], |key| key.0)
        };
        let receivers: Vec<[u8; 32]> = seats.iter().map(transport).collect();
        let n = seats.len() as u16;
        let faults = (n - 1) / 3;
        let old = self.checkpoints.committee_key(&self.frame);
        let old = old.ok_or(ThresholdError::Encoding { what: "the key for checkpoints" })?;
        let keys = self.epochs.keys(false);
        let mut encryption = Ceremony::<Encryption>::resharing(&session, &keys.public, &receivers, faults + 1)?;
        let mut signing = Ceremony::<Signing>::resharing(&session, &old, &receivers, n - faults)?;
        if seats.contains(&self.frame.me) {
            encryption = encryption.with_key(TransportKey::from_seed(&self.frame.transport))?;
            signing = signing.with_key(TransportKey::from_seed(&self.frame.transport))?;
        }
        // The same however often this is handled: a member that is started again deals what it dealt.
        let randomness = *blake3::keyed_hash(&self.frame.seed, &encode(&(b"globelet dealing 1", number))).as_bytes();
        let note = match (&keys.share, self.checkpoints.own_share()) {
            (Some(share), Some(own)) => Some(Note::Dealing {
                number,
                encryption: Message::Dealing(encryption.redeal(share, &randomness)?).to_bytes(),
                signing: Message::Dealing(signing.redeal(own, &randomness)?).to_bytes(),
            }),
            _ => None,
        };
        let (dealt, spare, ready) = Default::default();
        let began = self.epochs.now;
        Ok((Change { number, began, seats, encryption, signing, dealt, spare, made: None, ready, said: None }, note))
    }

    /// What somebody said in a ceremony: `seat` is its seat in the old committee.
    pub(super) fn heard_in_ceremony(&mut self, (place, seat): (u16, Option<u16>), note: Note, out: &mut Out) {
        let Some(change) = &mut self.epochs.change else { return };
        match note {
            Note::Dealing { number, encryption, signing } if number == change.number => {
                let (Some(seat), Ok(encryption), Ok(signing)) =
                    (seat, Message::<Encryption>::from_bytes(&encryption), Message::<Signing>::from_bytes(&signing))
                else {
                    return;
                };
                let its_own = matches!((&encryption, &signing), (Message::Dealing(e), Message::Dealing(s))
                    if e.dealer() == seat && s.dealer() == seat);
                let first = !change.dealt.contains(&seat) && change.spare.iter().all(|(dealer, _)| *dealer != seat);
                if its_own && first {
                    change.spare.push_back((seat, (encryption, signing)));
                }
            }
            Note::Complaint { number, signing, message } if number == change.number => {
                if !change.complain(signing, &message) {
                    out.misbehaviour(place, "complained of a dealing that is sound");
                }
            }
            Note::Ready { number, keys } if number == change.number && change.seats.contains(&place) => {
                change.ready.insert(place, keys);
            }
            _ => {}
        }
    }

    /// Goes on with the ceremony as far as what was said allows.
    pub(super) fn go_on_changing(&mut self, now: Micros, height: u64, out: &mut Out) {
        let Some(change) = &mut self.epochs.change else { return };
        let mut say = Vec::new();
        while !change.is_dealt() {
            let Some((dealer, dealt)) = change.spare.pop_front() else { break };
            let (complaints, fell) = change.take(dealer, dealt);
            say.extend(complaints);
            if fell {
                out.misbehaviour(
                    self.frame.committee().term().seats[usize::from(dealer)],
                    "dealt keys that do not fit",
                );
            }
        }
        let Some(change) = &mut self.epochs.change else { return };
        let number = change.number;
        if let Some((hash, encryption, signing)) = change.make() {
            let (keys, has_shares) = (*hash, encryption.share.is_some() && signing.share.is_some());
            if has_shares && change.said != Some(keys) {
                change.said = Some(keys);
                say.push(Note::Ready { number, keys });
            }
        }
        let (ready, began) = (change.is_ready(self.epochs.now), change.began);
        say.into_iter().for_each(|note| self.note(now, note, out));
        if ready {
            self.change_hands(now, height, out);
        } else if self.epochs.overdue(began) {
            self.epochs.extend();
        }
    }
}
