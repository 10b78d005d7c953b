//! What is read is bounded, and what cannot be read is refused with a reason.
#![allow(clippy::unwrap_used, missing_docs)]
use globelet_gossip::*;
use proptest::prelude::*;

fn packets() -> Vec<Packet> {
    vec![
        Packet::Join,
        Packet::ForwardJoin { joiner: 3, steps: 6 },
        Packet::Neighbor { wish: Wish::Nearer },
        Packet::NeighborReply { accepted: true },
        Packet::Disconnect,
        Packet::Shuffle { origin: 1, steps: 2, sample: vec![1, 2] },
        Packet::ShuffleReply { sample: vec![] },
        Packet::Gossip { round: 1, payload: b"here".to_vec() },
        Packet::IHave { ids: vec![MessageId::of(b"here")] },
        Packet::Graft { id: MessageId::of(b"here") },
        Packet::Prune,
    ]
}

#[test]
fn packets_come_back_and_no_truncation_does() {
    let bytes = encode(&packets());
    assert_eq!(decode(&bytes), Ok(packets()));
    for end in 0..bytes.len() {
        assert!(matches!(decode(&bytes[..end]), Err(PacketRefused::Malformed(_))), "cut at {end}");
    }
}

#[test]
fn what_is_too_much_is_refused() {
    let gossip = |length| vec![Packet::Gossip { round: 0, payload: vec![0; length] }];
    assert!(decode(&encode(&gossip(MOST_PAYLOAD))).is_ok());
    let refused = decode(&encode(&gossip(MOST_PAYLOAD + 1))).unwrap_err();
    assert_eq!(refused.code(), "gossip_too_many");
    let ids = vec![Packet::IHave { ids: vec![MessageId([0; 16]); MOST_IDS + 1] }];
    assert_eq!(decode(&encode(&ids)).unwrap_err().code(), "gossip_too_many");
    let sample = vec![Packet::ShuffleReply { sample: vec![0; MOST_PEERS + 1] }];
    assert_eq!(decode(&encode(&sample)).unwrap_err().code(), "gossip_too_many");
    assert_eq!(decode(&vec![0; MOST_BYTES + 1]), Err(PacketRefused::TooLarge { found: MOST_BYTES + 1 }));
}

#[test]
fn a_payload_that_is_too_large_is_not_sent() {
    let mut member = Member::new(0, Settings::default(), 1);
    member.handle(Input::Received(1, Packet::Join));
    assert_eq!(member.handle(Input::Broadcast(vec![0; MOST_PAYLOAD + 1])), vec![]);
    assert_eq!(member.handle(Input::Broadcast(vec![0; MOST_PAYLOAD])).len(), 1);
}

#[test]
fn who_announces_what_does_not_exist_leaves_room_for_others() {
    let mut member = Member::new(0, Settings::default(), 1);
    member.handle(Input::Received(1, Packet::Join));
    member.handle(Input::Received(2, Packet::Join));
    let ids = |kind: u8| (0..=255).map(|n| MessageId([kind, n, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])).collect();
    for kind in 0..10 {
        member.handle(Input::Received(1, Packet::IHave { ids: ids(kind) }));
    }
    let outputs = member.handle(Input::Received(2, Packet::IHave { ids: vec![MessageId::of(b"real")] }));
    assert!(matches!(outputs.as_slice(), [Output::StartTimer(_, Timer::Await(id))] if *id == MessageId::of(b"real")));
}

#[test]
fn every_period_every_neighbour_is_sent_something() {
    let mut member = Member::new(0, Settings::default(), 1);
    for peer in [1, 2, 3] {
        member.handle(Input::Received(peer, Packet::Join));
    }
    let outputs = member.handle(Input::TimerExpired(Timer::Period));
    for peer in [1, 2, 3] {
        assert!(outputs.contains(&Output::Send(peer, Packet::IHave { ids: vec![] })));
    }
}

#[test]
fn a_new_neighbour_hears_of_the_newest_messages() {
    let mut member = Member::new(0, Settings::default(), 1);
    for number in 0..20_u8 {
        member.handle(Input::Broadcast(vec![number]));
    }
    member.handle(Input::Received(1, Packet::Join));
    let ids = (12..20_u8).rev().map(|number| MessageId::of(&[number])).collect();
    let outputs = member.handle(Input::TimerExpired(Timer::Announce));
    assert_eq!(outputs, vec![Output::Send(1, Packet::IHave { ids })]);
}

proptest! {
    #[test]
    fn bytes_of_anybody_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode(&bytes);
    }

    /// Whatever its neighbours say, a member's views keep their bounds and never hold itself.
    #[test]
    fn views_keep_their_bounds(said in prop::collection::vec((0_u16..60, 0_usize..11, 0_u16..60, 0_u8..=255), 0..400)) {
        let mut member = Member::new(0, Settings::default(), 1);
        for (from, kind, other, steps) in said {
            let packet = match packets().swap_remove(kind) {
                Packet::ForwardJoin { .. } => Packet::ForwardJoin { joiner: other, steps },
                Packet::Shuffle { .. } => Packet::Shuffle { origin: other, steps, sample: vec![other, from, 0] },
                packet => packet,
            };
            member.handle(Input::Received(from.max(1), packet));
            if steps == 0 {
                member.handle(Input::Down(other));
                member.handle(Input::TimerExpired(Timer::Period));
            }
            prop_assert!(member.active().len() <= 5 && member.passive().len() <= 30);
            prop_assert!(!member.active().contains(&0) && !member.passive().contains(&0));
            prop_assert!(member.active().is_disjoint(member.passive()));
            prop_assert!(member.eager().is_subset(member.active()));
        }
    }
}
