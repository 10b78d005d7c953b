//! The register of present holders, as one process knows them.
use super::record::{RecordRefused, Signed};
use super::witness::Witness;
use globelet_clock::Clock;
use globelet_gossip::Peer;
use globelet_protocol::selection::fewest_holders;
use globelet_protocol::Genesis;
use globelet_types::world::{ChainKind, Role};
use globelet_types::{ChainId, NodeId};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What is known of one holder.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// Microseconds since the Unix epoch; 0 for one that never said anything.
    said_us: u64,
    until_us: u64,
    present: bool,
    /// It cannot be where it claims to be, so it is no candidate until a record of it counts again.
    refuted: bool,
}

/// Holders and until when they count as present.
#[derive(Debug)]
pub struct Register {
    genesis: Arc<Genesis>,
    tag: u64,
    known: BTreeMap<NodeId, Known>,
    witness: Option<Witness>,
}

impl Register {
    /// A register in which every holder of the world counts as present until `until_us`: who has just started has
    /// heard of nobody yet, and its municipality must not stop for that.
    pub fn new(genesis: Arc<Genesis>, until_us: u64) -> Register {
        let nodes = (0_u16..).zip(&genesis.world.nodes).filter(|(_, n)| n.role == Role::Holder);
        let known = nodes.map(|(i, _)| (NodeId(i), Known { said_us: 0, until_us, present: true, refuted: false }));
        Register { tag: genesis.tag(), known: known.collect(), genesis, witness: None }
    }

    /// The same, with a witness of the places that holders claim.
    pub fn witnessed_by(self, witness: Witness) -> Register {
        Register { witness: Some(witness), ..self }
    }

    /// Takes a round trip to a process. The holders it hosts that it proves to be elsewhere count no longer; whether
    /// there were any, and why.
    pub fn measured(&mut self, peer: Peer, taken: Duration, now_us: u64) -> (bool, Vec<RecordRefused>) {
        let Some(witness) = &mut self.witness else { return (false, Vec::new()) };
        witness.measured(peer, taken, now_us);
        let hosted = |node: &NodeId| self.genesis.world.nodes[node.index()].process == peer;
        let standing = self.known.iter_mut().filter(|(node, known)| !known.refuted && hosted(node));
        let mut refused = Vec::new();
        for (node, known) in standing {
            if let Err(reason) = witness.check(*node, now_us) {
                (known.refuted, known.present) = (true, false);
                refused.push(reason);
            }
        }
        (!refused.is_empty(), refused)
    }

    fn place_holds(&self, holder: NodeId, now_us: u64) -> Result<(), RecordRefused> {
        self.witness.as_ref().map_or(Ok(()), |witness| witness.check(holder, now_us))
    }

    /// Takes the records that count: of holders, and newer than the known one. Whether somebody came back who was away,
    /// and what was refused.
    pub fn take(&mut self, records: &[Signed], clock: &mut Clock, now_us: u64) -> (bool, Vec<RecordRefused>) {
        let (mut refused, mut changed) = (Vec::new(), false);
        let newer = |s: &&Signed| self.known.get(&s.record.node).is_none_or(|k| k.said_us < s.record.at.micros);
        let fresh = records.iter().filter(newer);
        let (mut checked, mut bytes) = (Vec::new(), Vec::new());
        for signed in fresh {
            match signed.record.check(&self.genesis, now_us) {
                Ok(()) => {
                    bytes.push(signed.record.signing_bytes(self.tag));
                    checked.push(signed);
                }
                Err(reason) => refused.push(reason),
            }
        }
        let keys = checked.iter().map(|s| &self.genesis.nodes[s.record.node.index()].signing);
        let items: Vec<_> = keys.zip(&bytes).zip(&checked).map(|((k, b), s)| (k, b.as_slice(), &s.signature)).collect();
        let verified = globelet_signatures::verify_batch(&items);
        for (signed, holds) in checked.into_iter().zip(verified) {
            let node = signed.record.node.0;
            if !holds {
                refused.push(RecordRefused::BadSignature { node });
            } else if let Err(reason) = self.place_holds(signed.record.node, now_us) {
                refused.push(reason);
            } else if let Err(error) = clock.receive(now_us, signed.record.at) {
                refused.push(RecordRefused::Skew { node, reason: error.to_string() });
            } else if let Some(known) = self.known.get_mut(&signed.record.node) {
                changed |= !known.present;
                let (said_us, until_us) = (signed.record.at.micros, signed.record.expires_us());
                *known = Known { said_us, until_us, present: true, refuted: false };
            }
        }
        (changed, refused)
    }

    /// Takes those away whose time is over; whether there were any.
    pub fn expire(&mut self, now_us: u64) -> bool {
        let over = self.known.values_mut().filter(|k| k.present && k.until_us <= now_us);
        over.map(|known| known.present = false).count() > 0
    }

    /// When the next one's time is over, microseconds since the Unix epoch.
    pub fn next_expiry(&self) -> Option<u64> {
        self.known.values().filter(|k| k.present).map(|k| k.until_us).min()
    }

    /// Whether a holder is there.
    pub fn is_present(&self, holder: NodeId) -> bool {
        self.known.get(&holder).is_some_and(|k| k.present)
    }

    /// Whether a holder has spoken and still counts.
    pub fn was_heard(&self, holder: NodeId) -> bool {
        self.known.get(&holder).is_some_and(|k| k.present && k.said_us > 0)
    }

    /// Fewest candidates that keep a municipality going while f of its replicas are down: h − (n − f). Below that,
    /// the absent who were heard of last are named too: their shards are sent again until they are back.
    pub fn fewest(&self, chain: ChainId) -> usize {
        fewest_holders(&self.genesis.world, chain)
    }

    /// Candidates of a municipality: who is present, nearest first by `distance`; then absent ones, if too few.
    pub fn candidates(&self, chain: ChainId, distance: impl Fn(NodeId) -> u64) -> Vec<NodeId> {
        let mut all = self.genesis.world.members(chain, Role::Holder);
        all.retain(|h| !self.known.get(h).is_some_and(|k| k.refuted));
        all.sort_by_key(|h| {
            let known = self.known.get(h);
            let present = known.is_some_and(|k| k.present);
            let rank = if present { distance(*h) } else { u64::MAX - known.map_or(0, |k| k.said_us) };
            (!present, rank, *h)
        });
        let present = all.iter().filter(|h| self.is_present(**h)).count();
        all.truncate(present.max(self.fewest(chain)));
        all
    }

    /// The world's municipalities.
    pub fn municipalities(&self) -> Vec<ChainId> {
        let all = (0_u16..).zip(&self.genesis.world.chains).filter(|(_, c)| c.kind == ChainKind::Municipal);
        all.map(|(i, _)| ChainId(i)).collect()
    }
}
