//! What a process reads of others, of its clients and of its own disk: any bytes are taken without harm, and what they
//! become in memory is bounded.
#![allow(clippy::unwrap_used)]

mod common;

use bytes::Bytes;
use globelet_clock::{Clock, Stamp};
use globelet_fuzz::{fuzz, within, Meter};
use globelet_node::core::{read_record, record, Input};
use globelet_node::directory::Directory;
use globelet_node::entry::Entry;
use globelet_node::gossip::record::{Record, Signed};
use globelet_node::gossip::register::Register;
use globelet_node::http::reading;
use globelet_node::log::Log;
use globelet_node::outbox::Outbox;
use globelet_node::transport::frame::{self, Envelope};
use globelet_node::transport::proto::Bundle;
use globelet_node::transport::server::open_frame;
use globelet_protocol::{Deal, Event, Message, NodeSecrets, Timer};
use globelet_signatures::SigningKey;
use globelet_types::{decode, encode, ChainId, NodeId};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use tempfile::TempDir;

#[global_allocator]
static METER: Meter = Meter;

/// Bytes of memory for each byte read, where a message is a box that may be wide.
const PER_BYTE: usize = 64;

struct Place {
    directory: Directory,
    secrets: Vec<NodeSecrets>,
}

/// Tokyo's process.
fn place() -> &'static Place {
    static PLACE: OnceLock<Place> = OnceLock::new();
    PLACE.get_or_init(|| {
        let dealt = Deal::new(common::world(), &[9; 32]).unwrap();
        let directory = Directory::new(Arc::new(dealt.genesis), "tokyo", Path::new("/nowhere")).unwrap();
        Place { directory, secrets: dealt.secrets }
    })
}

#[test]
fn bundles() {
    let directory = &place().directory;
    let message = |m: &Message| Bytes::from(encode(m));
    let head = message(&Message::LaneHead { source: ChainId(1), number: 9 });
    let heights = message(&Message::Unproven { heights: vec![3, 4] });
    let envelope = |to: &[u16], message: &Bytes| Envelope {
        from: NodeId(7),
        to: to.iter().copied().map(NodeId).collect(),
        message: message.clone(),
    };
    let seeds = [vec![], vec![envelope(&[0], &head)], vec![envelope(&[0, 1, 2, 3], &head), envelope(&[4], &heights)]]
        .map(|envelopes| frame::encode(&envelopes).to_vec());
    fuzz("node-bundle", &seeds, |bytes| {
        let bundle = Bytes::copy_from_slice(bytes);
        let Ok(envelopes) = within(bytes, PER_BYTE, |_| frame::decode(&bundle)) else { return };
        assert_eq!(frame::encode(&envelopes), bytes);
        let most = directory.hosted.len();
        let bundle = Bundle { envelopes: bundle, route: 0 };
        let Ok(inputs) = within(bytes, PER_BYTE * most, |_| open_frame(directory, 1, &bundle)) else { return };
        assert!(inputs.len() <= envelopes.len() * most);
        for input in inputs {
            let Input::Message { to, from, message, raw, .. } = input else { panic!("a bundle holds messages") };
            assert_eq!((directory.process_of(from), directory.process_of(to)), (Some(1), Some(0)));
            assert_eq!(encode(&*message), raw);
        }
    });
}

const NOW: u64 = 1_790_000_000_000_000;

fn presence(node: u16) -> Signed {
    let Place { directory, secrets } = place();
    let (since, at) = (Stamp { micros: NOW - 5, counter: 0 }, Stamp { micros: NOW, counter: 1 });
    let node = NodeId(node);
    let spec = &directory.world().nodes[node.index()];
    let key = SigningKey::from_seed(&secrets[node.index()].signing);
    Record::of(node, spec, since, at, 25_000_000).sign(directory.genesis.tag(), &key)
}

#[test]
fn presence_records() {
    let directory = &place().directory;
    let signed = [4, 11, 12].map(presence);
    let seeds = [encode(&signed[..1].to_vec()), encode(&signed.to_vec()), encode(&vec![presence(0)])];
    fuzz("node-presence", &seeds, |bytes| {
        let Ok(records) = within(bytes, 16, decode::<Vec<Signed>>) else { return };
        assert_eq!(encode(&records), bytes);
        let mut register = Register::new(directory.genesis.clone(), NOW);
        register.expire(NOW);
        let (_, refused) = register.take(&records, &mut Clock::new(1_000_000), NOW);
        assert!(refused.len() <= records.len());
        for holder in (0..directory.world().nodes.len() as u16).map(NodeId) {
            let told = register.was_heard(holder);
            assert!(
                !told || signed.iter().any(|s| s.record.node == holder && records.contains(s)),
                "{holder} is not there"
            );
        }
    });
}

#[test]
fn orders() {
    let directory = &place().directory;
    let seeds = [
        format!(
            r#"{{"from":"{0}","source":"tokyo","to":"{0}","destination":"paris","amount":5,"nonce":1,"expires_us":7,"signature":"{0}{0}"}}"#,
            "ab".repeat(32)
        ),
        format!(r#"{{"account":"{0}","municipality":"tokyo","expires_us":7,"signature":"{0}{0}"}}"#, "ab".repeat(32)),
        r#"{"amount":-1e300,"from":null}"#.to_owned(),
    ]
    .map(String::into_bytes);
    fuzz("node-order", &seeds, |bytes| {
        let body = Ok(Bytes::copy_from_slice(bytes));
        let Ok(value) = within(bytes, PER_BYTE, |_| reading::body::<Value>(&body)) else { return };
        for order in [reading::transfer(directory, &value), reading::opening(directory, &value)] {
            match order {
                Ok(order) => assert!(directory.chain_name(order.order.municipality()) != "unknown"),
                Err(refused) => assert!(refused.to_string().len() < 600, "{refused}"),
            }
        }
    });
}

#[test]
fn records_of_the_log() {
    let message = Message::Unproven { heights: vec![1, 2] };
    let events = [
        Event::MessageReceived { from: NodeId(3), route: None, message },
        Event::TimerExpired(Timer::View(7)),
        Event::Submitted { request: 1, orders: Vec::new() },
        Event::CandidatesChanged { holders: Vec::new() },
    ];
    let seeds = events.map(|event| record(NOW, &event));
    fuzz("node-record", &seeds, |bytes| {
        if let Ok((now, event)) = within(bytes, PER_BYTE, read_record) {
            assert_eq!(record(now, &event), bytes);
        }
    });
}

/// A folder in memory, where there is one: disks take milliseconds to sync.
fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// A file that a crash or a disk left behind: what is read of it was written, and what is written after it is read.
#[test]
fn logs() {
    let folder = folder();
    let path = folder.path().join("log");
    let records = [&b"one"[..], b"", b"three"];
    let mut log = Log::open(&path, &[7; 32], NodeId(3)).unwrap().log;
    for record in records {
        log.append([record]).unwrap();
        log.sync().unwrap();
    }
    let seed = fs::read(&path).unwrap();
    fuzz("node-log", &[seed], |bytes| {
        fs::write(&path, bytes).unwrap();
        let Ok(mut recovered) = within(bytes, 16, |_| Log::open(&path, &[7; 32], NodeId(3))) else { return };
        let count = recovered.records.len();
        recovered.log.append([&b"next"[..]]).unwrap();
        let again = Log::open(&path, &[7; 32], NodeId(3)).unwrap();
        assert_eq!((again.records.len(), again.torn), (count + 1, 0));
        assert_eq!(again.records[..count], recovered.records);
    });
}

#[test]
fn outboxes() {
    let folder = folder();
    let path = folder.path().join("tokyo.log");
    let block = |height| Entry::Block { chain: ChainId(0), height, hash: [7; 32], items: 1, at_us: 5 };
    let mut outbox = Outbox::open(folder.path(), "tokyo").unwrap();
    let interval = Entry::Interval { name: [3; 32], encoded: vec![4; 40] };
    outbox.append(&[block(1), interval, block(2)]).unwrap();
    let seed = fs::read(&path).unwrap();
    fuzz("node-outbox", &[seed], |bytes| {
        fs::write(&path, bytes).unwrap();
        let opened = within(bytes, 16, |_| Outbox::open(folder.path(), "tokyo"));
        let mut outbox = opened.unwrap();
        let known = outbox.after(0, 10_000);
        let newest = outbox.append(&[block(9)]).unwrap();
        assert_eq!(outbox.after(newest - 1, 10).unwrap(), [(newest, block(9))]);
        assert!(known.is_err() || known.unwrap().len() as u64 == newest - 1);
    });
}
