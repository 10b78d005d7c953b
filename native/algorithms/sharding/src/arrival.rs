//! What comes in from other municipalities.

use std::collections::btree_map::{BTreeMap, Entry};

use globelet_types::{AccountId, ChainId, OrderId};

use crate::books::{Books, Spot};
use crate::lane::AHEAD_MOST;
use crate::{Account, Effect, Head, Kind, Parcel, Pointer, Reason, Relocation, Remittance, Settlement, ShardingError};

/// Parcels sent again at once for one head.
const AGAIN_MOST: usize = 256;

/// A hostile settlement may be as long as its parcel: looking each id up keeps the work n log n.
fn by_id<Id: Ord>(named: &[(Id, Reason)]) -> BTreeMap<&Id, &Reason> {
    named.iter().map(|(id, reason)| (id, reason)).collect()
}

impl Books {
    fn check_lane(&self, source: ChainId, destination: ChainId) -> Result<(), ShardingError> {
        if destination != self.chain || source == self.chain {
            return Err(ShardingError::WrongLane { source_chain: source, destination, here: self.chain });
        }
        Ok(())
    }

    /// Takes a parcel in, once; one that is in already changes nothing. Its source's certificate holds.
    /// O(items · log n).
    ///
    /// # Errors
    /// `WrongLane` for one that is not for this municipality, `OutOfWindow` for one too far above the lane's cursor;
    /// nothing was changed.
    pub fn receive(&mut self, parcel: &Parcel) -> Result<Vec<Effect>, ShardingError> {
        self.check_lane(parcel.source, parcel.destination)?;
        let (number, cursor) = (parcel.number, self.lanes.get(&parcel.source).map_or(0, |lane| lane.cursor));
        if number == 0 || number > cursor.saturating_add(AHEAD_MOST) {
            return Err(ShardingError::OutOfWindow { number, cursor });
        }
        let lane = self.lanes.entry(parcel.source).or_default();
        if lane.seen(number) {
            return Ok(Vec::new());
        }
        lane.mark(number);
        lane.taken += parcel.amount();
        lane.acknowledge(parcel.cursor);
        let mut effects = Vec::new();
        if parcel.wants_settlement() {
            let (settlement, refused) = self.take_in(parcel, &mut effects);
            let lane = self.lanes.entry(parcel.source).or_default();
            lane.refused += refused;
            lane.departing.settlements.push(settlement);
        }
        for settlement in &parcel.settlements {
            self.settled(parcel.source, settlement, &mut effects);
        }
        Ok(effects)
    }

    /// Takes in what a parcel carries, accounts first; says what became of it, and how much was refused.
    fn take_in(&mut self, parcel: &Parcel, effects: &mut Vec<Effect>) -> (Settlement, u128) {
        let mut settlement = Settlement { number: parcel.number, refused: Vec::new(), returned: Vec::new() };
        let mut refused = 0;
        for relocation in &parcel.relocations {
            match self.settle_down(parcel.source, relocation) {
                Ok(effect) => effects.push(effect),
                Err(reason) => {
                    refused += u128::from(relocation.account.balance);
                    settlement.returned.push((relocation.id, reason));
                }
            }
        }
        for remittance in &parcel.remittances {
            if let Err(reason) = self.take(remittance) {
                refused += u128::from(remittance.amount);
                settlement.refused.push((remittance.id, reason));
            }
        }
        (settlement, refused)
    }

    /// An account comes to live here.
    fn settle_down(&mut self, source: ChainId, relocation: &Relocation) -> Result<Effect, Reason> {
        let (id, account) = (relocation.id, relocation.account);
        let version = account.version;
        let newer = self.moved.get(&id).is_some_and(|pointer| pointer.version >= version);
        let sum = self.balances.checked_add(account.balance);
        let refusal = match () {
            () if version == 0 || version == u64::MAX || newer => Some(Reason::AlreadyOpen),
            () if self.accounts.contains_key(&id) => Some(Reason::AlreadyOpen),
            () if sum.is_none() => Some(Reason::Overflow),
            () => None,
        };
        if let Some(reason) = refusal {
            // It lives at its source again, as if it had moved once more.
            self.bounced.insert(id, Pointer { to: source, version: version.saturating_add(1) });
            self.release(&id);
            return Err(reason);
        }
        self.balances = sum.unwrap_or(self.balances);
        self.accounts.insert(id, account);
        self.changed.push(id);
        self.moved.remove(&id);
        self.bounced.remove(&id);
        self.release(&id);
        Ok(Effect::Settler { account: id, version })
    }

    /// Money comes: credited, forwarded, parked or refused.
    fn take(&mut self, remittance: &Remittance) -> Result<(), Reason> {
        let Remittance { to, amount, .. } = *remittance;
        if let Kind::Forward { version } = remittance.kind {
            let spot = self.spot(&to, version);
            self.give(remittance.clone(), spot);
        } else if !self.credit(&to, amount) {
            match self.spot(&to, 0) {
                Spot::Here => return Err(Reason::Overflow),
                Spot::Unknown | Spot::Coming => return Err(Reason::UnknownRecipient),
                gone @ Spot::Gone(_) => self.give(remittance.clone(), gone),
            }
        }
        Ok(())
    }

    /// The other side says what became of a parcel of ours. A second settlement of it changes nothing.
    fn settled(&mut self, destination: ChainId, settlement: &Settlement, effects: &mut Vec<Effect>) {
        let Some(lane) = self.lanes.get_mut(&destination) else { return };
        let Entry::Occupied(found) = lane.outstanding.entry(settlement.number) else { return };
        if found.get().settled {
            return;
        }
        let parcel = found.remove().parcel;
        self.take_back(destination, &parcel, &settlement.returned, effects);
        let refused = self.refund_all(destination, &parcel, &settlement.refused);
        effects.push(Effect::Settled { parcel, refused });
    }

    /// Accounts of this parcel that the other side did not take in.
    fn take_back(
        &mut self,
        destination: ChainId,
        parcel: &Parcel,
        returned: &[(AccountId, Reason)],
        effects: &mut Vec<Effect>,
    ) {
        let returned = by_id(returned);
        for relocation in parcel.relocations.iter().filter(|_| !returned.is_empty()) {
            if let Some(&reason) = returned.get(&relocation.id) {
                self.restore(destination, relocation);
                effects.push(Effect::Returned { account: relocation.id, reason: reason.clone() });
            }
        }
    }

    /// Transfers of this parcel that the other side did not credit.
    fn refund_all(
        &mut self,
        destination: ChainId,
        parcel: &Parcel,
        refused: &[(OrderId, Reason)],
    ) -> BTreeMap<OrderId, Reason> {
        let (refused, mut refunded) = (by_id(refused), BTreeMap::new());
        for remittance in parcel.transfers().filter(|_| !refused.is_empty()) {
            if let Some(&reason) = refused.get(&remittance.id) {
                self.refund(destination, remittance);
                refunded.insert(remittance.id, reason.clone());
            }
        }
        refunded
    }

    /// What was paid goes back to who paid it, wherever that account is now.
    fn refund(&mut self, destination: ChainId, remittance: &Remittance) {
        self.lanes.entry(destination).or_default().refunded += u128::from(remittance.amount);
        let payer = remittance.from;
        // The payer had its home here, so it is here or has gone on from here.
        let spot = self.spot(&payer, 0);
        let kind = Kind::Forward { version: 0 };
        self.give(Remittance { to: payer, kind, ..remittance.clone() }, spot);
    }

    /// An account that nobody took in lives here again.
    fn restore(&mut self, destination: ChainId, relocation: &Relocation) {
        let balance = relocation.account.balance;
        let same = |p: &&Pointer| p.to == destination && p.version == relocation.account.version;
        let ours = self.moved.get(&relocation.id).filter(same).is_some();
        let Some(sum) = self.balances.checked_add(balance).filter(|_| ours) else { return };
        self.balances = sum;
        self.lanes.entry(destination).or_default().refunded += u128::from(balance);
        self.moved.remove(&relocation.id);
        let version = relocation.account.version.saturating_add(1);
        self.accounts.insert(relocation.id, Account { version, ..relocation.account });
        self.changed.push(relocation.id);
        self.release(&relocation.id);
    }

    /// Another municipality tells how far it is: what it lacks is sent again.
    pub(crate) fn told(&mut self, head: &Head) -> Result<Vec<Effect>, ShardingError> {
        self.check_lane(head.source, head.destination)?;
        let lane = self.lanes.entry(head.source).or_default();
        lane.known = lane.known.max(head.newest.min(lane.cursor.saturating_add(AHEAD_MOST)));
        lane.acknowledge(head.cursor);
        let again = lane.unacknowledged().take(if self.repairs { AGAIN_MOST } else { 0 });
        Ok(again.cloned().map(Effect::Send).collect())
    }

    /// What waits for an account, in the order in which it came.
    pub fn waiting(&self, account: &AccountId) -> &[Remittance] {
        self.parked.get(account).map_or(&[], Vec::as_slice)
    }
}
