//! How something happens to an honest member, and what of its state makes a difference.
use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Committee, High, Honest, Move, Proof, World, N, QUORUM};
use crate::{Action, Certificate, Crypto, Hash, Hotstuff, HotstuffMessage, Phase};
use crate::{TimeoutCertificate, TimeoutVote};

/// Every signature holds: the model offers none that could not be made.
struct Trusting;

impl Crypto for Trusting {
    fn sign(&self, _: &[u8]) -> [u8; 64] {
        [0; 64]
    }

    fn verify(&self, _: u16, _: &[u8], _: &[u8; 64]) -> bool {
        true
    }
}

impl Committee {
    fn place(&self, block: &Hash) -> usize {
        self.blocks.iter().position(|(hash, _)| hash == block).unwrap()
    }

    fn proof(&self, certificate: &Certificate) -> Proof {
        let Certificate { view, phase, block, .. } = certificate;
        Proof { view: *view, commits: *phase == Phase::Commit, block: self.place(block) }
    }

    fn certificate(&self, proof: Proof) -> Certificate {
        let phase = if proof.commits { Phase::Commit } else { Phase::Prepare };
        let signatures = (0..N).take(QUORUM).map(|member| (member, [0; 64])).collect();
        Certificate { phase, view: proof.view, height: 1, block: self.blocks[proof.block].0, signatures }
    }

    fn timeout(&self, view: u64, high: High) -> TimeoutCertificate {
        let (high_height, high_view) = high.map_or((0, 0), |high| (1, high.view));
        let vote = |member| TimeoutVote { member, high_height, high_view, signature: [0; 64] };
        TimeoutCertificate {
            view,
            high: high.map(|high| self.certificate(high)),
            votes: (0..N).take(QUORUM).map(vote).collect(),
        }
    }

    /// The message that is all of a step.
    fn message(&self, step: Move) -> HotstuffMessage {
        let block = |place: usize| (self.blocks[place].1.clone(), Vec::new());
        match step {
            Move::Advance(view, high) => HotstuffMessage::Advance { timeout: self.timeout(view, high) },
            Move::Propose(view, place, high) => {
                let ((header, payload), timeout) =
                    (block(place), view.checked_sub(1).map(|view| self.timeout(view, high)));
                HotstuffMessage::Propose { header, payload, justify: None, timeout }
            }
            Move::Prepared(proof) => HotstuffMessage::Prepared { certificate: self.certificate(proof) },
            Move::Committed(proof) => {
                HotstuffMessage::Committed { header: block(proof.block).0, certificate: self.certificate(proof) }
            }
            Move::Learn(_) | Move::Join(_) | Move::Expire => unreachable!("{step:?} is no message"),
        }
    }

    /// Somebody's time-out of a view.
    fn given_up(&self, view: u64, high: High) -> HotstuffMessage {
        let high = high.map(|high| self.certificate(high));
        HotstuffMessage::Timeout { view, high, height: 0, signature: [0; 64] }
    }

    /// Lets a step happen to a member.
    pub(super) fn happen(&self, state: &mut Hotstuff, step: Move) -> Vec<Action> {
        let others: Vec<u16> = (0..N).filter(|member| *member != state.me).collect();
        let hear = |state: &mut Hotstuff, from, message| state.handle(0, from, message, &|_, _| true, &Trusting);
        match step {
            Move::Expire => {
                (state.armed, state.deadline_us) = (Some(state.view), Some(0));
                state.timer(0, state.view, &Trusting)
            }
            Move::Join(view) => {
                // One of a later view counts as well, and these two and its own are no quorum that would end this one.
                let mut actions = hear(state, others[0], self.given_up(view + 1, None));
                actions.extend(hear(state, others[1], self.given_up(view, None)));
                actions
            }
            Move::Learn(proof) => hear(state, others[0], self.given_up(state.view, Some(proof))),
            Move::Propose(view, ..) => hear(state, Self::leader(view), self.message(step)),
            _ => hear(state, others[0], self.message(step)),
        }
    }

    /// Carries out what a step asks for; a leader with work to do proposes its first block.
    pub(super) fn settle(&self, world: &mut World, place: usize, mut member: Honest, mut actions: Vec<Action>) {
        let state = &mut member.state;
        while !actions.is_empty() {
            for action in std::mem::take(&mut actions) {
                match action {
                    Action::Broadcast(HotstuffMessage::Propose { header, timeout, .. }) => {
                        let high = timeout.and_then(|timeout| timeout.high).map(|high| self.proof(&high));
                        world.proposed.insert(state.view, (self.place(&header.hash()), high));
                    }
                    Action::Broadcast(HotstuffMessage::Timeout { view, high, .. }) => {
                        world.gave_up.entry((state.me, view)).or_insert(high.map(|high| high.view));
                    }
                    Action::Send(_, HotstuffMessage::Vote { phase, view, block, .. }) => {
                        self.voted(world, state.me, (phase, view, block));
                    }
                    Action::Commit { certificate, .. } => member.done = Some(self.proof(&certificate)),
                    _ => {}
                }
            }
            if state.ready_to_propose() && state.height == 0 {
                let payload_root = [0; 32];
                actions = state.propose(0, Vec::new(), payload_root, &Trusting);
            }
        }
        // A leader's own votes are not sent, but they are signed.
        for (phase, vote) in [Phase::Prepare, Phase::Commit].into_iter().zip(state.voted) {
            if let Some((_, view, block)) = vote {
                self.voted(world, state.me, (phase, view, block));
            }
        }
        self.plain(world, state);
        let bytes = borsh::to_vec(&(&*state, format!("{:?}", member.done))).unwrap();
        member.digest = u64::from_le_bytes(blake3::hash(&bytes).as_bytes()[..8].try_into().unwrap());
        world.honest[place] = Arc::new(member);
        self.forget(world);
    }

    fn voted(&self, world: &mut World, member: u16, (phase, view, block): (Phase, u64, Hash)) {
        let proof = Proof { view, commits: phase == Phase::Commit, block: self.place(&block) };
        *world.votes.entry(proof).or_default() |= 1 << member;
    }

    /// Takes out of a member's state what makes no difference here.
    fn plain(&self, world: &World, state: &mut Hotstuff) {
        let (me, view) = (state.me, state.view);
        let gives_up_again = view + 1 < self.last || view < self.last && !world.gave_up.contains_key(&(me, view));
        state.high = state.high.take().filter(|_| gives_up_again).map(|high| self.certificate(self.proof(&high)));
        // Who does not lead takes what began a view from the proposal.
        let begins = state.is_leader() && state.flight.is_none() && state.height == 0 && state.stopped <= view;
        let entered = state.entered.take().filter(|_| begins);
        state.entered = entered.map(|entered| self.timeout(entered.view, entered.high.map(|high| self.proof(&high))));
        // What a leader makes of votes, the liar can make too.
        if let Some(flight) = &mut state.flight {
            (flight.prepare, flight.commit, flight.prepared) = Default::default();
        }
        let counts = |vote: &(u64, u64, Hash)| state.height == 0 && vote.1 == view && state.stopped <= view;
        state.voted = state.voted.map(|vote| vote.filter(counts));
        state.stopped = if state.stopped > view { state.stopped } else { 0 };
        (state.seen, state.head_certificate, state.ahead) = (None, None, None);
        (state.armed, state.deadline_us, state.expecting, state.failures) = (None, None, false, 0);
        (state.target, state.asked) = (0, (0, 0));
        (state.wishes, state.early, state.history) = Default::default();
        let all = self.blocks.iter().map(|(hash, header)| (*hash, (header.clone(), Vec::new())));
        state.blocks = if state.height == 0 { all.collect() } else { BTreeMap::new() };
        if state.height > 0 {
            state.flight = None;
        }
    }

    /// Forgets votes that come to nothing.
    fn forget(&self, world: &mut World) {
        let may_vote = |state: &Hotstuff, view| state.height == 0 && state.view <= view && state.stopped <= view;
        let honest = &world.honest;
        let open = |view| honest.iter().any(|member| may_vote(&member.state, view));
        world.votes.retain(|proof, votes| {
            let enough = self.enough(*votes);
            if enough {
                *votes = u8::MAX;
            }
            enough || open(proof.view)
        });
    }
}
