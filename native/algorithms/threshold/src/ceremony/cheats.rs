//! Dealers and receivers who cheat as only somebody with the code can.

use proptest::prelude::*;

use super::*;
use crate::scheme::{abscissa, coefficients_at_zero, Encryption, Signing};

const SEEDS: [u8; 5] = [11, 12, 13, 14, 15];

fn keys() -> Vec<TransportKey> {
    SEEDS.iter().map(|seed| TransportKey::from_seed(&[*seed; 32])).collect()
}

fn publics() -> Vec<[u8; 32]> {
    keys().iter().map(TransportKey::public).collect()
}

/// Five members' views of one ceremony, of which three are enough.
fn members<S: Scheme>(old: Option<&S::PublicKey>) -> Vec<Ceremony<S>> {
    let new = || match old {
        Some(old) => Ceremony::resharing(b"test", old, &publics(), 3).unwrap(),
        None => Ceremony::generation(b"test", &publics(), 3).unwrap(),
    };
    keys().into_iter().map(|key| new().with_key(key).unwrap()).collect()
}

fn dealings<S: Scheme>(members: &[Ceremony<S>]) -> Vec<Dealing<S>> {
    (0..5).map(|dealer| members[0].deal(dealer, &[dealer as u8; 32]).unwrap()).collect()
}

/// An honest dealing changed by its own dealer, who can make the last proof anew.
fn changed<S: Scheme>(of: &Ceremony<S>, dealer: u16, change: impl FnOnce(&mut Dealing<S>)) -> Dealing<S> {
    let randomness = [dealer as u8; 32];
    let mut dealing = of.deal(dealer, &randomness).unwrap();
    change(&mut dealing);
    of.dealer(dealer, &randomness).prove(&mut dealing);
    dealing
}

fn broadcast<S: Scheme>(members: &mut [Ceremony<S>], message: Message<S>) -> Vec<Result<(), ThresholdError>> {
    let mut queue = vec![message];
    let mut all = Vec::new();
    while let Some(message) = queue.pop() {
        let bytes = message.to_bytes();
        for member in members.iter_mut() {
            let handled = member.handle(Message::from_bytes(&bytes).unwrap());
            all.push(handled.map(|answer| queue.extend(answer)));
        }
    }
    all
}

fn all_agree<S: Scheme>(members: &[Ceremony<S>], dealers: &[u16]) {
    let outcome = members[0].outcome().unwrap();
    assert_eq!(outcome.dealers, dealers);
    for member in members {
        let other = member.outcome().unwrap();
        assert_eq!((&other.public, &other.dealers), (&outcome.public, &outcome.dealers));
        assert_eq!(member.faults(), members[0].faults());
        let (index, secret) = S::share_parts(&other.share.unwrap());
        let (_, keys, _) = S::parts(&outcome.public);
        assert_eq!(S::times_base(&secret.0), keys[usize::from(index)]);
    }
}

fn a_bad_share_is_named<S: Scheme>() {
    let mut members = members::<S>(None);
    let mut all = dealings(&members);
    all[3] = changed(&members[0], 3, |dealing| dealing.sealed[1][0] ^= 1);
    all.into_iter().for_each(|dealing| drop(broadcast(&mut members, Message::Dealing(dealing))));
    assert_eq!(members[4].faults(), &BTreeMap::from([(3, DealerFault::Share)]));
    all_agree(&members, &[0, 1, 2, 4]);
}

#[test]
fn a_bad_share_is_named_in_both_schemes() {
    a_bad_share_is_named::<Encryption>();
    a_bad_share_is_named::<Signing>();
}

#[test]
fn who_complains_without_reason_is_named() {
    let mut members = members::<Encryption>(None);
    let all = dealings(&members);
    all.iter().for_each(|dealing| drop(broadcast(&mut members, Message::Dealing(dealing.clone()))));
    let of = |receiver: usize, key: usize| Complaint::new(receiver as u16, &keys()[key], &all[2], &members[0].context);
    let mut other_point = of(1, 1);
    other_point.shared += RistrettoPoint::mul_base(&curve25519_dalek::scalar::Scalar::ONE);
    // The share fits; the key is another's; the point is not the one that was proved.
    let false_complaints = [of(1, 1), of(1, 4), other_point];
    let refused = Err(ThresholdError::BadComplaint { receiver: 1, dealer: 2 });
    for complaint in false_complaints {
        let handled = broadcast(&mut members, Message::Complaint(complaint));
        assert_eq!(handled, vec![refused.clone(); 5]);
    }
    all_agree(&members, &[0, 1, 2, 3, 4]);
}

/// A dealer that could copy another's ephemeral key would have that one's shares laid open by complaints.
#[test]
fn an_ephemeral_key_cannot_be_copied() {
    let mut members = members::<Encryption>(None);
    let all = dealings(&members);
    let copy = changed(&members[0], 1, |dealing| {
        dealing.ephemeral = all[0].ephemeral;
        dealing.sealed.clone_from(&all[0].sealed);
    });
    let refused = Err(ThresholdError::BadDealer { dealer: 1, fault: DealerFault::Dealing });
    assert_eq!(broadcast(&mut members, Message::Dealing(copy)), vec![refused; 5]);
    // Nor can the whole dealing of another be sent as one's own.
    let mut whole = all[0].clone();
    whole.dealer = 2;
    let refused = Err(ThresholdError::BadDealer { dealer: 2, fault: DealerFault::Dealing });
    assert_eq!(broadcast(&mut members, Message::Dealing(whole)), vec![refused; 5]);
}

/// Who deals last could cancel the others' secrets, if it did not have to know its own.
#[test]
fn a_rogue_constant_is_refused() {
    let mut members = members::<Signing>(None);
    let others = dealings(&members);
    let minus = Signing::minus(&Signing::number(0), &Signing::number(1));
    let rogue = changed(&members[0], 4, |dealing| {
        let sum = others[..4].iter().fold(Signing::identity(), |sum, other| Signing::add(&sum, &other.commitments[0]));
        dealing.commitments[0] = Signing::add(&dealing.commitments[0], &Signing::times(&minus, &sum));
    });
    let refused = Err(ThresholdError::BadDealer { dealer: 4, fault: DealerFault::Dealing });
    assert_eq!(broadcast(&mut members, Message::Dealing(rogue)), vec![refused; 5]);
}

#[test]
fn an_old_member_must_deal_its_own_share() {
    let (old, shares) = crate::deal(4, 2, &[1; 32]).unwrap();
    let mut members = members::<Encryption>(Some(&old));
    let dealer = members[0].dealer(1, &[9; 32]);
    let other = dealer.deal::<Encryption>(None, 3);
    let refused = Err(ThresholdError::BadDealer { dealer: 1, fault: DealerFault::OtherShare });
    assert_eq!(broadcast(&mut members, Message::Dealing(other)), vec![refused; 5]);
    for share in [&shares[0], &shares[3]] {
        let dealing = members[0].redeal(share, &[9; 32]).unwrap();
        assert!(broadcast(&mut members, Message::Dealing(dealing)).iter().all(Result::is_ok));
    }
    all_agree(&members, &[0, 3]);
    assert_eq!(members[0].outcome().unwrap().public.group, old.group);
}

/// Whoever holds `needed − 1` shares finds, for any secret, a polynomial that all of them lie on: the shares rule out
/// nothing, so there is nothing to check a guess against.
fn any_t_learn_nothing<S: Scheme>(shares: &[S::KeyShare]) {
    let known: Vec<_> = shares[..2].iter().map(S::share_parts).collect();
    for guess in (0..20).map(S::number) {
        // The value at member 2 of the polynomial through (0, guess) and both shares, by Lagrange.
        let xs = [S::number(0), abscissa::<S>(known[0].0), abscissa::<S>(known[1].0)];
        let at = abscissa::<S>(2);
        let values = [guess, known[0].1 .0, known[1].1 .0];
        let third = (0..3).fold(S::number(0), |sum, own| {
            let weight = (0..3).filter(|other| *other != own).fold(S::number(1), |weight, other| {
                let ratio = S::inverse(&S::minus(&xs[own], &xs[other]));
                S::product(&weight, &S::product(&S::minus(&at, &xs[other]), &ratio))
            });
            S::plus(&sum, &S::product(&weight, &values[own]))
        });
        let weights = coefficients_at_zero::<S>(&[0, 1, 2]);
        let parts = weights.iter().zip([known[0].1 .0, known[1].1 .0, third]);
        let opened = parts.fold(S::number(0), |sum, (weight, value)| S::plus(&sum, &S::product(weight, &value)));
        assert_eq!(opened, guess);
    }
}

#[test]
fn any_two_of_three_needed_learn_nothing_they_can_check() {
    any_t_learn_nothing::<Encryption>(&crate::deal(5, 3, &[4; 32]).unwrap().1);
    any_t_learn_nothing::<Signing>(&crate::signature::deal_signing(5, 3, &[4; 32]).unwrap().1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Two dealers cheat, one equivocates and one deals a bad share, and messages come to each member in an order of its own.
    #[test]
    fn the_order_of_messages_changes_nothing(orders in prop::collection::vec(Just((0..8).collect::<Vec<usize>>()).prop_shuffle(), 5)) {
        let mut members = members::<Encryption>(None);
        let mut all: Vec<_> = dealings(&members).into_iter().map(Message::Dealing).collect();
        all[1] = Message::Dealing(changed(&members[0], 1, |dealing| dealing.sealed[4][3] ^= 1));
        all.push(Message::Dealing(members[0].deal(3, &[99; 32]).unwrap()));
        let Message::Dealing(bad) = &all[1] else { unreachable!() };
        let context = members[0].context;
        all.push(Message::Complaint(Complaint::new(4, &keys()[4], bad, &context)));
        let Message::Dealing(good) = &all[2] else { unreachable!() };
        all.push(Message::Complaint(Complaint::new(0, &keys()[0], good, &context)));
        for (member, order) in members.iter_mut().zip(&orders) {
            for &number in order {
                let _ = member.handle(all[number].clone());
            }
        }
        prop_assert_eq!(members[0].faults(), &BTreeMap::from([(1, DealerFault::Share), (3, DealerFault::Equivocation)]));
        all_agree(&members, &[0, 2, 4]);
    }
}
