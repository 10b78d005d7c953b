//! S5 and R5: rounds. A common subset of each proposer's next vertex and the next parcels of each lane enters; then the
//! bodies are opened.
use super::coins::Coins;
use super::rounds::{Early, Included, LANE_PLACES};
use super::{Municipal, Out};
use crate::block::ParcelRef;
use crate::message::Message;
use crate::Timer;
use globelet_abba::{AbbaMessage, Subset};
use globelet_threshold::CoinShare;
use globelet_types::{ChainId, Micros};

/// Most messages of one agreement message.
const MESSAGES_MOST: usize = 4096;
/// Parcels that bring no money wait this many times `batch_us` for a round that others call.
const SETTLING_WAITS: u64 = 2;

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

    /// When the parcels that are next in their lanes want a round: those that bring money or accounts at once, those that
    /// only settle a while after they came.
    fn parcels_due(&self) -> Option<Micros> {
        let patience = SETTLING_WAITS * self.frame.parameters().batch_us;
        let due = |place: (ChainId, u64)| {
            let arrived = self.inbox.arrived.get(&place)?;
            let wait = if arrived.parcel.wants_settlement() { 0 } else { patience };
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
        let inputs = self.inputs();
        self.agree_on(number, out, |subset, coins, said| {
            let made = subset.propose(|i| inputs.get(usize::from(i)) == Some(&true));
            coins.serve(subset, made, said);
        });
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
        self.round.absent = !self.round.subset.complete();
        self.hurry(out);
        self.advance(now, out);
    }

    /// Lets the instances of this round go on without the inputs that are missing.
    fn hurry(&mut self, out: &mut Out) {
        self.agree_on(self.round.number, out, |subset, coins, said| {
            let made = subset.hurry(&mut |i, toss, shares| coins.draw(i, toss, shares));
            coins.serve(subset, made, said);
        });
    }

    /// Steps of one round's agreement, and whatever follows from them.
    fn agree_on(
        &mut self,
        round: u64,
        out: &mut Out,
        steps: impl FnOnce(&mut Subset, &Coins<'_>, &mut Vec<(u16, AbbaMessage)>),
    ) {
        let (keys, chain) = (self.epochs.keys(round < self.round.since), self.frame.chain);
        let coins = Coins { own: keys.share.as_ref(), committee: &keys.public, chain, round };
        // Who stands by in this round has no voice.
        let voice = self.round.seats_in(round).own().is_some();
        let Some(subset) = self.round.subset(round).filter(|_| voice) else { return };
        let mut said = Vec::new();
        steps(subset, &coins, &mut said);
        self.say(round, said, out);
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
        out.send(self.peers_in(round), Message::Agree { round, messages });
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
        self.agree_on(round, out, |subset, coins, said| {
            for (instance, message) in messages {
                let draw = &mut |i, toss, shares: &[CoinShare]| coins.draw(i, toss, shares);
                // An instance that does not exist has nothing to say.
                if let Ok(made) = subset.handle(from, instance, message, draw) {
                    coins.serve(subset, made, said);
                }
            }
        });
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
            self.tell_standbys(number, out);
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
            if let (Some(sealed), Some(share)) = (self.ciphertext(j), &self.epochs.keys(false).share) {
                shares.push((j, share.decryption_share(&sealed, &self.frame.seed)));
            }
        }
        // Bodies still missing get their share from open_bodies, once they are here.
        self.round.included = Some(Included { proposers, parcels });
        self.send_shares(shares, out);
        true
    }

    /// True once every parcel that enters is here. All that are missing are asked for at once.
    fn parcels_present(&mut self, out: &mut Out) -> bool {
        let parcels = self.round.included.clone().unwrap_or_default().parcels;
        parcels.into_iter().fold(true, |present, (source, number)| self.parcel_at_hand(source, number, out) && present)
    }
}
