//! The common coins of one round's agreement.
use globelet_abba::{AbbaMessage, Subset, SubsetOutput};
use globelet_threshold::{combine_coin, CoinShare, KeyShare, PublicKey};
use globelet_types::{encode, ChainId};

/// What draws them: this member's key, if it has one yet, and the committee's.
pub(super) struct Coins<'a> {
    pub(super) own: Option<&'a KeyShare>,
    pub(super) committee: &'a PublicKey,
    pub(super) chain: ChainId,
    pub(super) round: u64,
}

impl Coins<'_> {
    fn name(&self, instance: u16, toss: u32) -> Vec<u8> {
        encode(&(b"globelet coin 1", self.chain, self.round, instance, toss))
    }

    /// The coin, once enough of the shares are valid.
    pub(super) fn draw(&self, instance: u16, toss: u32, shares: &[CoinShare]) -> Option<bool> {
        let name = self.name(instance, toss);
        combine_coin(self.committee, &name, shares).ok().map(|value| value[0] & 1 == 1)
    }

    /// Takes what a step of the agreement wants said, and supplies the shares it asks for.
    pub(super) fn serve(&self, subset: &mut Subset, made: SubsetOutput, said: &mut Vec<(u16, AbbaMessage)>) {
        said.extend(made.broadcast);
        let Some(own) = self.own else { return };
        for (instance, toss) in made.need_coin {
            let share = own.coin_share(&self.name(instance, toss));
            let next = subset.coin_share(instance, toss, share, &mut |i, t, shares| self.draw(i, t, shares));
            // It asked for this share, so the instance is there.
            self.serve(subset, next.unwrap_or_default(), said);
        }
    }
}
