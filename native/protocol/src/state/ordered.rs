//! What the continental and the global chain share: HotStuff among a chain's replicas.
use super::committee::{Committee, Signer};
use super::municipal::Out;
use crate::{Genesis, Message, NodeSecrets, Publication, Timer};
use globelet_hotstuff::{Action, Certificate, Header, Hotstuff, HotstuffMessage};
use globelet_signatures::SigningKey;
use globelet_types::{ChainId, Hash, Micros, NodeId};
use std::sync::Arc;

/// A block that became final.
pub(crate) struct Final {
    pub header: Header,
    pub payload: Vec<u8>,
    pub certificate: Certificate,
}

/// The HotStuff side of a replica.
pub(crate) struct Ordered {
    pub chain: ChainId,
    pub me: u16,
    pub committees: Vec<Committee>,
    key: SigningKey,
    machine: Hotstuff,
    pub head: Hash,
}

impl Ordered {
    pub fn new(genesis: &Arc<Genesis>, secrets: &NodeSecrets) -> Option<Ordered> {
        let chain = genesis.world.nodes.get(secrets.node.index())?.chain;
        let committees = Committee::all(genesis);
        let committee = committees.get(chain.index())?;
        let me = committee.member(secrets.node)?;
        let machine = Hotstuff::new(chain.0, committee.size(), me, genesis.world.parameters.timeout_us);
        Some(Ordered { chain, me, key: SigningKey::from_seed(&secrets.signing), machine, committees, head: [0; 32] })
    }

    pub fn committee(&self) -> &Committee {
        &self.committees[self.chain.index()]
    }

    pub fn height(&self) -> u64 {
        self.machine.height()
    }

    /// True if this replica leads and no block is in flight.
    pub fn may_propose(&self) -> bool {
        self.machine.ready_to_propose()
    }

    /// True if the leader owes a proposal even without content.
    pub fn owes_proposal(&self) -> bool {
        self.machine.ready_to_propose() && self.machine.expecting()
    }

    pub fn propose(&mut self, now: Micros, payload: Vec<u8>, root: Hash, out: &mut Out) -> Vec<Final> {
        let signer = Signer { key: Some(&self.key), committee: &self.committees[self.chain.index()] };
        let actions = self.machine.propose(now, payload, root, &signer);
        self.carry_out(actions, out)
    }

    /// There is work: the pacemaker watches that it gets done.
    pub fn expect_progress(&mut self, now: Micros, out: &mut Out) -> Vec<Final> {
        let actions = self.machine.expect_progress(now);
        self.carry_out(actions, out)
    }

    pub fn message(
        &mut self,
        now: Micros,
        from: NodeId,
        message: HotstuffMessage,
        valid: &dyn Fn(&Committees<'_>, &Header, &[u8]) -> bool,
        out: &mut Out,
    ) -> Vec<Final> {
        let Some(member) = self.committee().member(from) else { return Vec::new() };
        let signer = Signer { key: Some(&self.key), committee: &self.committees[self.chain.index()] };
        let all = Committees(&self.committees);
        let actions = self.machine.handle(now, member, message, &|h, p| valid(&all, h, p), &signer);
        self.carry_out(actions, out)
    }

    pub fn timer(&mut self, now: Micros, view: u64, out: &mut Out) -> Vec<Final> {
        let signer = Signer { key: Some(&self.key), committee: &self.committees[self.chain.index()] };
        let actions = self.machine.timer(now, view, &signer);
        self.carry_out(actions, out)
    }

    /// After a restart: asks the others for what was committed meanwhile.
    pub fn catch_up(&mut self, now: Micros, out: &mut Out) -> Vec<Final> {
        let actions = self.machine.catch_up(now);
        self.carry_out(actions, out)
    }

    fn carry_out(&mut self, actions: Vec<Action>, out: &mut Out) -> Vec<Final> {
        let mut finals = Vec::new();
        for action in actions {
            match action {
                Action::Send(member, message) => {
                    out.persist();
                    let to = self.committee().replicas[usize::from(member)];
                    out.send(vec![to], Message::Hotstuff(message));
                }
                Action::Broadcast(message) => {
                    out.persist();
                    out.send(self.committee().others(self.me), Message::Hotstuff(message));
                }
                Action::StartTimer { view, after_us } => out.timer(after_us, Timer::View(view)),
                Action::Commit { header, payload, certificate } => {
                    self.head = header.hash();
                    finals.push(Final { header, payload, certificate });
                }
                Action::NeedPayload => {}
                Action::Equivocation { member, .. } => {
                    out.misbehaviour(member, "proposed two blocks in one view");
                }
            }
        }
        finals
    }

    /// Two members, this one and the next, to whom news for `chain` goes from here: f+1 senders reach each.
    pub fn below(&self, chain: ChainId) -> Vec<NodeId> {
        let (faults, size) = (self.committee().faults(), self.committee().size());
        let below = &self.committees[chain.index()];
        if below.size() == below.term().size() {
            return below.some(u64::from(self.me), faults + 1);
        }
        // More of them than of us: each has its f+1 all the same.
        let mine = |place: &u16| (place % size + size - self.me) % size <= faults;
        (0..below.size()).filter(mine).map(|place| below.replicas[usize::from(place)]).collect()
    }

    pub fn certified_publication(&self, block: &Final, items: u32) -> Publication {
        Publication::BlockCertified { chain: self.chain, height: block.header.height, hash: block.header.hash(), items }
    }
}

/// Every committee of the world, for checking payloads.
pub(crate) struct Committees<'a>(pub &'a [Committee]);
