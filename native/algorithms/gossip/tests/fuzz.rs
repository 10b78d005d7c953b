//! Decoders take any bytes without harm, and only the bytes that they would write; members bear whatever decodes.
#![allow(clippy::unwrap_used)]

use globelet_fuzz::fuzz;
use globelet_gossip::{
    decode, encode, Authors, Input, Member, MessageId, Packet, Settings, Signed, Timer, Wish, MOST_BYTES,
};
use globelet_signatures::SigningKey;

fn signed() -> Vec<u8> {
    Signed::sign(&SigningKey::from_seed(&[1; 32]), 3, b"a body".to_vec()).unwrap().to_bytes()
}

/// One target for each kind of packet: its seeds are that kind alone.
fn packets(name: &str, seeds: &[Packet]) {
    let seeds: Vec<Vec<u8>> = seeds.iter().map(|packet| encode(std::slice::from_ref(packet))).collect();
    fuzz(name, &seeds, |bytes| {
        let Ok(packets) = decode(bytes) else { return };
        assert_eq!(encode(&packets), bytes);
        assert!(bytes.len() <= MOST_BYTES);
        assert!(packets.iter().map(Packet::size).sum::<usize>() + 4 >= bytes.len());
        for authors in [None, Some(Authors::Anybody)] {
            let plain = Member::new(0, Settings::default(), 1);
            let mut member = authors.map_or(plain, |who| Member::guarded(0, Settings::default(), 1, who));
            member.handle(Input::Received(1, Packet::Join));
            member.handle(Input::Received(2, Packet::Join));
            member.receive(1, bytes).unwrap();
            member.handle(Input::TimerExpired(Timer::Announce));
            member.handle(Input::TimerExpired(Timer::Period));
            assert!(member.active().len() <= 5 && member.passive().len() <= 30);
            assert!(!member.active().contains(&0) && !member.passive().contains(&0));
            assert!(member.eager().is_subset(member.active()));
        }
    });
}

#[test]
fn joins() {
    packets("gossip-join", &[Packet::Join, Packet::ForwardJoin { joiner: 3, steps: 6 }, Packet::Disconnect]);
}

#[test]
fn neighbors() {
    let wishes = [Wish::Alone, Wish::Room, Wish::Nearer].map(|wish| Packet::Neighbor { wish });
    packets("gossip-neighbor", &wishes);
    packets("gossip-neighbor-reply", &[true, false].map(|accepted| Packet::NeighborReply { accepted }));
}

#[test]
fn shuffles() {
    packets("gossip-shuffle", &[Packet::Shuffle { origin: 7, steps: 2, sample: vec![1, 2, 9] }]);
    packets("gossip-shuffle-reply", &[Packet::ShuffleReply { sample: vec![4, 5, 6] }]);
}

#[test]
fn payloads() {
    let payloads = [b"text".to_vec(), signed(), Vec::new()];
    packets("gossip-payload", &payloads.map(|payload| Packet::Gossip { round: 1, payload }));
}

#[test]
fn announcements() {
    let id = MessageId::of(b"text");
    packets("gossip-announcement", &[Packet::IHave { ids: vec![id; 3] }, Packet::Graft { id }, Packet::Prune]);
}

#[test]
fn signed_payloads() {
    fuzz("gossip-signed", &[signed()], |bytes| {
        if let Ok(opened) = Signed::open(bytes) {
            assert_eq!(opened.to_bytes(), bytes);
            assert_eq!(bytes, signed(), "forged");
        }
    });
}

#[test]
fn timers() {
    let seeds = [Timer::Period, Timer::Announce, Timer::Await(MessageId::of(b"text"))].map(|timer| timer.to_bytes());
    fuzz("gossip-timer", &seeds, |bytes| {
        if let Ok(timer) = Timer::from_bytes(bytes) {
            assert_eq!(timer.to_bytes(), bytes);
            Member::new(0, Settings::default(), 1).handle(Input::TimerExpired(timer));
        }
    });
}
