//! Decoders take any bytes without harm, and only the bytes that they would write; books bear whatever decodes.
#![allow(clippy::unwrap_used)]

use globelet_fuzz::fuzz;
use globelet_sharding::{
    Account, Books, Changes, Effect, Event, Head, Home, Kind, Map, Move, Parcel, Reason, Relocation, Remittance,
    Settlement,
};
use globelet_types::{AccountId, ChainId, OrderId};

const ALICE: AccountId = AccountId([1; 32]);
const BOB: AccountId = AccountId([2; 32]);
const MOVE: OrderId = OrderId([3; 32]);

fn parcel() -> Parcel {
    let remittance = |id: u8, kind| Remittance { id: OrderId([id; 32]), from: BOB, to: ALICE, amount: 9, kind };
    Parcel {
        source: ChainId(1),
        destination: ChainId(0),
        number: 2,
        cursor: 1,
        relocations: vec![Relocation { order: MOVE, id: BOB, account: Account { version: 1, ..Account::open(5) } }],
        remittances: vec![remittance(7, Kind::Transfer), remittance(8, Kind::Forward { version: 3 })],
        settlements: vec![Settlement {
            number: 1,
            refused: vec![(OrderId([9; 32]), Reason::UnknownRecipient)],
            returned: vec![(BOB, Reason::AlreadyOpen)],
        }],
    }
}

#[test]
fn events() {
    let head = Head { source: ChainId(1), destination: ChainId(0), newest: 3, cursor: 1 };
    let seeds = [
        Event::Arrived(parcel()).to_bytes(),
        Event::Told(head).to_bytes(),
        Event::Moved(Move { id: MOVE, account: ALICE, destination: ChainId(1), nonce: 1 }).to_bytes(),
        Event::Closed.to_bytes(),
        Event::Ordered { account: ALICE, nonce: 1 }.to_bytes(),
    ];
    fuzz("sharding-event", &seeds, |bytes| {
        let Ok(event) = Event::from_bytes(bytes) else { return };
        assert_eq!(event.to_bytes(), bytes);
        let mut books = Books::new(ChainId(0), &[(ALICE, 100)]).unwrap();
        books.handle(&Event::Moved(Move { id: MOVE, account: ALICE, destination: ChainId(1), nonce: 9 })).unwrap();
        books.handle(&Event::Closed).unwrap();
        let first = books.handle(&event);
        let after = books.clone();
        // What comes twice counts once.
        if matches!(event, Event::Arrived(_)) && first.is_ok() {
            assert_eq!(books.handle(&event).unwrap(), Vec::<Effect>::new());
            assert_eq!(books, after);
        }
    });
}

#[test]
fn parcels_and_heads() {
    let head = Head { source: ChainId(1), destination: ChainId(0), newest: 3, cursor: 1 };
    fuzz("sharding-parcel", &[parcel().to_bytes(), head.to_bytes()], |bytes| {
        if let Ok(found) = Parcel::from_bytes(bytes) {
            assert_eq!(found.to_bytes(), bytes);
            assert!(found.wants_settlement() || found.amount() == 0);
        }
        if let Ok(found) = Head::from_bytes(bytes) {
            assert_eq!(found.to_bytes(), bytes);
        }
    });
}

#[test]
fn changes() {
    let mut map = Map::new();
    map.learn(ALICE, Home { municipality: ChainId(1), version: 2 });
    map.learn(BOB, Home { municipality: ChainId(2), version: 0 });
    let seed = map.close();
    fuzz("sharding-changes", &[seed.to_bytes()], |bytes| {
        let Ok(found) = Changes::from_bytes(bytes) else { return };
        assert_eq!(found.to_bytes(), bytes);
        if Map::new().follow(&found).is_ok() {
            assert_eq!((found.epoch, found.before), (1, [0; 32]));
        }
    });
}
