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
    encryption: Sharing<Encryption>,
    signing: Sharing<Signing>,
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

/// The ceremony of one key. What the chain goes by is what anybody sees: a receiver whose share does not fit knows so
/// before the others, and must not go another way than they do before its complaint is on the chain.
struct Sharing<S: Scheme> {
    seen: Ceremony<S>,
    own: Option<Ceremony<S>>,
}

impl<S: Scheme> Sharing<S> {
    /// True if as many dealings stand as make the key.
    fn is_dealt(&self, dealt: &BTreeSet<u16>) -> bool {
        let standing = dealt.iter().filter(|dealer| !self.seen.faults().contains_key(dealer)).count();
        standing >= usize::from(self.seen.dealings_needed())
    }

    /// Takes a message in: what this receiver has to say to it, and whether it stands.
    fn handle(&mut self, message: Message<S>) -> (Option<Message<S>>, bool) {
        let said = self.own.as_mut().and_then(|own| own.handle(message.clone()).ok().flatten());
        (said, self.seen.handle(message).is_ok())
    }

    /// True if these bytes are a complaint that stands.
    fn complain(&mut self, message: &[u8]) -> bool {
        match Message::<S>::from_bytes(message) {
            Ok(complaint @ Message::Complaint(_)) => self.handle(complaint).1,
            _ => false,
        }
    }

    /// The key, and this receiver's share if those of all its dealings fit.
    fn outcome(&self) -> Option<Outcome<S>> {
        let made = self.seen.outcome().ok()?;
        let own = self.own.as_ref().and_then(|own| own.outcome().ok()).filter(|own| own.public == made.public);
        Some(own.unwrap_or(made))
    }
}

/// A ceremony that hands this key on; `seed` is that of the transport key of a replica that receives a share.
fn sharing<S: Scheme>(
    session: &[u8],
    old: &S::PublicKey,
    receivers: &[[u8; 32]],
    needed: u16,
    seed: Option<&[u8; 32]>,
) -> Result<Sharing<S>, ThresholdError> {
    let new = || Ceremony::<S>::resharing(session, old, receivers, needed);
    // Whether this replica can take part is its own matter: the chain goes on either way.
    let own = seed.and_then(|seed| new().ok()?.with_key(TransportKey::from_seed(seed)).ok());
    Ok(Sharing { seen: new()?, own })
}

impl Change {
    /// True once the dealings that stand make the keys.
    fn is_dealt(&self) -> bool {
        self.encryption.is_dealt(&self.dealt) && self.signing.is_dealt(&self.dealt)
    }

    /// Takes a dealing in; returns the complaints about it, and whether it put its dealer out.
    fn take(&mut self, dealer: u16, (encryption, signing): Dealt) -> (Vec<Note>, bool) {
        let number = self.number;
        self.dealt.insert(dealer);
        let (first, stands) = self.encryption.handle(encryption);
        let (second, stands_too) = self.signing.handle(signing);
        let complaint = |signing, message| Note::Complaint { number, signing, message };
        let first = first.map(|m| complaint(false, m.to_bytes()));
        let second = second.map(|m| complaint(true, m.to_bytes()));
        (first.into_iter().chain(second).collect(), !(stands && stands_too))
    }

    /// True if the complaint stands.
    fn complain(&mut self, signing: bool, message: &[u8]) -> bool {
        let stands = match signing {
            true => self.signing.complain(message),
            false => self.encryption.complain(message),
        };
        if stands {
            self.made = None;
        }
        stands
    }

    /// The keys, once they are dealt: the same at every replica, but for its own shares.
    fn make(&mut self) -> Option<&Made> {
        if self.made.is_none() && self.is_dealt() {
            let (encryption, signing) = (self.encryption.outcome()?, self.signing.outcome()?);
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
        let seed = seats.contains(&self.frame.me).then_some(&self.frame.transport);
        let encryption = sharing::<Encryption>(&session, &keys.public, &receivers, faults + 1, seed)?;
        let signing = sharing::<Signing>(&session, &old, &receivers, n - faults, seed)?;
        // The same however often this is handled: a member that is started again deals what it dealt.
        let randomness = *blake3::keyed_hash(&self.frame.seed, &encode(&(b"globelet dealing 1", number))).as_bytes();
        let dealing = || {
            let encryption = encryption.seen.redeal(keys.share.as_ref()?, &randomness).ok()?;
            let signing = signing.seen.redeal(self.checkpoints.own_share()?, &randomness).ok()?;
            let (encryption, signing) = (Message::Dealing(encryption), Message::Dealing(signing));
            Some(Note::Dealing { number, encryption: encryption.to_bytes(), signing: signing.to_bytes() })
        };
        let note = dealing();
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
            Note::Complaint { number, signing, message }
                if number == change.number && !change.complain(signing, &message) =>
            {
                out.misbehaviour(place, "complained of a dealing that is sound");
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

#[cfg(test)]
mod tests {
    use super::*;
    use globelet_threshold::deal;
    use globelet_threshold::signature::deal_signing;

    /// Four members hand their keys on to four others; what each of them deals.
    fn change() -> (Change, Vec<Dealt>) {
        let (encryption, shares) = deal(4, 2, &[1; 32]).unwrap();
        let (signing, signers) = deal_signing(4, 3, &[2; 32]).unwrap();
        let seed = |place: u8| [10 + place; 32];
        let receivers: Vec<[u8; 32]> = (0..4).map(|place| TransportKey::from_seed(&seed(place)).public()).collect();
        let encryption = sharing::<Encryption>(b"test", &encryption, &receivers, 2, Some(&seed(0))).unwrap();
        let signing = sharing::<Signing>(b"test", &signing, &receivers, 3, Some(&seed(0))).unwrap();
        let dealing = |(i, (share, signer)): (u8, (&KeyShare, &SigningShare))| -> Result<Dealt, ThresholdError> {
            let (first, second) = (encryption.seen.redeal(share, &[i; 32])?, signing.seen.redeal(signer, &[i; 32])?);
            Ok((Message::Dealing(first), Message::Dealing(second)))
        };
        let dealings = (0..).zip(shares.iter().zip(&signers)).map(dealing).collect::<Result<Vec<_>, _>>().unwrap();
        let (dealt, spare, ready) = Default::default();
        let (seats, made, said) = (vec![4, 5, 6, 7], None, None);
        (Change { number: 1, began: 0, seats, encryption, signing, dealt, spare, made, ready, said }, dealings)
    }

    /// The same dealing with one bit of what it seals changed.
    fn altered<S: Scheme>(message: &Message<S>) -> Message<S> {
        let mut bytes = message.to_bytes();
        let last = bytes.len() - 100;
        bytes[last] ^= 1;
        Message::from_bytes(&bytes).unwrap()
    }

    #[test]
    fn who_deals_badly_is_out_and_the_others_make_the_keys() {
        let (mut change, dealings) = change();
        let (old, old_signing) = (deal(4, 2, &[1; 32]).unwrap().0, deal_signing(4, 3, &[2; 32]).unwrap().0);
        for (dealer, (encryption, signing)) in (0..).zip(dealings) {
            assert!(!change.is_dealt() && change.make().is_none(), "three sound dealings are needed");
            let crooked = dealer == 1;
            let dealt = if crooked { (altered(&encryption), altered(&signing)) } else { (encryption, signing) };
            let (complaints, fell) = change.take(dealer, dealt);
            assert_eq!((complaints.len(), fell), (0, crooked), "everybody sees that it does not stand");
        }
        let (hash, encryption, signing) = change.make().unwrap();
        let made = (encryption.public.group_key(), signing.public.group_key());
        assert_eq!(made, (old.group_key(), old_signing.group_key()), "the old keys in new hands");
        assert!(encryption.share.is_some() && signing.share.is_some());
        assert!(!encryption.dealers.contains(&1) && !signing.dealers.contains(&1));
        let hash = *hash;
        change.ready.extend([(4, hash), (5, hash), (6, [0; 32])]);
        assert!(!change.is_ready(PATIENCE_US), "two of four are no quorum, and other keys do not count");
        change.ready.insert(6, hash);
        assert!(!change.is_ready(PATIENCE_US - 1) && change.is_ready(PATIENCE_US), "a quorum after a while");
        change.ready.insert(7, hash);
        assert!(change.is_ready(0), "all at once");
    }

    #[test]
    fn a_complaint_that_is_none_changes_nothing() {
        let (mut change, dealings) = change();
        let bytes = dealings[0].0.to_bytes();
        for noise in [&[][..], &[1, 0, 0], &bytes] {
            assert!(!change.complain(false, noise) && !change.complain(true, noise));
        }
        dealings.into_iter().zip(0..).for_each(|(dealt, dealer)| drop(change.take(dealer, dealt)));
        assert!(change.make().is_some());
    }
}
