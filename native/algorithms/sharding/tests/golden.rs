//! The bytes of what crosses processes and lies in logs. A change here is a change of format, made on purpose.
#![allow(clippy::unwrap_used)]

use globelet_sharding::{
    Account, Changes, Event, Head, Home, Kind, Move, Parcel, Reason, Relocation, Remittance, Settlement, Transfer,
};
use globelet_types::{AccountId, ChainId, OrderId};

const ALICE: AccountId = AccountId([0xaa; 32]);
const BOB: AccountId = AccountId([0xbb; 32]);
const ORDER: OrderId = OrderId([0xcc; 32]);

fn bytes(text: &str) -> String {
    let (a, b, c) = ("aa".repeat(32), "bb".repeat(32), "cc".repeat(32));
    text.replace(' ', "").replace("ALICE", &a).replace("BOB", &b).replace("ORDER", &c)
}

#[test]
fn events_and_heads() {
    let to = ChainId(2);
    let transfer = Transfer { id: ORDER, from: ALICE, to: BOB, destination: to, amount: 5, nonce: 258 };
    let head = Head { source: ChainId(1), destination: to, newest: 3, cursor: 4 };
    let moved = Event::Moved(Move { id: ORDER, account: ALICE, destination: to, nonce: 258 });
    let cases = [
        (Event::Opened { account: ALICE }, "00 ALICE"),
        (Event::Transferred(transfer), "01 ORDER ALICE BOB 0200 0500000000000000 0201000000000000"),
        (moved, "02 ORDER ALICE 0200 0201000000000000"),
        (Event::Closed, "03"),
        (Event::Told(head), "05 0100 0200 0300000000000000 0400000000000000"),
        (Event::Ordered { account: ALICE, nonce: 258 }, "06 ALICE 0201000000000000"),
    ];
    for (event, golden) in cases {
        assert_eq!(hex::encode(event.to_bytes()), bytes(golden));
    }
}

#[test]
fn parcel() {
    let account = Account { balance: 5, highest_nonce: 2, used: 3, version: 1 };
    let parcel = Parcel {
        source: ChainId(1),
        destination: ChainId(2),
        number: 7,
        cursor: 6,
        relocations: vec![Relocation { order: ORDER, id: ALICE, account }],
        remittances: vec![Remittance {
            id: ORDER,
            from: ALICE,
            to: BOB,
            amount: 9,
            kind: Kind::Forward { version: 1 },
        }],
        settlements: vec![Settlement { number: 4, refused: vec![(ORDER, Reason::UnknownRecipient)], returned: vec![] }],
    };
    let golden = "0100 0200 0700000000000000 0600000000000000 \
        01000000 ORDER ALICE 0500000000000000 0200000000000000 03000000000000000000000000000000 0100000000000000 \
        01000000 ORDER ALICE BOB 0900000000000000 01 0100000000000000 \
        01000000 0400000000000000 01000000 ORDER 01 00000000";
    assert_eq!(hex::encode(parcel.to_bytes()), bytes(golden));
    assert_eq!(hex::encode(&parcel.digest()[..8]), "8573fd49b93ae6f9");
}

#[test]
fn map() {
    let home = Home { municipality: ChainId(2), version: 1 };
    let changes = Changes { epoch: 3, before: [0xdd; 32], homes: vec![(ALICE, home)] };
    let golden = format!("0300000000000000{} 01000000 ALICE 0200 0100000000000000", "dd".repeat(32));
    assert_eq!(hex::encode(changes.to_bytes()), bytes(&golden));
}
