//! What a liar can say at a moment, and so what may happen to an honest member.
use super::{Committee, High, Honest, Move, Proof, World, QUORUM};
use crate::Hotstuff;

impl Committee {
    pub(super) fn enough(&self, votes: u8) -> bool {
        votes.count_ones() as usize + self.liars.len() >= QUORUM
    }

    /// The certificates that can be put together.
    pub(super) fn proofs<'a>(&'a self, world: &'a World) -> impl Iterator<Item = Proof> + 'a {
        world.votes.iter().filter(|(_, votes)| self.enough(**votes)).map(|(proof, _)| *proof)
    }

    /// What the time-out certificates of a view can show. The liars' time-outs can claim any certificate, so of those that
    /// honest members gave only the lowest count.
    fn highs(&self, world: &World, view: u64) -> Vec<High> {
        let mut given: Vec<Option<u64>> =
            world.gave_up.iter().filter(|((_, gave), _)| *gave == view).map(|(_, high)| *high).collect();
        given.sort_unstable();
        let Some(lowest) = given.get((QUORUM - self.liars.len()) - 1).copied() else { return Vec::new() };
        let shown = std::iter::once(None).chain(self.proofs(world).map(Some));
        shown.filter(|high| high.map(|proof| proof.view) >= lowest).collect()
    }

    /// Blocks that were signed for or proposed, and those that liars may bring up.
    fn known(&self, world: &World) -> Vec<usize> {
        let proposed = |block: &usize| world.proposed.values().any(|(known, _)| known == block);
        (0..self.blocks.len()).filter(|block| self.lies(self.blocks[*block].1.proposer) || proposed(block)).collect()
    }

    /// What may happen to one member.
    pub(super) fn moves_of(&self, world: &World, member: &Honest) -> Vec<Move> {
        let (state, me) = (&member.state, member.state.me);
        let mut moves = Vec::new();
        if state.view < self.last && !world.gave_up.contains_key(&(me, state.view)) {
            moves.push(Move::Expire);
        }
        let given_up = |view: u64| world.gave_up.keys().any(|(other, gave)| *other != me && *gave >= view);
        moves.extend((state.view + 1..self.last).filter(|view| given_up(*view)).map(Move::Join));
        for view in state.view.saturating_sub(1)..self.last {
            moves.extend(self.highs(world, view).into_iter().map(|high| Move::Advance(view, high)));
        }
        moves.extend(self.proofs(world).map(Move::Learn));
        if state.height == 0 {
            self.moves_of_one_who_waits(world, state, &mut moves);
        }
        moves
    }

    fn moves_of_one_who_waits(&self, world: &World, state: &Hotstuff, moves: &mut Vec<Move>) {
        for proof in self.proofs(world) {
            match proof.commits {
                true => moves.push(Move::Committed(proof)),
                false => moves.push(Move::Prepared(proof)),
            }
        }
        let known = self.known(world);
        for view in state.view..=self.last {
            match Self::leader(view) {
                leader if leader == state.me => {}
                leader if self.lies(leader) => {
                    let highs = view.checked_sub(1).map_or(vec![None], |before| self.highs(world, before));
                    let pairs = highs.iter().flat_map(|high| known.iter().map(move |block| (*block, *high)));
                    moves.extend(pairs.map(|(block, high)| Move::Propose(view, block, high)));
                }
                _ => moves.extend(world.proposed.get(&view).map(|(block, high)| Move::Propose(view, *block, *high))),
            }
        }
    }
}
