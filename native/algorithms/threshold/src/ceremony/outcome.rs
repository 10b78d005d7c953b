//! The key that a ceremony comes to.

use super::{Ceremony, Dealing};
use crate::scheme::{coefficients_at_zero, evaluate, Scheme, Secret};
use crate::ThresholdError;

/// What a ceremony made.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome<S: Scheme> {
    /// The committee's public key; after a resharing its group key is the old one's.
    pub public: S::PublicKey,
    /// This member's share of the secret key; none for an observer.
    pub share: Option<S::KeyShare>,
    /// The dealers whose dealings it is made of, in order.
    pub dealers: Vec<u16>,
}

impl<S: Scheme> Ceremony<S> {
    /// The key and this member's share of it, made of the dealings that stand: of all for a new key, of the first
    /// [`Ceremony::dealings_needed`] for one that is handed on.
    ///
    /// # Errors
    /// [`ThresholdError::NotEnoughDealings`]; [`ThresholdError::Degenerate`] for a key that is the identity, which takes dealers
    /// who know each other's secrets.
    pub fn outcome(&self) -> Result<Outcome<S>, ThresholdError> {
        let needed = self.dealings_needed();
        let mut standing: Vec<&Dealing<S>> =
            self.dealings.values().filter(|dealing| !self.faults.contains_key(&dealing.dealer)).collect();
        if standing.len() < usize::from(needed) {
            return Err(ThresholdError::NotEnoughDealings { have: standing.len() as u16, needed });
        }
        if self.old.is_some() {
            standing.truncate(usize::from(needed));
        }
        let dealers: Vec<u16> = standing.iter().map(|dealing| dealing.dealer).collect();
        let weights = self.weights(&dealers);
        let public = self.public(&standing, &weights)?;
        let share = self.own.as_ref().and_then(|(index, _)| self.share(*index, &dealers, &weights));
        Ok(Outcome { public, share, dealers })
    }

    /// How often each dealing counts: once for a new key, by its Lagrange coefficient for an old one.
    fn weights(&self, dealers: &[u16]) -> Vec<Option<S::Scalar>> {
        match self.old {
            Some(_) => coefficients_at_zero::<S>(dealers).into_iter().map(Some).collect(),
            None => vec![None; dealers.len()],
        }
    }

    fn public(&self, standing: &[&Dealing<S>], weights: &[Option<S::Scalar>]) -> Result<S::PublicKey, ThresholdError> {
        let weighted = |weight: &Option<S::Scalar>, point: &S::Element| match weight {
            Some(weight) => S::times(weight, point),
            None => *point,
        };
        let commitment = |degree: usize| {
            let parts = standing.iter().zip(weights);
            parts.fold(S::identity(), |sum, (dealing, weight)| {
                S::add(&sum, &weighted(weight, &dealing.commitments[degree]))
            })
        };
        let commitments: Vec<S::Element> = (0..usize::from(self.needed)).map(commitment).collect();
        let members: Vec<S::Element> = (0..self.members()).map(|index| evaluate::<S>(&commitments, index)).collect();
        if commitments[0] == S::identity() || members.contains(&S::identity()) {
            return Err(ThresholdError::Degenerate);
        }
        Ok(S::public_key(commitments[0], members, self.needed))
    }

    fn share(&self, index: u16, dealers: &[u16], weights: &[Option<S::Scalar>]) -> Option<S::KeyShare> {
        let mut sum = Secret::<S>(S::number(0));
        for (dealer, weight) in dealers.iter().zip(weights) {
            let part = self.shares.get(dealer)?;
            let part = Secret::<S>(weight.as_ref().map_or(part.0, |weight| S::product(weight, &part.0)));
            sum = Secret(S::plus(&sum.0, &part.0));
        }
        Some(S::key_share(index, &sum.0))
    }
}
