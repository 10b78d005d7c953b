//! Epochs: a municipality's committees, one after the other, and what proves each from the genesis on.
//!
//! A replica's *place* is its number among the replicas of its chain in the genesis, and never changes. A committee seats
//! some of them; a *seat* is a member's number within one committee, ascending by place.
use crate::block::digest;
use crate::Genesis;
use borsh::{BorshDeserialize, BorshSerialize};
use globelet_election::{Committee as Members, Evidence, Handover, Member};
use globelet_threshold::CoinShare;
use globelet_types::{ChainId, Hash, NodeId};

/// Handovers in one message.
pub const HANDOVERS_MOST: usize = 1024;
/// Notes of one batch.
pub(crate) const NOTES_MOST: usize = 64;

/// One committee follows another: what anybody needs to follow it from the one before.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Succession {
    /// The first height that the new committee certifies.
    pub since: u64,
    /// [`keys_hash`] of the committee's threshold keys.
    pub keys: Hash,
    /// The new committee, signed by a quorum of the old one.
    pub handover: Handover,
}

/// What a replica tells its committee in a batch beside orders: all of them hear it at the same place of the chain.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub enum Note {
    /// An epoch is over: what this member saw of every candidate, and its share of the coin that draws the next committee.
    Ballot {
        /// Which election.
        number: u64,
        /// By place, in millionths.
        records: Vec<u32>,
        /// The share.
        coin: CoinShare,
    },
    /// A member of the old committee deals its shares of the committee's keys to the new one.
    Dealing {
        /// Which election.
        number: u64,
        /// A ceremony's message, of the key that batches are sealed to.
        encryption: Vec<u8>,
        /// A ceremony's message, of the key that checkpoints are signed with.
        signing: Vec<u8>,
    },
    /// A member of the new committee was dealt a share that does not fit, and proves it.
    Complaint {
        /// Which election.
        number: u64,
        /// Of the key for checkpoints; else of the key for batches.
        signing: bool,
        /// A ceremony's message.
        message: Vec<u8>,
    },
    /// A member of the new committee has its shares of these keys.
    Ready {
        /// Which election.
        number: u64,
        /// [`keys_hash`] of the keys.
        keys: Hash,
    },
    /// A member contradicted itself.
    Evidence(Evidence),
}

/// What names a committee's threshold keys, from their encodings.
pub fn keys_hash(encryption: &[u8], signing: &[u8]) -> Hash {
    digest("globelet committee keys 1", &(encryption, signing))
}

/// What a handover says of a replica beside its signing key, and where it is.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub key: [u8; 32],
    /// Replicas of one city share a number.
    pub place: u32,
    pub stake: u64,
    others: Hash,
}

/// The candidates of a municipality, in the order of the genesis; none in a world without epochs.
pub(crate) fn candidates(genesis: &Genesis, replicas: &[NodeId]) -> Vec<Candidate> {
    if genesis.world.parameters.epoch_us == 0 {
        return Vec::new();
    }
    let spec = |node: &NodeId| genesis.world.nodes.get(node.index());
    let place = |node: &NodeId| replicas.iter().position(|r| spec(r).map(|s| &s.city) == spec(node).map(|s| &s.city));
    let candidate = |node: &NodeId| {
        let keys = genesis.nodes.get(node.index())?;
        let transport = keys.transport.map(|key| key.0);
        Some(Candidate {
            key: keys.signing,
            place: place(node)? as u32,
            stake: spec(node)?.stake,
            others: digest("globelet candidate 1", &(keys.vrf, &keys.post_quantum, transport)),
        })
    };
    replicas.iter().filter_map(candidate).collect()
}

/// A committee and the heights from which it certifies.
#[derive(Clone, Debug)]
pub(crate) struct Term {
    /// Its first height.
    pub since: u64,
    /// Places of its members, ascending.
    pub seats: Vec<u16>,
    /// As handovers name it; empty in a world without epochs.
    pub members: Members,
}

impl Term {
    /// `None` if a seat is no candidate's.
    pub fn new(
        (chain, epoch): (ChainId, u64),
        since: u64,
        keys: &Hash,
        seats: Vec<u16>,
        candidates: &[Candidate],
    ) -> Option<Term> {
        let member = |place: &u16| {
            let candidate = candidates.get(usize::from(*place))?;
            let others = digest("globelet seat 1", &(since, keys, candidate.others));
            Some(Member { key: candidate.key, place: candidate.place, others })
        };
        let members = seats.iter().map(member).collect::<Option<Vec<_>>>()?;
        Some(Term { since, seats, members: Members::new(chain, epoch, members).ok()? })
    }

    /// The committee of a chain that never changes hands.
    pub fn fixed(chain: ChainId, seats: u16) -> Term {
        let members = Members { chain, epoch: 0, members: Vec::new() };
        Term { since: 1, seats: (0..seats).collect(), members }
    }

    pub fn epoch(&self) -> u64 {
        self.members.epoch
    }

    /// The seat of the replica at this place.
    pub fn seat(&self, place: u16) -> Option<u16> {
        self.seats.binary_search(&place).ok().map(|seat| seat as u16)
    }

    pub fn size(&self) -> u16 {
        self.seats.len() as u16
    }

    /// Faulty members it bears.
    pub fn faults(&self) -> u16 {
        self.size().saturating_sub(1) / 3
    }

    pub fn quorum(&self) -> usize {
        usize::from(self.size() - self.faults())
    }
}

impl Succession {
    /// The term that this begins, if it follows from the old one.
    pub(crate) fn follow(&self, old: &Term, candidates: &[Candidate]) -> Result<Term, &'static str> {
        let named = &self.handover.committee;
        let place = |member: &Member| candidates.iter().position(|c| c.key == member.key).map(|p| p as u16);
        let seats: Option<Vec<u16>> = named.members.iter().map(place).collect();
        let mut seats = seats.ok_or("a handover seats somebody who is no candidate")?;
        seats.sort_unstable();
        if seats.len() != old.seats.len() || self.since <= old.since {
            return Err("a handover does not follow from the committee before");
        }
        let term = Term::new((named.chain, named.epoch), self.since, &self.keys, seats, candidates)
            .filter(|term| term.members == *named)
            .ok_or("a handover names a member's keys wrongly")?;
        self.handover.verify(&old.members).map_err(|_| "no quorum of a committee signed the next one")?;
        Ok(term)
    }
}

/// A list that is absent where it is empty, at the end of an encoding.
pub(crate) mod trailing {
    use super::Succession;
    use borsh::io::{Error, ErrorKind, Read, Result, Write};
    use borsh::{BorshDeserialize, BorshSerialize};

    pub fn serialize<W: Write>(list: &Vec<Succession>, writer: &mut W) -> Result<()> {
        if list.is_empty() {
            return Ok(());
        }
        list.serialize(writer)
    }

    pub fn deserialize<R: Read>(reader: &mut R) -> Result<Vec<Succession>> {
        let mut first = [0; 1];
        if reader.read(&mut first)? == 0 {
            return Ok(Vec::new());
        }
        let list = Vec::<Succession>::deserialize_reader(&mut first.as_slice().chain(reader))?;
        match list.is_empty() {
            true => Err(Error::new(ErrorKind::InvalidData, "an empty list of handovers is left out")),
            false => Ok(list),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Receipt;
    use globelet_types::{decode, encode, AccountId, Opening, Order, SignedOrder};

    fn receipt() -> Receipt {
        let order =
            Order::Opening(Opening { world: 1, municipality: ChainId(0), account: AccountId([2; 32]), expires_us: 3 });
        Receipt::begin(order.id(), SignedOrder { order, signature: [4; 64] }, 0)
    }

    #[test]
    fn a_receipt_of_the_first_committee_says_nothing_of_handovers() {
        let mut bytes = encode(&receipt());
        assert!(bytes.ends_with(&[0; 64]), "the signature is the last");
        assert_eq!(decode::<Receipt>(&bytes).unwrap(), receipt());
        bytes.extend([0; 4]);
        assert!(decode::<Receipt>(&bytes).is_err(), "one receipt has one encoding");
    }

    #[test]
    fn handovers_come_back_and_nothing_may_follow_them() {
        let committee = Members::new(ChainId(0), 1, vec![Member { key: [1; 32], place: 0, others: [2; 32] }]).unwrap();
        let handover = Handover { committee, signatures: vec![(0, [3; 64])] };
        let handed = Receipt { handovers: vec![Succession { since: 9, keys: [4; 32], handover }], ..receipt() };
        let mut bytes = encode(&handed);
        assert_eq!(decode::<Receipt>(&bytes).unwrap(), handed);
        assert_ne!(handed.signing_bytes(), receipt().signing_bytes(), "the issuer vouches for them");
        for cut in 1..4 {
            assert!(decode::<Receipt>(&bytes[..bytes.len() - cut]).is_err());
        }
        bytes.push(0);
        assert!(decode::<Receipt>(&bytes).is_err());
    }

    /// Three of four hand over to a standby; whoever is none of the candidates, or too early, is not followed.
    #[test]
    fn a_handover_is_followed_only_from_a_quorum_to_candidates() {
        use globelet_signatures::SigningKey;
        let keys: Vec<SigningKey> = (1..7).map(|fill| SigningKey::from_seed(&[fill; 32])).collect();
        let candidate = |key: &SigningKey| Candidate { key: key.public(), place: 0, stake: 1, others: [7; 32] };
        let candidates: Vec<Candidate> = keys[..5].iter().map(candidate).collect();
        let term = |epoch, since, seats: &[u16], of: &[Candidate]| {
            Term::new((ChainId(0), epoch), since, &[8; 32], seats.to_vec(), of).unwrap()
        };
        let old = term(0, 1, &[0, 1, 2, 3], &candidates);
        let signed = |new: &Term, signers: &[usize], since| {
            let mut handover = Handover::begin(&old.members, new.members.clone()).unwrap();
            signers.iter().for_each(|s| handover.sign(&old.members, &keys[*s]).unwrap());
            Succession { since, keys: [8; 32], handover }
        };
        let new = term(1, 5, &[0, 1, 2, 4], &candidates);
        let followed = signed(&new, &[0, 1, 3], 5).follow(&old, &candidates).unwrap();
        assert_eq!((followed.seats.as_slice(), followed.since, followed.epoch()), ([0, 1, 2, 4].as_slice(), 5, 1));
        assert!(signed(&new, &[0, 1], 5).follow(&old, &candidates).is_err(), "no quorum");
        assert!(signed(&new, &[0, 1, 3], 6).follow(&old, &candidates).is_err(), "another height");
        let smaller = term(1, 5, &[0, 1, 2], &candidates);
        assert!(signed(&smaller, &[0, 1, 3], 5).follow(&old, &candidates).is_err(), "a seat less");
        let all: Vec<Candidate> = keys.iter().map(candidate).collect();
        let stranger = term(1, 5, &[0, 1, 2, 5], &all);
        assert!(signed(&stranger, &[0, 1, 3], 5).follow(&old, &candidates).is_err(), "a stranger");
    }
}
