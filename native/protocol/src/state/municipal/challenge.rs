//! Challenges: now and then an ingress has a holder show pieces of a shard that it proved to hold, and remembers what
//! came of it. What one replica remembers is its own: nobody else decides by it.
use super::{Frame, Municipal, Out};
use crate::block::HoldingProof;
use crate::holding::{draw_input, longest_us, HolderView};
use crate::holding::{AGAIN_US, EVERY_US, PATIENCE_US, PIECE, RANGES, SOUND_PPM, WIDTH};
use crate::publication::Outcome;
use crate::{Message, Publication};
use globelet_holding::{Answer, Challenge, Commitment, HoldingError, Key, Records, Shard};
use globelet_types::{Hash, Micros, NodeId};
use globelet_vrf::{Proof, Suite};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Shards of one vertex that are cut to be asked for: all there are in a world of ordinary size.
const CUT_MOST: usize = 4;
/// Most shards that may still be asked for; the oldest go first.
const WATCHED_MOST: usize = 64;
/// After so many verdicts all counts are halved, so that who mends its ways is trusted again.
const EPOCH: u64 = 64;
/// Judged later than this after its time, a challenge tells more of the one who asked: it was away itself.
const AWAY_US: Micros = 2_000_000;

/// A held vertex of ours, from which the next challenge is drawn.
pub(crate) struct Sample {
    pub sequence: u64,
    pub hash: Hash,
    pub proofs: Vec<HoldingProof>,
    pub shards: Vec<Vec<u8>>,
    /// Node of each shard index.
    pub placed: Vec<NodeId>,
}

/// A shard that a holder proved to hold.
struct Watched {
    sequence: u64,
    vertex: Hash,
    shard: u16,
    holder: u16,
    until_us: Micros,
    commitment: Commitment,
}

/// A challenge under way.
struct Asked {
    sequence: u64,
    challenge: Challenge,
    commitment: Commitment,
    said_us: Micros,
}

/// What this replica asked holders, and what it remembers of them.
#[derive(Default)]
pub(crate) struct Challenges {
    /// Of the vertices held since the last challenge, the one with the smallest draw.
    sample: Option<(Hash, Sample)>,
    watched: VecDeque<Watched>,
    /// By place: one at a time for each holder.
    asked: BTreeMap<u16, Asked>,
    last_us: Micros,
    number: u64,
    verdicts: u64,
    /// Older counts at less weight: what S1 goes by.
    recent: Records,
    ever: Records,
}

impl Challenges {
    /// A vertex is held. Which one is asked about is drawn by a key of this replica's own: no holder can foresee it.
    pub fn consider(&mut self, seed: &[u8; 32], sample: Sample) {
        let mut hasher = blake3::Hasher::new_keyed(seed);
        hasher.update(b"globelet sample 1").update(&sample.hash);
        let draw = *hasher.finalize().as_bytes();
        if self.sample.as_ref().is_none_or(|(least, _)| draw < *least) {
            self.sample = Some((draw, sample));
        }
    }

    /// A proof that came when the vertex was held already: it counts for the sample alone.
    pub fn proved_late(
        &mut self,
        frame: &Frame,
        now: Micros,
        from: NodeId,
        (vertex, sequence): (Hash, u64),
        proof: HoldingProof,
    ) {
        let Some((_, sample)) = self.sample.as_mut().filter(|(_, s)| s.sequence == sequence) else { return };
        let its_own = sample.hash == vertex && sample.placed.get(usize::from(proof.shard)) == Some(&from);
        let known = sample.proofs.iter().any(|p| p.holder == proof.holder);
        let holds = |p: &HoldingProof| {
            p.in_time(now, longest_us(frame.parameters())).is_ok()
                && frame.committee().verify(p.holder, &p.signing_bytes(&vertex), &p.signature)
        };
        if its_own && !known && holds(&proof) {
            sample.proofs.push(proof);
        }
    }

    /// A holder keeps a shard longer, so it may be asked for it longer.
    pub fn extended(&mut self, vertex: &Hash, proof: &HoldingProof) {
        let same = |w: &&mut Watched| w.vertex == *vertex && w.holder == proof.holder;
        self.watched.iter_mut().filter(same).for_each(|w| w.until_us = w.until_us.max(proof.until_us));
    }

    fn sample_due(&mut self, now: Micros) -> Option<Sample> {
        if self.last_us.saturating_add(EVERY_US) > now {
            return None;
        }
        let (_, sample) = self.sample.take()?;
        self.last_us = now;
        Some(sample)
    }

    /// Works out what the holders of the sample must be able to show, or a few of them if there are many.
    fn watch(&mut self, sample: &Sample, replicas: u16, draw: u64) {
        let proofs: Vec<&HoldingProof> = sample.proofs.iter().filter(|p| p.holder >= replicas).collect();
        let first = (draw % proofs.len().max(1) as u64) as usize;
        for proof in proofs.iter().cycle().skip(first).take(proofs.len().min(CUT_MOST)) {
            let bytes = sample.shards.get(usize::from(proof.shard)).cloned().unwrap_or_default();
            let Ok(cut) = Shard::cut(bytes, PIECE) else { continue };
            self.watched.push_back(Watched {
                sequence: sample.sequence,
                vertex: sample.hash,
                shard: proof.shard,
                holder: proof.holder,
                until_us: proof.until_us,
                commitment: cut.commitment(),
            });
        }
        while self.watched.len() > WATCHED_MOST {
            self.watched.pop_front();
        }
    }

    /// A shard that its holder will still have to keep at `until`: of those who are not being asked each is as likely,
    /// however many of its shards are known.
    fn pick(&mut self, until: Micros, draw: u64) -> Option<&Watched> {
        self.watched.retain(|w| w.until_us > until);
        let free = self.watched.iter().map(|w| w.holder).filter(|h| !self.asked.contains_key(h));
        let free: Vec<u16> = free.collect::<BTreeSet<u16>>().into_iter().collect();
        let holder = *chosen(&free, draw)?;
        let its: Vec<&Watched> = self.watched.iter().filter(|w| w.holder == holder).collect();
        chosen(&its, draw / free.len() as u64).copied()
    }

    fn note(&mut self, key: Key, outcome: Outcome) {
        // There is room: holders are those of the genesis.
        let _ = self.recent.note(key, outcome).and_then(|()| self.ever.note(key, outcome));
    }

    fn verdict(&mut self, key: Key, outcome: Outcome) {
        self.note(key, outcome);
        self.verdicts += 1;
        if self.verdicts.is_multiple_of(EPOCH) {
            self.recent.close_epoch();
        }
    }
}

fn chosen<T>(from: &[T], draw: u64) -> Option<&T> {
    from.get((draw % from.len().max(1) as u64) as usize)
}

fn number(output: &[u8]) -> u64 {
    output.iter().take(8).fold(0, |n, byte| n << 8 | u64::from(*byte))
}

impl Frame {
    fn key_of(&self, node: NodeId) -> Key {
        self.genesis.nodes[node.index()].signing
    }

    pub(super) fn holder_at(&self, place: u16) -> Option<NodeId> {
        let committee = self.committee();
        committee.holders.get(usize::from(place.checked_sub(committee.size())?)).copied()
    }
}

impl Municipal {
    /// An interval is over, so something was signed in it: judges what was not answered, asks again, asks anew. An idle
    /// municipality has no intervals but those that an answer is waited for in.
    pub(super) fn challenges_due(&mut self, now: Micros, out: &mut Out) {
        self.judge_unanswered(now, out);
        self.challenge_again(now, out);
        if let Some(sample) = self.challenges.sample_due(now) {
            self.challenge(now, sample, out);
        }
        if !self.challenges.asked.is_empty() {
            self.interval.want_another();
        }
    }

    fn judge_unanswered(&mut self, now: Micros, out: &mut Out) {
        let over = |asked: &Asked| asked.challenge.due_us < now;
        let due: Vec<u16> = self.challenges.asked.iter().filter(|(_, a)| over(a)).map(|(place, _)| *place).collect();
        for place in due {
            let Some(asked) = self.challenges.asked.remove(&place) else { continue };
            let was_away = asked.challenge.due_us.saturating_add(self.interval.length_us + AWAY_US) < now;
            if !was_away {
                self.conclude(place, Outcome::Missed, out);
            }
        }
    }

    fn challenge_again(&mut self, now: Micros, out: &mut Out) {
        for (place, asked) in &mut self.challenges.asked {
            if let Some(node) = self.frame.holder_at(*place).filter(|_| asked.said_us + AGAIN_US <= now) {
                asked.said_us = now;
                let (sequence, challenge) = (asked.sequence, asked.challenge);
                out.send(vec![node], Message::Challenge { sequence, challenge });
            }
        }
    }

    fn challenge(&mut self, now: Micros, sample: Sample, out: &mut Out) {
        let replicas = self.frame.committee().size();
        for place in sample.proofs.iter().map(|p| p.holder) {
            if let Some(node) = self.frame.holder_at(place) {
                self.challenges.note(self.frame.key_of(node), Outcome::Acknowledged);
            }
        }
        let Some(output) = self.challenge_draw() else { return };
        self.challenges.watch(&sample, replicas, number(&output[..8]));
        let due_us = now + PATIENCE_US;
        let kept_until = due_us.saturating_add(self.frame.parameters().skew_us);
        let Some(watched) = self.challenges.pick(kept_until, number(&output[8..16])) else { return };
        let mut seed = [0; 32];
        seed.copy_from_slice(&output[32..]);
        let (vertex, shard, holder) = (watched.vertex, watched.shard, watched.holder);
        let challenge = Challenge { vertex, shard, holder, seed, ranges: RANGES, width: WIDTH, due_us };
        let (sequence, commitment) = (watched.sequence, watched.commitment);
        let Some(node) = self.frame.holder_at(holder) else { return };
        self.challenges.asked.insert(holder, Asked { sequence, challenge, commitment, said_us: now });
        // On disk first: drawn anew after a crash, the number's seed would be known to a holder.
        out.persist();
        out.send(vec![node], Message::Challenge { sequence, challenge });
    }

    /// The VRF's output for the next challenge: nobody but this replica can know it before.
    fn challenge_draw(&mut self) -> Option<[u8; 64]> {
        self.challenges.number += 1;
        let alpha = draw_input(self.frame.chain, self.frame.me, self.challenges.number);
        let proof = self.frame.vrf.prove(&alpha);
        Proof::from_bytes(&proof).map(|p| p.output(Suite::Tai)).ok()
    }

    /// A holder answered.
    pub(super) fn answered(
        &mut self,
        now: Micros,
        from: NodeId,
        challenge: &Challenge,
        answer: &Answer,
        out: &mut Out,
    ) {
        let Some(place) = self.frame.committee().place(from) else { return };
        let Some(asked) = self.challenges.asked.get(&place).filter(|a| a.challenge == *challenge) else { return };
        let outcome = match answer.verify(&asked.commitment, challenge, &self.frame.key_of(from), now) {
            Ok(()) => Outcome::Passed,
            Err(HoldingError::WrongAnswer { .. }) => Outcome::Wrong,
            // Too late, or not the holder's word: as if nothing had come.
            Err(_) => return,
        };
        self.challenges.asked.remove(&place);
        self.conclude(place, outcome, out);
    }

    fn conclude(&mut self, place: u16, outcome: Outcome, out: &mut Out) {
        let Some(holder) = self.frame.holder_at(place) else { return };
        self.challenges.verdict(self.frame.key_of(holder), outcome);
        if outcome == Outcome::Wrong {
            out.misbehaviour(place, "answered a challenge with pieces that are not its shard's");
        }
        out.publish(Publication::Challenged { holder, outcome });
    }

    fn score_ppm(&self, holder: NodeId) -> u32 {
        self.challenges.recent.record(&self.frame.key_of(holder)).score_ppm()
    }

    /// S1: a holder's weight, as far as its record lets it count. One that has any keeps some.
    pub(super) fn weigh(&self, holder: NodeId, weight: u64) -> u64 {
        weight.saturating_mul(u64::from(self.score_ppm(holder).max(1)))
    }

    /// S1: how many of the last of these places are not asked at first. As many holders are asked as have a sound
    /// record, and never fewer than a vertex needs beside a quorum of replicas.
    pub(super) fn standing_back(&self, placed: &[NodeId]) -> usize {
        let committee = self.frame.committee();
        let holders = placed.get(usize::from(committee.size())..).unwrap_or_default();
        let sound = holders.iter().filter(|h| self.score_ppm(**h) >= SOUND_PPM).count();
        let needed = usize::from(self.frame.parameters().proofs_needed).saturating_sub(committee.quorum());
        holders.len() - sound.max(needed).min(holders.len())
    }

    /// What this replica saw of each holder.
    pub(super) fn holders_seen(&self) -> BTreeMap<NodeId, HolderView> {
        let seen = |node: &NodeId| {
            let ever = self.challenges.ever.record(&self.frame.key_of(*node));
            (*node, HolderView::new(ever, self.score_ppm(*node)))
        };
        self.frame.committee().holders.iter().map(seen).collect()
    }
}
