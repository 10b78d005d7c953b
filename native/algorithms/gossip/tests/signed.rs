//! Signed payloads: what is verified, and that what is not goes no further than one neighbour.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeSet;

use globelet_gossip::{
    encode, Authors, GossipError, Input, Member, Output, Packet, Settings, Signed, MOST_PAYLOAD, SIGNED_OVERHEAD,
};
use globelet_signatures::SigningKey;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn letter(seed: u8) -> Vec<u8> {
    Signed::sign(&key(seed), 7, b"here".to_vec()).unwrap().to_bytes()
}

fn guarded(authors: Authors) -> Member {
    let mut member = Member::guarded(0, Settings::default(), 1, authors);
    for peer in [1, 2, 3] {
        member.handle(Input::Received(peer, Packet::Join));
    }
    member
}

fn only(seed: u8) -> Authors {
    Authors::These(BTreeSet::from([key(seed).public()]))
}

#[test]
fn a_signed_payload_comes_back_and_no_other_does() {
    let bytes = letter(1);
    let opened = Signed::open(&bytes).unwrap();
    assert_eq!((opened.author, opened.number, opened.body.as_slice()), (key(1).public(), 7, b"here".as_slice()));
    assert_eq!((opened.to_bytes(), bytes.len()), (bytes.clone(), SIGNED_OVERHEAD + 4));
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        let refused = Signed::open(&changed).unwrap_err().code();
        assert!(["gossip.forged", "gossip.malformed"].contains(&refused), "byte {place}: {refused}");
        assert_eq!(Signed::open(&bytes[..place]).unwrap_err().code(), "gossip.malformed");
    }
    assert_eq!(Signed::open(&[bytes, vec![0]].concat()).unwrap_err().code(), "gossip.malformed");
}

#[test]
fn bodies_are_as_long_as_packets_allow() {
    let most = MOST_PAYLOAD - SIGNED_OVERHEAD;
    assert_eq!(Signed::sign(&key(1), 0, vec![0; most]).unwrap().to_bytes().len(), MOST_PAYLOAD);
    let refused = Signed::sign(&key(1), 0, vec![0; most + 1]).unwrap_err();
    assert_eq!(refused, GossipError::PayloadTooLarge { found: most + 1, most });
    assert_eq!(Signed::open(&vec![0; MOST_PAYLOAD + 1]).unwrap_err().code(), "gossip.payload-too-large");
}

#[test]
fn a_guarded_member_passes_on_what_its_authors_signed() {
    for authors in [Authors::Anybody, only(1)] {
        let mut member = guarded(authors);
        let outputs = member.handle(Input::Received(1, Packet::Gossip { round: 0, payload: letter(1) }));
        let to = |peer| outputs.iter().any(|o| matches!(o, Output::Send(p, Packet::Gossip { .. }) if *p == peer));
        assert_eq!([1, 2, 3].map(to), [false, true, true]);
        assert!(outputs.iter().any(|output| matches!(output, Output::Deliver { from: 1, .. })));
        assert_eq!((member.refused(), member.active().len()), (0, 3));
    }
}

#[test]
fn what_nobody_signed_ends_at_the_first_neighbour_which_drops_who_sent_it() {
    let mut forged = letter(1);
    forged[44] ^= 1;
    for (authors, payload) in [(Authors::Anybody, forged), (only(2), letter(1)), (Authors::Anybody, b"text".to_vec())] {
        let mut member = guarded(authors);
        let bytes = encode(&[Packet::Gossip { round: 0, payload }]);
        let outputs = member.receive(1, &bytes).unwrap();
        assert_eq!(outputs, vec![Output::Send(1, Packet::Disconnect)]);
        assert_eq!(member.refused(), 1);
        assert_eq!(member.active(), &BTreeSet::from([2, 3]));
        assert!(!member.passive().contains(&1));
    }
}

#[test]
fn a_guarded_member_broadcasts_only_what_the_others_take() {
    let mut member = guarded(only(1));
    assert_eq!(member.broadcast(b"text".to_vec()).unwrap_err().code(), "gossip.malformed");
    assert_eq!(member.broadcast(letter(2)).unwrap_err().code(), "gossip.unknown-author");
    assert_eq!(member.broadcast(vec![0; MOST_PAYLOAD + 1]).unwrap_err().code(), "gossip.payload-too-large");
    assert_eq!(member.broadcast(letter(1)).unwrap().len(), 3);
    assert_eq!(member.broadcast(letter(1)).unwrap(), vec![]);
}
