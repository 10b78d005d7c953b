//! Invariant 3: no two certified blocks of one chain at one height, at any honest node, ever.
use super::Finding;
use globelet_types::{ChainId, Hash, NodeId};
use std::collections::BTreeMap;

/// Remembers the first certified hash of every height, and who showed it.
#[derive(Clone, Debug, Default)]
pub struct Agreement {
    certified: BTreeMap<(ChainId, u64), (Hash, NodeId)>,
}

impl Agreement {
    /// A node shows a certified block.
    ///
    /// # Errors
    /// Another node, or the same one, showed another block at that height.
    pub fn observe(&mut self, node: NodeId, chain: ChainId, height: u64, hash: Hash) -> Finding {
        let (first, who) = self.certified.entry((chain, height)).or_insert((hash, node));
        if *first == hash {
            return Ok(());
        }
        let (a, b) = (hex::encode(&first[..6]), hex::encode(&hash[..6]));
        Err(format!("chain {chain} height {height}: node {who} has {a}, node {node} has {b}"))
    }

    /// Highest certified height of a chain.
    pub fn height(&self, chain: ChainId) -> u64 {
        self.certified.range((chain, 0)..=(chain, u64::MAX)).next_back().map_or(0, |((_, height), _)| *height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canary_two_blocks_at_one_height() {
        let mut agreement = Agreement::default();
        assert_eq!(agreement.observe(NodeId(0), ChainId(1), 1, [1; 32]), Ok(()));
        assert_eq!(agreement.observe(NodeId(1), ChainId(1), 1, [1; 32]), Ok(()));
        assert_eq!(agreement.observe(NodeId(1), ChainId(2), 1, [2; 32]), Ok(()));
        assert!(agreement.observe(NodeId(2), ChainId(1), 1, [2; 32]).is_err());
        assert_eq!(agreement.height(ChainId(1)), 1);
        assert_eq!(agreement.height(ChainId(9)), 0);
    }
}
