//! How orders stand, by the index and the certified blocks: for those that another replica admitted.
use super::index::Fate;
use super::Municipal;
use crate::Standing;
use globelet_clock::Stamp;
use globelet_types::{ChainId, OrderId, Refusal, Stage};

type Stages = Vec<(Stage, Stamp)>;

impl Municipal {
    /// What the certified blocks that are kept here tell of an order.
    pub fn standing(&self, id: &OrderId) -> Option<Standing> {
        let (height, fate) = self.index.find(id, self.chain.certified)?;
        let record = self.chain.blocks.get(&height)?;
        let (certificate, at) = record.certificate.as_ref()?;
        let chain = self.frame.chain;
        let (source, destination, lane) = match fate {
            Fate::Sent { destination, number } => (chain, *destination, Some(*number)),
            Fate::Came { source, number, .. } => (*source, chain, Some(*number)),
            Fate::AtHome | Fate::Refused(_) => (chain, chain, None),
        };
        let (stages, refusal) = self.stages(id, fate, *at);
        let (block, signatures) = (record.hash, certificate.signatures.len());
        Some(Standing { id: *id, source, destination, chain, height, block, signatures, lane, stages, refusal })
    }

    fn stages(&self, id: &OrderId, fate: &Fate, at: Stamp) -> (Stages, Option<Refusal>) {
        let (committed, credited) = ((Stage::Committed, at), (Stage::Credited, at));
        match fate {
            Fate::AtHome => (vec![committed, (Stage::Delivered, at), credited], None),
            Fate::Sent { destination, number } => self.sent(id, (*destination, *number), at),
            Fate::Refused(refusal) => (vec![(Stage::Refused, at)], Some(refusal.clone())),
            Fate::Came { certified, delivered, refusal, .. } => {
                let mut stages = vec![(Stage::Committed, *certified), (Stage::Delivered, *delivered)];
                stages.extend(refusal.is_none().then_some(credited));
                (stages, refusal.clone())
            }
        }
    }

    fn sent(&self, id: &OrderId, (destination, number): (ChainId, u64), at: Stamp) -> (Stages, Option<Refusal>) {
        let Some(settling) = self.index.settling(destination, number) else {
            return (vec![(Stage::Committed, at)], None);
        };
        // The destination may have had the source's certificate before this replica had.
        let committed = (Stage::Committed, at.min(settling.delivered));
        let refusal = self.index.refund(id).cloned();
        let end = if refusal.is_some() { Stage::Refunded } else { Stage::Credited };
        (vec![committed, (Stage::Delivered, settling.delivered), (end, settling.credited)], refusal)
    }
}
