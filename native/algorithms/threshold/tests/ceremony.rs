//! Keys that nobody held, and keys that are handed on.
#![allow(clippy::unwrap_used)]

use globelet_threshold::ceremony::{Ceremony, Complaint, Dealing, Message, Outcome};
use globelet_threshold::signature::{SigningCommittee, SigningShare};
use globelet_threshold::{
    check, combine, combine_coin, deal, encrypt, Encryption, KeyShare, PublicKey, Scheme, Signing, ThresholdError,
    TransportKey,
};

fn key(fill: u8) -> TransportKey {
    TransportKey::from_seed(&[fill; 32])
}

fn publics(fills: &[u8]) -> Vec<[u8; 32]> {
    fills.iter().map(|fill| key(*fill).public()).collect()
}

/// Runs a ceremony among `fills`, in which `dealings` of the dealers come; the outcomes of all receivers.
fn run<S: Scheme>(
    new: impl Fn() -> Ceremony<S>,
    fills: &[u8],
    dealings: &[Dealing<S>],
) -> Vec<Result<Outcome<S>, ThresholdError>> {
    let receive = |fill: &u8| {
        let mut member = new().with_key(key(*fill)).unwrap();
        for dealing in dealings {
            assert_eq!(member.handle(Message::Dealing(dealing.clone())), Ok(None));
        }
        member.outcome()
    };
    fills.iter().map(receive).collect()
}

fn generate<S: Scheme>(fills: &[u8], needed: u16) -> (S::PublicKey, Vec<S::KeyShare>) {
    let new = || Ceremony::<S>::generation(b"first", &publics(fills), needed).unwrap();
    let dealings: Vec<_> =
        (0..fills.len() as u16).map(|dealer| new().deal(dealer, &[fills[0] + 100; 32]).unwrap()).collect();
    gather(run(new, fills, &dealings))
}

fn reshare<S: Scheme>(
    old: &S::PublicKey,
    shares: &[S::KeyShare],
    fills: &[u8],
    needed: u16,
) -> (S::PublicKey, Vec<S::KeyShare>) {
    let new = || Ceremony::<S>::resharing(b"second", old, &publics(fills), needed).unwrap();
    let dealings: Vec<_> = shares.iter().map(|share| new().redeal(share, &[fills[0] + 50; 32]).unwrap()).collect();
    gather(run(new, fills, &dealings))
}

fn gather<S: Scheme>(outcomes: Vec<Result<Outcome<S>, ThresholdError>>) -> (S::PublicKey, Vec<S::KeyShare>) {
    let outcomes: Vec<_> = outcomes.into_iter().map(Result::unwrap).collect();
    assert!(outcomes.iter().all(|outcome| outcome.public == outcomes[0].public));
    (outcomes[0].public.clone(), outcomes.into_iter().map(|outcome| outcome.share.unwrap()).collect())
}

fn subsets(n: usize, size: usize) -> impl Iterator<Item = Vec<usize>> {
    (0..1usize << n)
        .filter(move |set| set.count_ones() as usize == size)
        .map(move |set| (0..n).filter(|member| set >> member & 1 == 1).collect())
}

fn opens(public: &PublicKey, shares: &[KeyShare], chosen: &[usize]) -> Result<Vec<u8>, ThresholdError> {
    let sealed = encrypt(public, b"label", b"one cherry blossom", &[1; 32]);
    check(public, b"label", &sealed)?;
    let given: Vec<_> = chosen.iter().map(|&member| shares[member].decryption_share(&sealed, &[0; 32])).collect();
    combine(public, b"label", &sealed, &given)
}

fn signs(public: &SigningCommittee, shares: &[SigningShare], chosen: &[usize]) -> Result<[u8; 48], ThresholdError> {
    let given: Vec<_> =
        chosen.iter().map(|&member| (shares[member].index(), shares[member].sign(b"message"))).collect();
    public.combine(b"message", &given)
}

#[test]
fn any_needed_of_a_generated_key_open_and_draw_one_coin() {
    for (n, needed) in [(1, 1), (2, 1), (3, 3), (5, 3)] {
        let fills: Vec<u8> = (1..=n).collect();
        let (public, shares) = generate::<Encryption>(&fills, needed);
        let mut coins = Vec::new();
        for chosen in subsets(usize::from(n), usize::from(needed)) {
            assert_eq!(opens(&public, &shares, &chosen).unwrap(), b"one cherry blossom");
            let given: Vec<_> = chosen.iter().map(|&member| shares[member].coin_share(b"coin")).collect();
            coins.push(combine_coin(&public, b"coin", &given).unwrap());
        }
        coins.dedup();
        assert_eq!(coins.len(), 1);
        for chosen in subsets(usize::from(n), usize::from(needed) - 1) {
            let have = needed - 1;
            assert_eq!(opens(&public, &shares, &chosen), Err(ThresholdError::NotEnough { have, needed }));
        }
    }
}

#[test]
fn any_needed_of_a_generated_key_sign_alike() {
    let (public, shares) = generate::<Signing>(&[1, 2, 3, 4], 3);
    let mut signatures: Vec<_> = subsets(4, 3).map(|chosen| signs(&public, &shares, &chosen).unwrap()).collect();
    signatures.dedup();
    assert_eq!(signatures.len(), 1);
    assert!(public.verify(b"message", &signatures[0]));
    assert!(signs(&public, &shares, &[0, 3]).is_err());
}

/// From four to seven members, to two, back to one: the key is the same, and what was sealed before opens after.
#[test]
fn resharing_keeps_the_key_and_retires_the_shares() {
    let (first, shares) = generate::<Encryption>(&[1, 2, 3, 4], 2);
    let sealed = encrypt(&first, b"label", b"sealed before", &[1; 32]);
    let (mut public, mut held) = (first.clone(), shares.clone());
    for (fills, needed) in [(&[1, 2, 3, 4, 5, 6, 7][..], 5), (&[8, 9], 2), (&[7], 1)] {
        (public, held) = reshare::<Encryption>(&public, &held, fills, needed);
        assert_eq!(public.group_key(), first.group_key());
        let given: Vec<_> = held.iter().map(|share| share.decryption_share(&sealed, &[0; 32])).collect();
        assert_eq!(combine(&public, b"label", &sealed, &given).unwrap(), b"sealed before");
    }
    // An old share and a new one are of two polynomials.
    let (second, again) = reshare::<Encryption>(&first, &shares, &[1, 2, 3, 4], 2);
    let mixed = [shares[0].decryption_share(&sealed, &[0; 32]), again[1].decryption_share(&sealed, &[0; 32])];
    assert_eq!(combine(&second, b"label", &sealed, &mixed), Err(ThresholdError::BadShares { indices: vec![0] }));
    assert_eq!(combine(&first, b"label", &sealed, &mixed), Err(ThresholdError::BadShares { indices: vec![1] }));
}

#[test]
fn signatures_stay_the_same_after_resharing() {
    let (first, shares) = generate::<Signing>(&[1, 2, 3], 2);
    let before = signs(&first, &shares, &[0, 2]).unwrap();
    let (second, held) = reshare::<Signing>(&first, &shares[1..], &[4, 5, 6, 7], 3);
    assert_eq!(second.group_key(), first.group_key());
    assert_eq!(signs(&second, &held, &[1, 2, 3]).unwrap(), before);
}

/// A dealt key is handed on as a generated one is.
#[test]
fn the_first_committees_key_can_be_handed_on() {
    let (old, shares) = deal(4, 2, &[9; 32]).unwrap();
    let (public, held) = reshare::<Encryption>(&old, &shares[2..], &[1, 2, 3], 2);
    assert_eq!(public.group_key(), old.group_key());
    assert_eq!(opens(&public, &held, &[0, 2]).unwrap(), b"one cherry blossom");
}

#[test]
fn who_stays_away_is_left_out() {
    let fills = [1, 2, 3, 4, 5];
    let new = || Ceremony::<Encryption>::generation(b"first", &publics(&fills), 3).unwrap();
    let dealings: Vec<_> = [4, 0, 2].map(|dealer| new().deal(dealer, &[7; 32]).unwrap()).into();
    let too_few = run(new, &fills, &dealings[..2]);
    assert_eq!(too_few[0], Err(ThresholdError::NotEnoughDealings { have: 2, needed: 3 }));
    let outcomes = run(new, &fills, &dealings);
    assert_eq!(outcomes[0].as_ref().unwrap().dealers, [0, 2, 4]);
    let (public, shares) = gather(outcomes);
    // Members 1 and 3 dealt nothing and hold shares all the same.
    assert_eq!(opens(&public, &shares, &[1, 3, 4]).unwrap(), b"one cherry blossom");
}

#[test]
fn an_observer_learns_the_public_key_only() {
    let fills = [1, 2, 3];
    let new = || Ceremony::<Encryption>::generation(b"first", &publics(&fills), 2).unwrap();
    let mut observer = new();
    for dealer in 0..3 {
        let dealing = Message::Dealing(new().deal(dealer, &[7; 32]).unwrap());
        assert_eq!(observer.handle(dealing.clone()), Ok(None));
        assert_eq!(observer.handle(dealing), Ok(None));
    }
    let outcome = observer.outcome().unwrap();
    assert_eq!(outcome.share, None);
    let mut member = new().with_key(key(2)).unwrap();
    for dealer in (0..3).rev() {
        member.handle(Message::Dealing(new().deal(dealer, &[7; 32]).unwrap())).unwrap();
    }
    assert_eq!(member.outcome().unwrap().public, outcome.public);
}

/// A dealing belongs to one session, one threshold and one committee.
#[test]
fn dealings_of_other_ceremonies_are_refused() {
    let here = || Ceremony::<Encryption>::generation(b"here", &publics(&[1, 2, 3]), 2).unwrap();
    let others = [
        Ceremony::generation(b"there", &publics(&[1, 2, 3]), 2).unwrap(),
        Ceremony::generation(b"here", &publics(&[1, 2, 3]), 3).unwrap(),
        Ceremony::generation(b"here", &publics(&[1, 3, 2]), 2).unwrap(),
        Ceremony::generation(b"here", &publics(&[1, 2, 3, 4]), 2).unwrap(),
    ];
    for other in others {
        let dealing = other.deal(1, &[7; 32]).unwrap();
        let refused = here().handle(Message::Dealing(dealing)).unwrap_err();
        assert_eq!(refused.code(), "threshold.bad-dealer");
    }
}

#[test]
fn misuse_is_named() {
    let generation = || Ceremony::<Encryption>::generation(b"x", &publics(&[1, 2]), 2);
    let (old, shares) = deal(3, 2, &[9; 32]).unwrap();
    let resharing = || Ceremony::<Encryption>::resharing(b"x", &old, &publics(&[1, 2]), 2);
    let (_, strangers) = deal(3, 2, &[8; 32]).unwrap();
    let codes = [
        (generation().unwrap().deal(2, &[0; 32]).unwrap_err(), "threshold.no-such-member"),
        (generation().unwrap().redeal(&shares[0], &[0; 32]).unwrap_err(), "threshold.wrong-ceremony"),
        (resharing().unwrap().deal(0, &[0; 32]).unwrap_err(), "threshold.wrong-ceremony"),
        (resharing().unwrap().redeal(&strangers[0], &[0; 32]).unwrap_err(), "threshold.bad-shares"),
        (generation().unwrap().with_key(key(3)).unwrap_err(), "threshold.no-such-member"),
        (generation().unwrap().outcome().unwrap_err(), "threshold.not-enough-dealings"),
        (Ceremony::<Encryption>::generation(b"x", &[], 0).unwrap_err(), "threshold.threshold"),
        (Ceremony::<Encryption>::generation(b"x", &publics(&[1]), 2).unwrap_err(), "threshold.threshold"),
        (Ceremony::<Encryption>::generation(b"x", &[[0; 32]], 1).unwrap_err(), "threshold.encoding"),
        (Ceremony::<Signing>::generation(b"x", &[[255; 32]], 1).unwrap_err(), "threshold.encoding"),
        (Complaint::from_bytes(&[]).unwrap_err(), "threshold.encoding"),
        (Message::<Signing>::from_bytes(&[2]).unwrap_err(), "threshold.encoding"),
    ];
    for (error, code) in codes {
        assert_eq!(error.code(), code);
    }
    assert!(!format!("{:?}", generation().unwrap().with_key(key(1)).unwrap()).contains("secret: Scalar"));
}
