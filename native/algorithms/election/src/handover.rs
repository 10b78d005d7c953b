//! Handover certificates: a quorum of the old committee signs the new one, from the genesis on.

use borsh::{BorshDeserialize, BorshSerialize};
use globelet_signatures::{verify_batch, SigningKey};
use globelet_types::{encode, ChainId, Hash, Signature};

use crate::codec::canonical;
use crate::{Committee, ElectionError, MAX_SEATS};

/// What a member of the old committee signs: the domain `globelet handover 1`, then the chain, the new epoch and the
/// hashes of the old and the new committee.
pub fn handover_bytes(chain: ChainId, epoch: u64, old: &Hash, new: &Hash) -> Vec<u8> {
    encode(&(b"globelet handover 1", chain, epoch, old, new))
}

/// The new committee, and the old one's signatures on it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Handover {
    /// The new committee.
    pub committee: Committee,
    /// Index in the old committee and signature over [`handover_bytes`], ascending, one each.
    pub signatures: Vec<(u16, Signature)>,
}

impl Handover {
    /// A handover that nobody signed yet.
    ///
    /// # Errors
    /// `BrokenHandover` if `new` is not of the same chain and the epoch after `old`.
    pub fn begin(old: &Committee, new: Committee) -> Result<Handover, ElectionError> {
        fits(old, &new)?;
        Ok(Handover { committee: new, signatures: Vec::new() })
    }

    /// Adds the signature of a member of the old committee.
    ///
    /// # Errors
    /// `BrokenHandover` if this does not follow from `old`, or the key is not of a member. Signing twice changes
    /// nothing.
    pub fn sign(&mut self, old: &Committee, key: &SigningKey) -> Result<(), ElectionError> {
        fits(old, &self.committee)?;
        let Some(index) = old.index(&key.public()) else {
            return Err(self.broken("the signer is not of the committee that hands over"));
        };
        if let Err(place) = self.signatures.binary_search_by_key(&index, |s| s.0) {
            self.signatures.insert(place, (index, key.sign(&self.signing_bytes(old))));
        }
        Ok(())
    }

    fn signing_bytes(&self, old: &Committee) -> Vec<u8> {
        handover_bytes(old.chain, self.committee.epoch, &old.hash(), &self.committee.hash())
    }

    /// Checks that a quorum of `old` signed this committee. O(n), one batch of signature checks.
    ///
    /// # Errors
    /// `BrokenHandover` with what does not fit.
    pub fn verify(&self, old: &Committee) -> Result<(), ElectionError> {
        fits(old, &self.committee)?;
        let signatures = &self.signatures;
        if !signatures.windows(2).all(|pair| pair[0].0 < pair[1].0) {
            return Err(self.broken("signatures are not ascending, one for each signer"));
        }
        if signatures.len() < old.quorum() {
            return Err(self.broken(&format!("{} signatures, {} make a quorum", signatures.len(), old.quorum())));
        }
        let bytes = self.signing_bytes(old);
        let mut items = Vec::with_capacity(signatures.len());
        for (index, signature) in signatures {
            let member = old.members.get(usize::from(*index));
            let member = member.ok_or_else(|| self.broken(&format!("there is no member {index}")))?;
            items.push((&member.key, bytes.as_slice(), signature));
        }
        match verify_batch(&items).iter().position(|stands| !stands) {
            Some(at) => Err(self.broken(&format!("the signature of member {} does not stand", signatures[at].0))),
            None => Ok(()),
        }
    }

    fn broken(&self, reason: &str) -> ElectionError {
        ElectionError::BrokenHandover { epoch: self.committee.epoch, reason: reason.into() }
    }

    /// The canonical encoding.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads a handover from its canonical encoding; the signatures are not checked.
    ///
    /// # Errors
    /// `Malformed` for anything but exactly one canonical handover.
    pub fn from_bytes(bytes: &[u8]) -> Result<Handover, ElectionError> {
        let handover: Handover = canonical(bytes, 18 + (68 + 66) * usize::from(MAX_SEATS))?;
        if !handover.committee.is_sound() {
            return Err(ElectionError::Malformed { reason: "the committee's members are not in order".into() });
        }
        Ok(handover)
    }
}

fn fits(old: &Committee, new: &Committee) -> Result<(), ElectionError> {
    let epoch = new.epoch;
    let broken = |reason: String| Err(ElectionError::BrokenHandover { epoch, reason });
    if !new.is_sound() || !old.is_sound() {
        return broken("a committee's members are none, too many or not in order".into());
    }
    if old.chain != new.chain {
        return broken(format!("it is for chain {}, not {}", new.chain, old.chain));
    }
    if old.epoch.checked_add(1) != Some(epoch) {
        return broken(format!("it does not follow epoch {}", old.epoch));
    }
    Ok(())
}

/// Follows a chain of handovers from a committee that is trusted, the genesis', to the newest.
///
/// Who trusts the first committee and fewer than f + 1 faulty members in each can trust the last. It does not show
/// that there is no newer one. O(handovers · n).
///
/// # Errors
/// `BrokenHandover` at the first handover that does not follow.
pub fn follow(genesis: &Committee, handovers: &[Handover]) -> Result<Committee, ElectionError> {
    let mut committee = genesis;
    for handover in handovers {
        handover.verify(committee)?;
        committee = &handover.committee;
    }
    Ok(committee.clone())
}
