//! S5, in the middle: once the order is fixed, decryption shares go out and the bodies are opened.
use super::hold::body_label;
use super::rounds::Early;
use super::{Municipal, Out};
use crate::message::Message;
use globelet_threshold::{self as threshold, DecryptionShare, ThresholdError};
use globelet_types::{decode, Micros};

impl Municipal {
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

    pub(super) fn take_shares(&mut self, from: u16, shares: Vec<(u16, DecryptionShare)>) {
        for (proposer, share) in shares {
            if proposer < self.round.n && share.index == from {
                self.round.shares.entry(proposer).or_default().insert(from, share);
            }
        }
    }

    pub(super) fn send_shares(&mut self, shares: Vec<(u16, DecryptionShare)>, out: &mut Out) {
        if shares.is_empty() {
            return;
        }
        if let Some(seat) = self.round.seats.own() {
            self.take_shares(seat, shares.clone());
        }
        self.round.sent_shares.extend(shares.iter().cloned());
        out.send(self.frame.others(), Message::Open { round: self.round.number, shares });
    }

    pub(super) fn ciphertext(&self, proposer: u16) -> Option<threshold::Ciphertext> {
        let body = self.vertices.body(proposer, self.round.next[usize::from(proposer)])?;
        decode(body).ok()
    }

    /// True once every included vertex is here and its orders are open.
    pub(super) fn open_bodies(&mut self, out: &mut Out) -> bool {
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
            let said = self.round.sent_shares.iter().any(|(p, _)| *p == j);
            if let Some(share) = self.epochs.keys(false).share.as_ref().filter(|_| !said) {
                late.push((j, share.decryption_share(&sealed, &self.frame.seed)));
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
        let key = &self.epochs.keys(false).public;
        if shares.len() < usize::from(key.needed()) {
            return false;
        }
        let label = body_label(self.frame.chain, proposer, sequence);
        let at_hand: Vec<DecryptionShare> = shares.values().cloned().collect();
        match threshold::combine(key, &label, sealed, &at_hand) {
            Ok(plain) => {
                let orders = self.epochs.read(proposer, &plain);
                self.round.opened.insert(proposer, orders);
                true
            }
            Err(ThresholdError::BadShares { indices }) => {
                for index in indices {
                    shares.remove(&index);
                    out.misbehaviour(
                        self.frame.committee().term().seats[usize::from(index)],
                        "sent a decryption share that does not verify",
                    );
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
}
