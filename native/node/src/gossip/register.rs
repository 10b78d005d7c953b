//! The register of present holders, as one process knows them.
use super::record::{RecordRefused, Signed};
use globelet_clock::Clock;
use globelet_protocol::Genesis;
use globelet_types::world::{ChainKind, Role};
use globelet_types::{ChainId, NodeId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is known of one holder.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// Microseconds since the Unix epoch; 0 for one that never said anything.
    said_us: u64,
    until_us: u64,
    present: bool,
}

/// Holders and until when they count as present.
#[derive(Debug)]
pub struct Register {
    genesis: Arc<Genesis>,
    tag: u64,
    known: BTreeMap<NodeId, Known>,
}

impl Register {
    /// A register in which every holder of the world counts as present until `until_us`: who has just started has
    /// heard of nobody yet, and its municipality must not stop for that.
    pub fn new(genesis: Arc<Genesis>, until_us: u64) -> Register {
        let nodes = (0_u16..).zip(&genesis.world.nodes).filter(|(_, n)| n.role == Role::Holder);
        let known = nodes.map(|(i, _)| (NodeId(i), Known { said_us: 0, until_us, present: true })).collect();
        Register { tag: genesis.tag(), genesis, known }
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
            } else if let Err(error) = clock.receive(now_us, signed.record.at) {
                refused.push(RecordRefused::Skew { node, reason: error.to_string() });
            } else if let Some(known) = self.known.get_mut(&signed.record.node) {
                changed |= !known.present;
                *known =
                    Known { said_us: signed.record.at.micros, until_us: signed.record.expires_us(), present: true };
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
        let replicas = self.genesis.world.members(chain, Role::Replica).len();
        let quorum = replicas - replicas.saturating_sub(1) / 3;
        usize::from(self.genesis.world.parameters.proofs_needed).saturating_sub(quorum)
    }

    /// Candidates of a municipality: who is present, nearest first by `distance`; then absent ones, if too few.
    pub fn candidates(&self, chain: ChainId, distance: impl Fn(NodeId) -> u64) -> Vec<NodeId> {
        let mut all = self.genesis.world.members(chain, Role::Holder);
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
