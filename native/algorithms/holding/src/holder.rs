//! A holder: keeps shards it cannot read, and signs that it does.

use std::collections::BTreeMap;

use globelet_clock::Stamp;
use globelet_signatures::SigningKey;
use globelet_types::{Hash, Micros};

use crate::proof::signed;
use crate::{Answer, Challenge, Commitment, Extension, HoldingError, HoldingProof, Key, Request, Shard};

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
    asker: Key,
    commitment: Commitment,
    since: Stamp,
    until_us: Micros,
    shard: Shard,
}

/// A node that holds shards for others.
pub struct Holder {
    place: u16,
    key: SigningKey,
    limits: Limits,
    kept: BTreeMap<(Hash, u16), Kept>,
    bytes: u64,
}

impl Holder {
    /// A holder with nothing kept; `place` is its index in the chain's table of nodes, `key` signs what it promises.
    pub fn new(place: u16, key: SigningKey, limits: Limits) -> Holder {
        Holder { place, key, limits, kept: BTreeMap::new(), bytes: 0 }
    }

    /// The key that its proofs and answers verify by.
    pub fn public(&self) -> Key {
        self.key.public()
    }

    fn promise(&self, shard: u16, vertex: &Hash, since: Stamp, until_us: Micros) -> HoldingProof {
        let mut proof = HoldingProof { holder: self.place, shard, since, until_us, signature: [0; 64] };
        proof.signature = self.key.sign(&proof.signing_bytes(vertex));
        proof
    }

    /// Takes a shard in and acknowledges it. Asked again for what it keeps, it gives the same proof again. The driver
    /// has the shard on its disk before the proof leaves. O(length).
    ///
    /// # Errors
    /// `Malformed`, `BadSignature`; `WrongShard` if `bytes` is not what the request commits to; `OutOfTime` for a time
    /// to live of zero or beyond the limit; `Conflict` if the place is taken by another request; `NoRoom`.
    pub fn hold(&mut self, now: Stamp, request: &Request, bytes: Vec<u8>) -> Result<HoldingProof, HoldingError> {
        request.verify()?;
        let place = (request.vertex, request.shard);
        if let Some(kept) = self.kept.get(&place).filter(|kept| kept.until_us > now.micros) {
            if kept.commitment != request.commitment || kept.asker != request.asker {
                return Err(HoldingError::Conflict);
            }
            return Ok(self.promise(request.shard, &request.vertex, kept.since, kept.until_us));
        }
        let until_us = self.until(now.micros, now.micros.saturating_add(request.ttl_us))?;
        let wanted = bytes.len() as u64;
        if wanted != request.commitment.length {
            return Err(HoldingError::WrongShard);
        }
        self.expire(now.micros);
        let room = self.limits.bytes.saturating_sub(self.bytes);
        if wanted > room || self.kept.len() >= self.limits.shards {
            return Err(HoldingError::NoRoom { wanted, room });
        }
        let shard = Shard::cut(bytes, request.commitment.piece)?;
        if shard.commitment() != request.commitment {
            return Err(HoldingError::WrongShard);
        }
        self.bytes += wanted;
        let kept = Kept { asker: request.asker, commitment: request.commitment, since: now, until_us, shard };
        self.kept.insert(place, kept);
        Ok(self.promise(request.shard, &request.vertex, now, until_us))
    }

    /// A time that it may promise.
    fn until(&self, now_us: Micros, until_us: Micros) -> Result<Micros, HoldingError> {
        let latest_us = now_us.saturating_add(self.limits.longest_us);
        if until_us <= now_us || until_us > latest_us {
            return Err(HoldingError::OutOfTime { until_us, now_us, latest_us });
        }
        Ok(until_us)
    }

    fn live(&self, now: Micros, vertex: &Hash, shard: u16) -> Result<&Kept, HoldingError> {
        let kept = self.kept.get(&(*vertex, shard)).filter(|kept| kept.until_us > now);
        kept.ok_or(HoldingError::NotHeld)
    }

    /// Promises to keep a shard longer, for whoever asked first; a time before the one promised changes nothing.
    /// O(log shards).
    ///
    /// # Errors
    /// `NotHeld`; `BadSignature` if the first asker did not sign it; `OutOfTime` beyond the limit.
    pub fn extend(&mut self, now: Micros, extension: &Extension) -> Result<HoldingProof, HoldingError> {
        let kept = self.live(now, &extension.vertex, extension.shard)?;
        signed(&kept.asker, &extension.signing_bytes(), &extension.signature)?;
        let (since, until_us) = (kept.since, kept.until_us.max(self.until(now, extension.until_us)?));
        if let Some(kept) = self.kept.get_mut(&(extension.vertex, extension.shard)) {
            kept.until_us = until_us;
        }
        Ok(self.promise(extension.shard, &extension.vertex, since, until_us))
    }

    /// Forgets every shard whose time is over; says which. O(shards).
    pub fn expire(&mut self, now: Micros) -> Vec<(Hash, u16)> {
        let over: Vec<_> = self.kept.iter().filter(|(_, k)| k.until_us <= now).map(|(place, _)| *place).collect();
        for kept in over.iter().filter_map(|place| self.kept.remove(place)) {
            self.bytes -= kept.commitment.length;
        }
        over
    }

    /// Answers a challenge for a shard that it keeps.
    ///
    /// # Errors
    /// `NotHeld`, also if another holder is asked; `Malformed` for a challenge out of bounds; `Late` after its time.
    pub fn answer(&self, now: Micros, challenge: &Challenge) -> Result<Answer, HoldingError> {
        let kept = self.live(now, &challenge.vertex, challenge.shard)?;
        if challenge.holder != self.place {
            return Err(HoldingError::NotHeld);
        }
        if now > challenge.due_us {
            return Err(HoldingError::Late { at_us: now, due_us: challenge.due_us });
        }
        Answer::make(&self.key, challenge, &kept.shard)
    }

    /// The bytes of a shard that it keeps now.
    pub fn shard(&self, now: Micros, vertex: &Hash, shard: u16) -> Option<&[u8]> {
        self.live(now, vertex, shard).ok().map(|kept| kept.shard.bytes())
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
