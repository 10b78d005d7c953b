//! The same ceremony by commonware-cryptography: what one member does, as a dealer and as a player, without sealing.

use std::hint::black_box;

use commonware_cryptography::bls12381::dkg::feldman_desmedt::{
    Dealer, DealerPrivMsg, DealerPubMsg, Info, Logs, Player, Reveal,
};
use commonware_cryptography::bls12381::primitives::sharing::Mode;
use commonware_cryptography::bls12381::primitives::variant::MinSig;
use commonware_cryptography::ed25519::{PrivateKey, PublicKey};
use commonware_cryptography::Signer;
use commonware_parallel::Sequential;
use commonware_utils::ordered::Set;
use commonware_utils::{test_rng, N3f1, TryCollect};

/// The member that is measured, and what every member agrees on.
pub struct Round {
    info: Info<MinSig, PublicKey>,
    me: PrivateKey,
    logs: Logs<MinSig, PublicKey, N3f1>,
}

/// What the member gets from one dealer.
pub type Dealt = (PublicKey, DealerPubMsg<MinSig>, DealerPrivMsg);

/// A whole round of `n`, of which the first member's part can be done again.
pub fn prepare(n: u64) -> (Round, Vec<Dealt>) {
    let keys: Vec<PrivateKey> = (0..n).map(PrivateKey::from_seed).collect();
    let members: Set<PublicKey> = keys.iter().map(Signer::public_key).try_collect().unwrap();
    let info =
        Info::new::<N3f1>(b"bench", 0, None, Mode::NonZeroCounter, Reveal::V1, members.clone(), members).unwrap();
    let mut players: Vec<_> =
        keys.iter().map(|key| (key.public_key(), Player::new(info.clone(), key.clone()).unwrap())).collect();
    let (mut logs, mut dealt) = (Logs::new(info.clone()), Vec::new());
    for key in &keys {
        let from = key.public_key();
        let (mut dealer, public, private) = Dealer::start::<N3f1>(test_rng(), info.clone(), key.clone(), None).unwrap();
        for (to, message) in private {
            let (_, player) = players.iter_mut().find(|(key, _)| *key == to).unwrap();
            let ack = player.dealer_message::<N3f1>(from.clone(), public.clone(), message.clone()).unwrap().unwrap();
            if to == keys[0].public_key() {
                dealt.push((from.clone(), public.clone(), message));
            }
            dealer.receive_player_ack(to, ack).unwrap();
        }
        logs.record(from, dealer.finalize::<N3f1>().check(&info).unwrap().1);
    }
    (Round { info, me: keys[0].clone(), logs }, dealt)
}

/// Deals, takes in what was dealt, comes to the outcome.
pub fn member(round: &Round, dealt: &[Dealt]) {
    let (dealer, ..) = Dealer::start::<N3f1>(test_rng(), round.info.clone(), round.me.clone(), None).unwrap();
    black_box(dealer.finalize::<N3f1>());
    let mut player = Player::<MinSig, PrivateKey>::new(round.info.clone(), round.me.clone()).unwrap();
    for (from, public, private) in dealt {
        player.dealer_message::<N3f1>(from.clone(), public.clone(), private.clone()).unwrap();
    }
    black_box(player.finalize(&mut test_rng(), round.logs.clone(), &Sequential).unwrap());
}
