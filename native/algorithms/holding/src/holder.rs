//! A holder: keeps shards it cannot read, and signs that it does.

use std::collections::{BTreeMap, BTreeSet};

use globelet_clock::Stamp;
use globelet_signatures::SigningKey;
use globelet_types::{Hash, Micros};

use crate::proof::signed;
use crate::{
    Answer, Challenge, Commitment, Content, Extension, HoldingError, HoldingProof, Key, Request, Shard, Wanted,
};

/// What a holder takes at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all shards together.
    pub bytes: u64,
    /// Number of shards.
    pub shards: usize,
    /// Longest time from now that it promises anything for, in microseconds.
    pub longest_us: u64,
}

/// A shard kept durably.
struct Kept {
    vertex: Hash,
    shard: u16,
    asker: Key,
    since: Stamp,
    until_us: Micros,
    body: Body,
}

impl Kept {
    fn promise(&self, key: &SigningKey, node: u16) -> HoldingProof {
        HoldingProof::sign(key, &self.vertex, node, self.shard, self.since, self.until_us)
    }

    fn is<P>(&self, wanted: &Wanted<P>) -> bool {
        let Wanted { vertex, shard, asker, content, .. } = wanted;
        self.vertex == *vertex && self.shard == *shard && self.asker == *asker && self.body.content() == *content
    }
}

/// The bytes of a shard, with the tree over its pieces if they were checked by it.
enum Body {
    Cut(Shard),
    Whole { bytes: Vec<u8>, piece: u32 },
}

impl Body {
    fn bytes(&self) -> &[u8] {
        match self {
            Body::Cut(shard) => shard.bytes(),
            Body::Whole { bytes, .. } => bytes,
        }
    }

    fn content(&self) -> Content {
        match self {
            Body::Cut(shard) => Content::Committed(shard.commitment()),
            Body::Whole { piece, .. } => Content::Checked { piece: *piece },
        }
    }
}

/// A node that holds shards for others, each under a place: vertex and shard for [`Request`]s, or whatever the caller
/// tells shards apart by.
pub struct Holder<P = (Hash, u16)> {
    node: u16,
    key: SigningKey,
    limits: Limits,
    // Boxed, since a tree keeps room for as many entries again.
    kept: BTreeMap<P, Box<Kept>>,
    /// The places by the end of their time.
    ends: BTreeSet<(Micros, P)>,
    bytes: u64,
}

impl<P: Copy + Ord> Holder<P> {
    /// A holder with nothing kept; `node` is its index in the chain's table of nodes, `key` signs what it promises.
    pub fn new(node: u16, key: SigningKey, limits: Limits) -> Holder<P> {
        Holder { node, key, limits, kept: BTreeMap::new(), ends: BTreeSet::new(), bytes: 0 }
    }

    /// The key that its proofs and answers verify by.
    pub fn public(&self) -> Key {
        self.key.public()
    }

    /// Takes a shard in and acknowledges it, if `stands` says that who asks has a right to: it is asked only about what
    /// is not kept yet. Asked again for what it keeps, the holder gives the same proof again. The driver has the shard on
    /// its disk before the proof leaves. O(length) for content it has to check, O(log shards) otherwise.
    ///
    /// # Errors
    /// `Malformed`; `BadSignature` if the request does not stand; `WrongShard` if `bytes` is not what is committed to;
    /// `OutOfTime` for a time to live of zero or beyond the limit; `Conflict` if the place is taken by another shard or
    /// asker; `NoRoom`.
    pub fn keep(
        &mut self,
        now: Stamp,
        wanted: &Wanted<P>,
        bytes: Vec<u8>,
        stands: impl FnOnce() -> bool,
    ) -> Result<HoldingProof, HoldingError> {
        if let Some(kept) = self.kept.get(&wanted.place).filter(|kept| kept.until_us > now.micros) {
            let same = kept.is(wanted);
            return if same { Ok(kept.promise(&self.key, self.node)) } else { Err(HoldingError::Conflict) };
        }
        if !stands() {
            return Err(HoldingError::BadSignature);
        }
        let until_us = self.until(now.micros, now.micros.saturating_add(wanted.ttl_us))?;
        self.expire(now.micros);
        let body = self.admit(wanted, bytes)?;
        let Wanted { vertex, shard, asker, .. } = *wanted;
        let kept = Box::new(Kept { vertex, shard, asker, since: now, until_us, body });
        let proof = kept.promise(&self.key, self.node);
        self.bytes += kept.body.bytes().len() as u64;
        self.ends.insert((until_us, wanted.place));
        self.kept.insert(wanted.place, kept);
        Ok(proof)
    }

    /// Checks that there is room for the bytes and that they are the right ones.
    fn admit(&self, wanted: &Wanted<P>, bytes: Vec<u8>) -> Result<Body, HoldingError> {
        let length = bytes.len() as u64;
        if matches!(wanted.content, Content::Committed(commitment) if commitment.length != length) {
            return Err(HoldingError::WrongShard);
        }
        let room = self.limits.bytes.saturating_sub(self.bytes);
        if length > room || self.kept.len() >= self.limits.shards {
            return Err(HoldingError::NoRoom { wanted: length, room });
        }
        match wanted.content {
            Content::Checked { piece } => {
                Commitment { root: [0; 32], length, piece }.pieces()?;
                Ok(Body::Whole { bytes, piece })
            }
            Content::Committed(commitment) => {
                let shard = Shard::cut(bytes, commitment.piece)?;
                if shard.commitment() != commitment {
                    return Err(HoldingError::WrongShard);
                }
                Ok(Body::Cut(shard))
            }
        }
    }

    /// A time that it may promise.
    fn until(&self, now_us: Micros, until_us: Micros) -> Result<Micros, HoldingError> {
        let latest_us = now_us.saturating_add(self.limits.longest_us);
        if until_us <= now_us || until_us > latest_us {
            return Err(HoldingError::OutOfTime { until_us, now_us, latest_us });
        }
        Ok(until_us)
    }

    /// What is kept under a place now, if it is this shard of this vertex.
    fn live(&self, now: Micros, place: &P, vertex: &Hash, shard: u16) -> Result<&Kept, HoldingError> {
        let same = |kept: &&Kept| kept.until_us > now && kept.vertex == *vertex && kept.shard == shard;
        self.kept.get(place).map(Box::as_ref).filter(same).ok_or(HoldingError::NotHeld)
    }

    /// [`Holder::extend`] for what is kept under a place of the caller's.
    ///
    /// # Errors
    /// As [`Holder::extend`].
    pub fn extend_at(&mut self, now: Micros, place: P, extension: &Extension) -> Result<HoldingProof, HoldingError> {
        let kept = self.live(now, &place, &extension.vertex, extension.shard)?;
        signed(&kept.asker, &extension.signing_bytes(), &extension.signature)?;
        let until_us = kept.until_us.max(self.until(now, extension.until_us)?);
        let kept = self.kept.get_mut(&place).ok_or(HoldingError::NotHeld)?;
        self.ends.remove(&(kept.until_us, place));
        self.ends.insert((until_us, place));
        kept.until_us = until_us;
        Ok(kept.promise(&self.key, self.node))
    }

    /// Forgets every shard whose time is over; says which, the earliest first. O(log shards) for each.
    pub fn expire(&mut self, now: Micros) -> Vec<P> {
        let mut over = Vec::new();
        while let Some(&(until_us, place)) = self.ends.first().filter(|(until_us, _)| *until_us <= now) {
            self.ends.remove(&(until_us, place));
            if let Some(kept) = self.kept.remove(&place) {
                self.bytes -= kept.body.bytes().len() as u64;
            }
            over.push(place);
        }
        over
    }

    /// [`Holder::answer`] for what is kept under a place of the caller's.
    ///
    /// # Errors
    /// As [`Holder::answer`].
    pub fn answer_at(&self, now: Micros, place: P, challenge: &Challenge) -> Result<Answer, HoldingError> {
        let kept = self.live(now, &place, &challenge.vertex, challenge.shard)?;
        if challenge.holder != self.node {
            return Err(HoldingError::NotHeld);
        }
        if now > challenge.due_us {
            return Err(HoldingError::Late { at_us: now, due_us: challenge.due_us });
        }
        match &kept.body {
            Body::Cut(shard) => Answer::make(&self.key, challenge, shard),
            Body::Whole { bytes, piece } => Answer::make(&self.key, challenge, &Shard::cut(bytes.clone(), *piece)?),
        }
    }

    /// Bytes of all shards kept, those that are over and not yet forgotten among them.
    pub fn bytes_held(&self) -> u64 {
        self.bytes
    }

    /// Number of shards kept.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }
}

impl Holder {
    /// [`Holder::keep`] for a request that stands by its own signature. O(length).
    ///
    /// # Errors
    /// As [`Holder::keep`]; `Malformed` and `BadSignature` also for what is kept.
    pub fn hold(&mut self, now: Stamp, request: &Request, bytes: Vec<u8>) -> Result<HoldingProof, HoldingError> {
        request.verify()?;
        self.keep(now, &request.wanted(), bytes, || true)
    }

    /// Promises to keep a shard longer, for whoever asked first; a time before the one promised changes nothing.
    /// O(log shards).
    ///
    /// # Errors
    /// `NotHeld`; `BadSignature` if the first asker did not sign it; `OutOfTime` beyond the limit.
    pub fn extend(&mut self, now: Micros, extension: &Extension) -> Result<HoldingProof, HoldingError> {
        self.extend_at(now, (extension.vertex, extension.shard), extension)
    }

    /// Answers a challenge for a shard that it keeps.
    ///
    /// # Errors
    /// `NotHeld`, also if another holder is asked; `Malformed` for a challenge out of bounds; `Late` after its time.
    pub fn answer(&self, now: Micros, challenge: &Challenge) -> Result<Answer, HoldingError> {
        self.answer_at(now, (challenge.vertex, challenge.shard), challenge)
    }

    /// The bytes of a shard that it keeps now.
    pub fn shard(&self, now: Micros, vertex: &Hash, shard: u16) -> Option<&[u8]> {
        self.live(now, &(*vertex, shard), vertex, shard).ok().map(|kept| kept.body.bytes())
    }
}
