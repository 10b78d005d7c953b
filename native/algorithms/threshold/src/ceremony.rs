//! How a committee makes a key that nobody holds, and hands it on to the next committee.
//!
//! A [`Ceremony`] is a state machine: messages in, at most one message out, randomness as an argument. A member
//! 1. makes its [`Dealing`] ([`Ceremony::deal`], or [`Ceremony::redeal`] of its share of an old key) and broadcasts it,
//! 2. gives every message that is broadcast, its own too, to [`Ceremony::handle`], and broadcasts what that returns: a
//!    [`Complaint`] about a share that does not fit,
//! 3. calls [`Ceremony::outcome`] once everything that was to come has come: two message delays where all is timely.
//!
//! **Generation** is Pedersen's ("A Threshold Cryptosystem without a Trusted Party", Eurocrypt '91): each member deals a
//! secret after Feldman, the key is the sum of those that stand. Each dealer proves that it knows what it deals, so that no
//! dealing can be made to cancel others. **Resharing** is Desmedt and Jajodia's ("Redistributing Secret Shares to New Access
//! Structures", 1997): each old member deals its own share, bound to its old verification key; the new shares are the
//! combination of `needed` of them that gives the old secret, so the public key stays, while old and new shares do not fit
//! together. Shares travel sealed in the broadcast, and a complaint proves itself (as in Schindler, Judmayer, Stifter, Weippl,
//! "EthDKG", 2019): there is no round in which a dealer answers.
//!
//! **What the caller owes.** The broadcast gives the same messages to all (a ledger does), in any order; a dealing's author is
//! checked to be its dealer; messages stop before anybody asks for the outcome. Then all honest members have the same outcome,
//! whatever the order was, if at most `needed − 1` members of each committee are not honest and at least `needed` are.
//!
//! **Not promised.** Who deals last sees the others' commitments and may stay away, so it can influence bits of the key it
//! likes; for the encryption and signatures here this is harmless (Gennaro, Jarecki, Krawczyk, Rabin, "Secure Applications of
//! Pedersen's Distributed Key Generation Protocol", 2003). Old shares still open the old key's secrets: their holders
//! must wipe them.
//!
//! Cost for n members of whom `needed` are enough: a dealing is O(n) to make and to check, an outcome O(n · needed).

use std::collections::BTreeMap;

use curve25519_dalek::ristretto::RistrettoPoint;
use zeroize::Zeroizing;

use crate::group::wide_hash;
use crate::scheme::{Scheme, Secret};
use crate::transport::{transport_public, TransportKey};
use crate::{DealerFault, ThresholdError};

#[cfg(test)]
mod cheats;
mod complaint;
mod dealing;
mod message;
mod outcome;
mod reader;

pub use complaint::Complaint;
pub use dealing::Dealing;
pub use message::Message;
pub use outcome::Outcome;

use dealing::Dealer;

/// One member's view of a ceremony, or an observer's.
#[derive(Debug)]
pub struct Ceremony<S: Scheme> {
    /// Hash of all that members must agree on beforehand.
    context: [u8; 32],
    /// Where the secrets come from: nowhere for a new key, members' keys of the old committee for one that is handed on.
    old: Option<Old<S>>,
    receivers: Vec<RistrettoPoint>,
    needed: u16,
    own: Option<(u16, TransportKey)>,
    dealings: BTreeMap<u16, Dealing<S>>,
    /// Boxed, since a map moves what is in it and leaves copies behind.
    shares: BTreeMap<u16, Box<Secret<S>>>,
    /// Complaints that came before the dealings they are about, by receiver and dealer.
    waiting: BTreeMap<(u16, u16), Complaint>,
    faults: BTreeMap<u16, DealerFault>,
}

#[derive(Debug)]
struct Old<S: Scheme> {
    group: S::Element,
    members: Vec<S::Element>,
    needed: u16,
}

impl<S: Scheme> Ceremony<S> {
    /// A ceremony for a new key, in which all members deal. `session` names it and must never be used for another;
    /// `receivers` are the members' transport keys in order.
    ///
    /// # Errors
    /// [`ThresholdError::Threshold`] unless 1 <= needed <= members <= 65,535; [`ThresholdError::Encoding`] for a transport key.
    pub fn generation(session: &[u8], receivers: &[[u8; 32]], needed: u16) -> Result<Self, ThresholdError> {
        Self::new(session, None, receivers, needed)
    }

    /// A ceremony that hands the key `old` to a new committee, of which any `needed` will be enough. Members of the old committee
    /// deal, those of the new one receive; one and the same node may do both, under different numbers.
    ///
    /// # Errors
    /// As [`Ceremony::generation`].
    pub fn resharing(
        session: &[u8],
        old: &S::PublicKey,
        receivers: &[[u8; 32]],
        needed: u16,
    ) -> Result<Self, ThresholdError> {
        let (group, members, old_needed) = S::parts(old);
        Self::new(session, Some(Old { group, members, needed: old_needed }), receivers, needed)
    }

    fn new(session: &[u8], old: Option<Old<S>>, receivers: &[[u8; 32]], needed: u16) -> Result<Self, ThresholdError> {
        let members = u16::try_from(receivers.len()).unwrap_or(0);
        if needed == 0 || needed > members {
            return Err(ThresholdError::Threshold { n: members, needed });
        }
        let keys = receivers.iter().map(transport_public).collect::<Result<_, _>>()?;
        let context = context::<S>(session, old.as_ref(), receivers, needed);
        let (dealings, shares, waiting, faults) = Default::default();
        Ok(Self { context, old, receivers: keys, needed, own: None, dealings, shares, waiting, faults })
    }

    /// Makes this the view of the receiver with this key; without, it is an observer's, whose outcome is the public key alone.
    /// To be called before any message is handled.
    ///
    /// # Errors
    /// [`ThresholdError::NoSuchMember`] if the key is none of the receivers'.
    pub fn with_key(mut self, key: TransportKey) -> Result<Self, ThresholdError> {
        let members = self.members();
        let index = (0..).zip(&self.receivers).find(|(_, public)| **public == key.public);
        let (index, _) = index.ok_or(ThresholdError::NoSuchMember { index: members, members })?;
        self.own = Some((index, key));
        Ok(self)
    }

    /// Receivers.
    pub fn members(&self) -> u16 {
        self.receivers.len() as u16
    }

    /// Members who may deal.
    pub fn dealers(&self) -> u16 {
        self.old.as_ref().map_or(self.members(), |old| old.members.len() as u16)
    }

    /// Dealings that must stand.
    pub fn dealings_needed(&self) -> u16 {
        self.old.as_ref().map_or(self.needed, |old| old.needed)
    }

    /// The dealers that are out, each with the reason.
    pub fn faults(&self) -> &BTreeMap<u16, DealerFault> {
        &self.faults
    }

    /// A member's dealing of a fresh secret. `randomness` must be fresh, and be wiped by the caller.
    ///
    /// # Errors
    /// [`ThresholdError::NoSuchMember`]; [`ThresholdError::WrongCeremony`] if this one hands on an old key.
    pub fn deal(&self, dealer: u16, randomness: &[u8; 32]) -> Result<Dealing<S>, ThresholdError> {
        if self.old.is_some() {
            return Err(ThresholdError::WrongCeremony("hands on an old key: deal your share of it"));
        }
        self.check_dealer(dealer)?;
        Ok(self.dealer(dealer, randomness).deal(None, self.needed))
    }

    /// An old member's dealing of its share of the old key. `randomness` must be fresh, and be wiped by the caller.
    ///
    /// # Errors
    /// [`ThresholdError::WrongCeremony`] if this one makes a new key; [`ThresholdError::BadShares`] for a share of another key.
    pub fn redeal(&self, share: &S::KeyShare, randomness: &[u8; 32]) -> Result<Dealing<S>, ThresholdError> {
        let Some(old) = &self.old else {
            return Err(ThresholdError::WrongCeremony("makes a new key: there is no old share to deal"));
        };
        let (index, secret) = S::share_parts(share);
        if old.members.get(usize::from(index)) != Some(&S::times_base(&secret.0)) {
            return Err(ThresholdError::BadShares { indices: vec![index] });
        }
        Ok(self.dealer(index, randomness).deal(Some(secret), self.needed))
    }

    fn dealer<'a>(&'a self, index: u16, randomness: &'a [u8; 32]) -> Dealer<'a> {
        Dealer { context: &self.context, index, receivers: &self.receivers, randomness }
    }

    fn check_dealer(&self, index: u16) -> Result<(), ThresholdError> {
        let members = self.dealers();
        (index < members).then_some(()).ok_or(ThresholdError::NoSuchMember { index, members })
    }

    /// Takes in a message; returns a complaint that is to be broadcast, if the message is a dealing whose share for this
    /// receiver does not fit. A message that came before changes nothing.
    ///
    /// # Errors
    /// [`ThresholdError::NoSuchMember`]; [`ThresholdError::BadDealer`] when the message puts its dealer out;
    /// [`ThresholdError::BadComplaint`]. The ceremony goes on after each of them.
    pub fn handle(&mut self, message: Message<S>) -> Result<Option<Message<S>>, ThresholdError> {
        match message {
            Message::Dealing(dealing) => self.take_dealing(dealing),
            Message::Complaint(complaint) => self.take_complaint(complaint).map(|()| None),
        }
    }

    fn put_out(&mut self, dealer: u16, fault: DealerFault) -> ThresholdError {
        // The least is kept, whichever came first: all members name the same.
        self.faults.entry(dealer).and_modify(|known| *known = fault.min(*known)).or_insert(fault);
        ThresholdError::BadDealer { dealer, fault }
    }

    fn take_dealing(&mut self, dealing: Dealing<S>) -> Result<Option<Message<S>>, ThresholdError> {
        let dealer = dealing.dealer;
        self.check_dealer(dealer)?;
        match self.dealings.get(&dealer) {
            Some(before) if *before == dealing => return Ok(None),
            Some(_) => return Err(self.put_out(dealer, DealerFault::Equivocation)),
            None => {}
        }
        let fault = self.fault_of(&dealing);
        let complaint = if fault.is_none() { self.take_share(&dealing) } else { None };
        self.dealings.insert(dealer, dealing);
        if let Some(fault) = fault {
            return Err(self.put_out(dealer, fault));
        }
        let early = self.waiting.extract_if(.., |(_, of), _| *of == dealer).map(|(_, complaint)| complaint);
        for complaint in early.collect::<Vec<_>>() {
            // What does not stand leaves the dealer in, and there is nobody to tell any more who sent it.
            let _ = self.take_complaint(complaint);
        }
        Ok(complaint.map(Message::Complaint))
    }

    /// What everybody can see to be wrong with a dealing.
    fn fault_of(&self, dealing: &Dealing<S>) -> Option<DealerFault> {
        if !dealing.is_sound(&self.context, self.receivers.len(), self.needed) {
            return Some(DealerFault::Dealing);
        }
        let members = self.old.as_ref().map(|old| &old.members)?;
        let own = members.get(usize::from(dealing.dealer)) == Some(&dealing.commitments[0]);
        (!own).then_some(DealerFault::OtherShare)
    }

    /// Keeps this receiver's share of a sound dealing, or puts the dealer out and says why.
    fn take_share(&mut self, dealing: &Dealing<S>) -> Option<Complaint> {
        let (index, key) = self.own.as_ref()?;
        let shared = Zeroizing::new(key.secret.0 * dealing.ephemeral);
        if let Some(share) = dealing.share(&self.context, *index, &shared) {
            self.shares.insert(dealing.dealer, Box::new(share));
            return None;
        }
        let complaint = Complaint::new(*index, key, dealing, &self.context);
        self.put_out(dealing.dealer, DealerFault::Share);
        Some(complaint)
    }

    fn take_complaint(&mut self, complaint: Complaint) -> Result<(), ThresholdError> {
        let (receiver, dealer) = (complaint.receiver, complaint.dealer);
        self.check_dealer(dealer)?;
        let members = self.members();
        let public = *self
            .receivers
            .get(usize::from(receiver))
            .ok_or(ThresholdError::NoSuchMember { index: receiver, members })?;
        let about = |dealing: &&Dealing<S>| dealing.digest(&self.context) == complaint.dealing;
        let Some(dealing) = self.dealings.get(&dealer).filter(about) else {
            // The dealing has not come, or the dealer sent two and this is about the other.
            self.waiting.entry((receiver, dealer)).or_insert(complaint);
            return Ok(());
        };
        let laid_open = complaint.is_sound(public, dealing.ephemeral);
        if !laid_open || dealing.share(&self.context, receiver, &complaint.shared).is_some() {
            return Err(ThresholdError::BadComplaint { receiver, dealer });
        }
        self.put_out(dealer, DealerFault::Share);
        Ok(())
    }
}

/// Hash of what members must agree on: the scheme, the session, who may deal what, who receives, how many are enough.
fn context<S: Scheme>(session: &[u8], old: Option<&Old<S>>, receivers: &[[u8; 32]], needed: u16) -> [u8; 32] {
    let mut before = Vec::new();
    if let Some(old) = old {
        before.extend(old.needed.to_le_bytes());
        let keys = std::iter::once(&old.group).chain(&old.members);
        keys.for_each(|key| before.extend(S::write(key)));
    }
    let parts = [S::NAME.as_bytes(), session, &before, receivers.as_flattened(), &needed.to_le_bytes()];
    let wide = wide_hash("globelet threshold 1: ceremony", &parts);
    wide.first_chunk().copied().unwrap_or_default()
}
