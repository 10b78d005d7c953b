//! The bytes of everything that crosses processes. A change here is a change of format, made on purpose.
#![allow(clippy::unwrap_used)]

use globelet_gossip::{decode, encode, MessageId, Packet, Settings, Signed, Timer, Wish};
use globelet_signatures::SigningKey;

#[test]
fn packets() {
    let id = MessageId([0xaa; 16]);
    let cases = [
        (Packet::Join, "00".to_owned()),
        (Packet::ForwardJoin { joiner: 258, steps: 6 }, "01 0201 06".to_owned()),
        (Packet::Neighbor { wish: Wish::Alone }, "02 00".to_owned()),
        (Packet::Neighbor { wish: Wish::Room }, "02 01".to_owned()),
        (Packet::Neighbor { wish: Wish::Nearer }, "02 02".to_owned()),
        (Packet::NeighborReply { accepted: true }, "03 01".to_owned()),
        (Packet::Disconnect, "04".to_owned()),
        (Packet::Shuffle { origin: 1, steps: 2, sample: vec![3, 4] }, "05 0100 02 02000000 0300 0400".to_owned()),
        (Packet::ShuffleReply { sample: vec![] }, "06 00000000".to_owned()),
        (Packet::Gossip { round: 9, payload: b"hi".to_vec() }, "07 0900 02000000 6869".to_owned()),
        (Packet::IHave { ids: vec![id] }, format!("08 01000000 {}", "aa".repeat(16))),
        (Packet::Graft { id }, format!("09 {}", "aa".repeat(16))),
        (Packet::Prune, "0a".to_owned()),
    ];
    for (packet, golden) in cases {
        let golden = format!("01000000{}", golden.replace(' ', ""));
        assert_eq!(hex::encode(encode(std::slice::from_ref(&packet))), golden);
        assert_eq!(decode(&hex::decode(golden).unwrap()), Ok(vec![packet]));
    }
    assert_eq!(hex::encode(encode(&[Packet::Prune, Packet::Join])), "020000000a00");
}

#[test]
fn ids_timers_and_signatures() {
    let id = MessageId::of(b"tokyo");
    assert_eq!(hex::encode(id.0), ID);
    let timers =
        [(Timer::Period, "00".to_owned()), (Timer::Announce, "01".to_owned()), (Timer::Await(id), format!("02{ID}"))];
    for (timer, golden) in timers {
        assert_eq!(hex::encode(timer.to_bytes()), golden);
        assert_eq!(Timer::from_bytes(&hex::decode(golden).unwrap()), Ok(timer));
    }
    let signed = Signed::sign(&SigningKey::from_seed(&[1; 32]), 258, b"hi".to_vec()).unwrap().to_bytes();
    assert_eq!(hex::encode(signed), SIGNED);
}

#[test]
fn the_settings_of_members_that_work_together() {
    let expected =
        "Settings { active: 5, passive: 30, walk: 6, passive_walk: 3, shuffle_active: 3, shuffle_passive: 4, \
                    unbiased: 2, shuffle_us: 30000000, announce_us: 2000000, graft_us: 500000, \
                    graft_again_us: 1000000, ids: 4096, payloads: 256, recent: 8 }";
    assert_eq!(format!("{:?}", Settings::default()), expected);
    assert_eq!(Settings::default().check(), Ok(()));
}

const ID: &str = "d347ee99c33c55c10eea89d664e2a137";
/// Made by another library (Python's `cryptography`).
const SIGNED: &str = concat!(
    "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c02010000000000000200000068699060",
    "4d3963dd97dc92b9aafe15a75665971d130c443e58df439160b842f11e9a5be120a28c025be890d485d62e4ce64cb25b",
    "076549af5321de953cb5a680420b"
);
