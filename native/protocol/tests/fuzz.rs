//! What a node reads of others: any bytes are taken without harm, only the bytes that it would write itself, and in no
//! more memory than they justify. What can be read is then said to nodes in the midst of their work, whose chains go on
//! as they did without it.
#![allow(clippy::unwrap_used)]

mod earth;
mod towns;
mod worlds;

use borsh::{BorshDeserialize, BorshSerialize};
use earth::{Earth, NODES};
use globelet_election::{Committee, Handover, Member};
use globelet_fuzz::{fuzz, held, within, Meter};
use globelet_kem::{Scheme, Sntrup761, XWing};
use globelet_protocol::block::{BlockHeader, LaneEntry, Parcel};
use globelet_protocol::epoch::Succession;
use globelet_protocol::holding::Extension;
use globelet_protocol::lane::{LaneCiphertext, CIPHERTEXT_MOST};
use globelet_protocol::receipt::Report;
use globelet_protocol::{receipt_json, verify, Effect, Event, Genesis, Message, Publication, Receipt, State, Timer};
use globelet_sharding::{Kind, Remittance, Settlement};
use globelet_threshold::Ciphertext;
use globelet_types::{decode, encode, AccountId, ChainId, NodeId, OrderId, SignedOrder};
use serde_json::Value;
use std::fmt::Debug;
use std::sync::OnceLock;

#[global_allocator]
static METER: Meter = Meter;

/// Bytes of memory for each byte read: what is short on the wire may be wide in memory.
const PER_BYTE: usize = 24;
/// After so many inputs nodes are as they were before the first.
const TOGETHER: usize = 256;
/// A replica of each town, a holder, a replica of the continent and one of the globe.
const HEARERS: [u16; 5] = [0, 7, 4, 14, 18];

fn earth() -> &'static Earth {
    static EARTH: OnceLock<Earth> = OnceLock::new();
    EARTH.get_or_init(Earth::run)
}

/// Reads a value, and holds that it is written as it was read.
fn canonical<T: BorshSerialize + BorshDeserialize + Debug>(bytes: &[u8]) -> Option<T> {
    let value = within(bytes, PER_BYTE, decode::<T>).ok()?;
    assert!(encode(&value) == bytes, "{value:?} is written otherwise than it was read");
    Some(value)
}

/// Nodes that hear whatever can be read, from whoever it is said to come.
struct Hearers {
    nodes: Vec<(u64, State)>,
    inputs: usize,
    bytes: usize,
    held: usize,
    ever: usize,
}

impl Hearers {
    fn new() -> Hearers {
        let nodes = HEARERS.map(|node| earth().state(node, 600)).into();
        Hearers { nodes, inputs: 0, bytes: 0, held: held(), ever: 0 }
    }

    fn hear(&mut self, message: &Message, bytes: &[u8]) {
        let from = NodeId((bytes.iter().map(|b| usize::from(*b)).sum::<usize>() % usize::from(NODES)) as u16);
        self.inputs += 1;
        self.bytes += bytes.len();
        for (now, state) in &mut self.nodes {
            *now += 100;
            let mut effects =
                state.handle(*now, Event::MessageReceived { from, route: None, message: message.clone() });
            if self.inputs.is_multiple_of(32) {
                for timer in [Timer::Round, Timer::Hurry, Timer::Seal, Timer::Repair, Timer::Interval, Timer::Report] {
                    effects.extend(state.handle(*now, Event::TimerExpired(timer)));
                }
            }
            effects.into_iter().for_each(unchanged);
        }
        if self.inputs == TOGETHER {
            let grown = held().saturating_sub(self.held);
            assert!(grown < (16 << 20) + 64 * self.bytes, "{} bytes left {grown} bytes behind", self.bytes);
            *self = Hearers { ever: self.ever + TOGETHER, ..Hearers::new() };
        }
    }
}

/// Nothing that is certified is another block than without the noise: only a quorum's own signatures do that.
fn unchanged(effect: Effect) {
    if let Effect::Publish(Publication::BlockCertified { chain, height, hash, .. }) = effect {
        assert_eq!(earth().certified.get(&(chain, height)), Some(&hash), "another block at {chain}, {height}");
    }
}

/// What a replica of the other town would send, had it to.
fn parcel() -> Parcel {
    let (from, to) = (AccountId([6; 32]), AccountId([7; 32]));
    let transfer = Remittance { id: OrderId([5; 32]), from, to, amount: 7, kind: Kind::Transfer };
    Parcel {
        source: ChainId(1),
        destination: ChainId(0),
        number: 3,
        cursor: 2,
        relocations: Vec::new(),
        remittances: vec![transfer; 2],
        settlements: vec![Settlement { number: 2, refused: Vec::new(), returned: Vec::new() }],
    }
}

/// What an epoch's end brings: the world of this file has no epochs, so nobody says it.
fn handovers() -> Vec<Message> {
    let nodes = &earth().genesis.nodes;
    let members = (7..11).map(|i| Member { key: nodes[i].signing, place: i as u32, others: [8; 32] }).collect();
    let committee = Committee::new(ChainId(1), 1, members).unwrap();
    let handover = Handover { committee, signatures: vec![(0, [4; 64]), (2, [5; 64])] };
    let proofs = vec![Succession { since: 2, keys: [6; 32], handover }; 2];
    vec![
        Message::Handover { epoch: 1, signature: [3; 64] },
        Message::Handovers { chain: ChainId(1), proofs },
        Message::HandoversWanted { chain: ChainId(1), epoch: 0 },
        Message::Doubt { member: 1, height: 2, block: [9; 32], signature: [3; 64] },
    ]
}

/// The world of this file is over before a holder's time is.
fn extension() -> Message {
    let extension = Extension { vertex: [7; 32], shard: 5, until_us: 9_000_000, signature: [4; 64] };
    Message::Extend { sequence: 3, extension }
}

/// Messages that need more trouble than the run had.
fn rare() -> Vec<Message> {
    let shard = |message: &Message| match message {
        Message::Parcel(shard) => Some(shard.clone()),
        _ => None,
    };
    let shard = earth().said.iter().find_map(shard).unwrap();
    vec![
        Message::RepairRequest { destination: ChainId(0), numbers: vec![1, 3] },
        Message::ParcelWanted { source: ChainId(1), number: 3 },
        Message::LaneHead { source: ChainId(1), number: 3 },
        Message::ParcelCopy { header: shard.header, certificate: shard.certificate, parcel: parcel() },
        Message::Unproven { heights: vec![1, 2] },
    ]
}

/// What was said of these kinds, which are their places in [`Message`]: two of each, of different length where there are.
fn seeds(kinds: std::ops::RangeInclusive<u8>) -> Vec<Vec<u8>> {
    let rare = [rare(), handovers(), vec![extension()]].concat();
    let said: Vec<Vec<u8>> =
        earth().said.iter().chain(&rare).map(encode).filter(|bytes| kinds.contains(&bytes[0])).collect();
    let mut seeds = Vec::new();
    for kind in kinds {
        let mut one: Vec<&Vec<u8>> = said.iter().filter(|bytes| bytes[0] == kind).collect();
        assert!(!one.is_empty(), "nobody said a message of kind {kind}");
        one.sort_by_key(|bytes| bytes.len());
        seeds.extend([one[0].clone(), one[one.len() - 1].clone()]);
    }
    seeds
}

fn messages(name: &str, kinds: std::ops::RangeInclusive<u8>) {
    let seeds = seeds(kinds);
    let mut hearers = Hearers::new();
    fuzz(name, &seeds, |bytes| {
        if let Some(message) = canonical::<Message>(bytes) {
            hearers.hear(&message, bytes);
        }
    });
    let heard = hearers.ever + hearers.inputs;
    println!("{name}: {heard} messages were heard");
    assert!(heard > 100, "next to nothing could be read");
}

#[test]
fn vertices_and_who_holds_them() {
    messages("protocol-holding", 0..=2);
}

#[test]
fn agreement_votes_and_what_who_is_behind_is_told() {
    messages("protocol-agreement", 3..=8);
}

#[test]
fn parcels_and_repairs() {
    messages("protocol-parcels", 9..=13);
}

#[test]
fn what_goes_up_to_the_continent_and_the_globe_and_comes_down() {
    messages("protocol-above", 14..=18);
}

#[test]
fn interval_signatures_and_shares_of_checkpoints() {
    messages("protocol-intervals", 19..=21);
}

#[test]
fn challenges_and_answers() {
    messages("protocol-challenges", 22..=23);
}

#[test]
fn committees_that_hand_over() {
    messages("protocol-handovers", 24..=27);
}

#[test]
fn more_time_for_what_is_held() {
    messages("protocol-extensions", 28..=28);
}

#[test]
fn keys_of_lanes_ahead() {
    messages("protocol-lane-keys", 29..=29);
}

#[test]
fn lane_ciphertexts() {
    let lengths = [0, Sntrup761::CIPHERTEXT_LEN, XWing::CIPHERTEXT_LEN, CIPHERTEXT_MOST];
    let seeds = lengths.map(|length| encode(&LaneCiphertext::new(vec![7; length]).unwrap()));
    fuzz("protocol-lane-ciphertext", &seeds, |bytes| {
        if let Some(ciphertext) = canonical::<LaneCiphertext>(bytes) {
            assert!(ciphertext.bytes().len() <= CIPHERTEXT_MOST);
            assert_eq!(LaneCiphertext::new(ciphertext.bytes().to_vec()), Some(ciphertext));
        }
    });
}

#[test]
fn block_headers_and_their_lane_entries() {
    let header = |message: &Message| match message {
        Message::Header { header, .. } => Some(header.clone()),
        _ => None,
    };
    let headers: Vec<BlockHeader> = earth().said.iter().filter_map(header).collect();
    let with_lane = headers.iter().find(|h| !h.lanes.is_empty()).unwrap();
    let seeds = [encode(with_lane), encode(&headers[0]), encode(&with_lane.lanes[0])];
    fuzz("protocol-block-header", &seeds, |bytes| {
        if let Some(header) = canonical::<BlockHeader>(bytes) {
            assert_eq!(header.hash() == with_lane.hash(), header == *with_lane);
        }
        canonical::<LaneEntry>(bytes);
    });
}

/// What comes out of a sealed body or a proposal: its sender may be the one liar of its committee.
#[test]
fn what_lies_in_sealed_bodies() {
    let mut seeds = Vec::new();
    for message in &earth().said {
        match message {
            Message::VertexBody { body, .. } => seeds.push(body.clone()),
            Message::Report(report) => seeds.push(encode(&vec![report.clone()])),
            _ => {}
        }
    }
    seeds.sort_by_key(Vec::len);
    seeds.dedup();
    let orders: Vec<SignedOrder> = earth().receipts.iter().map(|r| r.order.clone()).take(3).collect();
    seeds.truncate(12);
    seeds.extend([encode(&orders), encode(&parcel())]);
    fuzz("protocol-bodies", &seeds, |bytes| {
        canonical::<Vec<SignedOrder>>(bytes);
        canonical::<Parcel>(bytes);
        canonical::<Vec<Report>>(bytes);
        canonical::<Ciphertext>(bytes);
    });
}

/// The shortest and the longest receipt: just admitted, and with all its proofs.
fn receipts() -> Vec<Receipt> {
    let mut all = earth().receipts.clone();
    all.sort_by_key(|receipt| encode(receipt).len());
    assert!(all[all.len() - 1].post_quantum.is_some() && all[all.len() - 1].checkpoint.is_some());
    vec![all[0].clone(), all[all.len() - 1].clone()]
}

fn holds(genesis: &Genesis, receipt: &Receipt) -> bool {
    verify::verify(genesis, receipt).iter().all(|step| step.holds.is_ok())
}

#[test]
fn receipts_hold_as_they_were_issued_and_not_otherwise() {
    let genesis = &*earth().genesis;
    let issued = receipts();
    assert!(holds(genesis, &issued[1]));
    let seeds: Vec<Vec<u8>> = issued.iter().map(encode).collect();
    fuzz("protocol-receipt", &seeds, |bytes| {
        let Some(receipt) = canonical::<Receipt>(bytes) else { return };
        let document = receipt_json::to_json(genesis, &receipt);
        assert_eq!(receipt_json::from_json(genesis, &document).as_ref(), Ok(&receipt));
        // All the signatures of a whole receipt take milliseconds.
        if receipt.post_quantum.is_none() {
            assert!(issued.contains(&receipt) || !holds(genesis, &receipt), "{receipt:?} was never issued");
        }
    });
}

#[test]
fn receipts_as_json() {
    let genesis = &*earth().genesis;
    let document = receipt_json::to_json(genesis, &receipts()[0]);
    let seed = serde_json::to_vec(&document).unwrap();
    fuzz("protocol-receipt-json", &[seed], |bytes| {
        let Ok(found) = within(bytes, 64, |b| serde_json::from_slice::<Value>(b)) else { return };
        let holds = receipt_json::verify(genesis, &found).iter().all(|step| step.holds.is_ok());
        assert!(!holds || found == document, "another document stands for the same receipt");
    });
}

/// A receipt is checked by a genesis from a file: whatever that holds, there is an answer.
#[test]
fn genesis_files() {
    let mut receipt = receipts().remove(1);
    (receipt.post_quantum, receipt.checkpoint) = (None, None);
    let seed = serde_json::to_vec(&*earth().genesis).unwrap();
    fuzz("protocol-genesis", &[seed], |bytes| {
        let Ok(genesis) = serde_json::from_slice::<Genesis>(bytes) else { return };
        if genesis.world.check().is_ok() {
            assert!(!holds(&genesis, &receipt), "without two of its proofs it is not what its issuer signed");
        }
    });
}
