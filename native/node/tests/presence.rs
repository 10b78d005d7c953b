//! Who is there: records that count and records that do not, and a world whose holders come and go.
#![allow(clippy::unwrap_used, missing_docs)]
mod common;

use common::running::{follow, http_port, open, pay, start, treasury};
use ed25519_dalek::SigningKey as ClientKey;
use globelet_clock::{Clock, Stamp};
use globelet_node::gossip::record::{Record, Signed};
use globelet_node::gossip::register::Register;
use globelet_protocol::{Deal, Genesis, NodeSecrets};
use globelet_signatures::SigningKey;
use globelet_types::{ChainId, NodeId};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

const TOKYO: ChainId = ChainId(0);
const HOLDERS: [NodeId; 3] = [NodeId(4), NodeId(5), NodeId(6)];
const START: u64 = 1_000_000_000;
const TTL: u64 = 25_000_000;

struct Known {
    genesis: Arc<Genesis>,
    secrets: Vec<NodeSecrets>,
    register: Register,
    clock: Clock,
}

fn known() -> Known {
    let Deal { genesis, secrets, .. } = Deal::new(common::world(), &[9; 32]).unwrap();
    let genesis = Arc::new(genesis);
    Known { register: Register::new(genesis.clone(), START + TTL), clock: Clock::new(1_000_000), secrets, genesis }
}

impl Known {
    fn record(&self, node: NodeId, at: u64) -> Record {
        let stamp = |micros| Stamp { micros, counter: 0 };
        Record::of(node, &self.genesis.world.nodes[node.index()], stamp(START), stamp(at), TTL)
    }

    fn sign(&self, record: Record) -> Signed {
        let key = SigningKey::from_seed(&self.secrets[record.node.index()].signing);
        record.sign(self.genesis.tag(), &key)
    }

    fn take(&mut self, signed: Signed, now: u64) -> Result<bool, &'static str> {
        let (changed, refused) = self.register.take(&[signed], &mut self.clock, now);
        refused.first().map_or(Ok(changed), |why| Err(why.code()))
    }

    fn candidates(&self) -> Vec<NodeId> {
        self.register.candidates(TOKYO, |holder| 10 - u64::from(holder.0))
    }
}

#[test]
fn holders_count_while_they_renew_nearest_first() {
    let mut known = known();
    let all = vec![HOLDERS[2], HOLDERS[1], HOLDERS[0]];
    assert_eq!(known.candidates(), all, "nobody is away before it could have spoken");
    for holder in HOLDERS {
        let signed = known.sign(known.record(holder, START + 1));
        assert_eq!(known.take(signed.clone(), START + 2), Ok(false));
        assert_eq!(known.take(signed, START + 3), Ok(false), "the same again changes nothing");
    }
    let renewed = known.sign(known.record(HOLDERS[1], START + 10));
    known.take(renewed, START + 10).unwrap();
    // Paris' holders have said nothing; Tokyo's still count.
    assert!(known.register.expire(START + TTL));
    assert_eq!(known.candidates(), all);
    assert!(known.register.expire(START + TTL + 1));
    // h - (n - f) = 5 - 3 candidates are named at least: the other one was heard of as lately as the third.
    assert_eq!(known.register.fewest(TOKYO), 2);
    assert_eq!(known.candidates(), vec![HOLDERS[1], HOLDERS[0]]);
    let back = known.sign(known.record(HOLDERS[2], START + TTL + 5));
    assert_eq!(known.take(back, START + TTL + 5), Ok(true));
    assert_eq!(known.candidates(), vec![HOLDERS[2], HOLDERS[1]]);
}

#[test]
fn records_that_prove_nothing_are_refused_by_name() {
    let mut known = known();
    let now = START + 1;
    let good = known.record(HOLDERS[0], now);
    let mut forged = known.sign(good.clone());
    forged.signature[0] ^= 1;
    let foreign = good.clone().sign(known.genesis.tag() ^ 1, &SigningKey::from_seed(&known.secrets[4].signing));
    let by_another = good.clone().sign(known.genesis.tag(), &SigningKey::from_seed(&known.secrets[5].signing));
    let mut changed = known.sign(good.clone());
    changed.record.ttl_us += 1;
    for signed in [forged, foreign, by_another, changed] {
        assert_eq!(known.take(signed, now), Err("presence_bad_signature"));
    }
    let richer = known.sign(Record { stake: 99, ..good.clone() });
    assert_eq!(known.take(richer, now), Err("presence_contradicts"));
    let long = known.sign(Record { ttl_us: 601_000_000, ..good.clone() });
    assert_eq!(known.take(long, now), Err("presence_too_long"));
    let early = known.sign(known.record(HOLDERS[0], now + 1_000_001));
    assert_eq!(known.take(early, now), Err("presence_skew"));
    assert_eq!(known.take(known.sign(good), now + TTL), Err("presence_over"));
}

/// A metric of a process, if it says so.
fn metric(port: u16, name: &str) -> Option<f64> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    write!(stream, "GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

/// Asks until the metric has the value; the last answer if it does not for a minute.
fn becomes(port: u16, name: &str, value: f64) -> Result<(), Option<f64>> {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let found = metric(port, name);
        if found == Some(value) {
            return Ok(());
        }
        if Instant::now() > end {
            return Err(found);
        }
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

#[test]
fn holders_that_come_and_go_are_known_everywhere_and_batches_are_held_all_the_while() {
    let state = tempfile::tempdir().unwrap();
    let genesis = common::deal_world(state.path(), &common::spread());
    let run = |name: &str| start(state.path(), name, &["--renewal", "1000"]);
    let (_tokyo, _paris) = (run("tokyo"), run("paris"));
    let (_h0, h1, h2) = (run("tokyo-h0"), run("tokyo-h1"), run("tokyo-h2"));
    let present = "globelet_holders_present{chain=\"tokyo\"}";
    let named = "globelet_candidates{chain=\"tokyo\"}";
    let payer = treasury(state.path(), "tokyo");
    let payee = ClientKey::from_bytes(&[77; 32]);
    open(&genesis, 1, &payee);
    let mut nonce = 0;
    let mut held = || {
        nonce += 1;
        let id = pay(&genesis, &payer, &payee, 1, nonce);
        follow(http_port(&genesis, 0), &id, "held").last().cloned()
    };
    // Paris has to do with none of Tokyo's holders, and yet it hears of them.
    let everywhere = [0, 1, 4].map(|process| http_port(&genesis, process));
    let all_know = |count: f64| everywhere.iter().try_for_each(|port| becomes(*port, present, count));
    drop(h2);
    assert_eq!(all_know(2.0), Ok(()));
    assert_eq!(held().as_deref(), Some("held"));
    // With one alone, h - (n - f) are still named, so that the batch is held by four replicas and that one.
    drop(h1);
    assert_eq!(all_know(1.0), Ok(()));
    assert_eq!(becomes(everywhere[0], named, 2.0), Ok(()));
    assert_eq!(held().as_deref(), Some("held"));
    let _back = (run("tokyo-h1"), run("tokyo-h2"));
    assert_eq!(all_know(3.0), Ok(()));
    assert_eq!(held().as_deref(), Some("held"));
}

#[test]
fn holders_that_answer_sooner_than_light_allows_are_candidates_nowhere_else() {
    // Paris' holders run beside Tokyo's process, with no link between: light gets nowhere near Paris in that time.
    let mut world = common::world();
    world.nodes.iter_mut().filter(|n| n.region.0 == 1).for_each(|n| (n.latitude, n.longitude) = (48.85, 2.35));
    world.links.iter_mut().filter(|l| l.from != l.to).for_each(|l| l.delay_us = 110_000);
    let state = tempfile::tempdir().unwrap();
    let genesis = common::deal_world(state.path(), &world);
    let run = |name: &str| start(state.path(), name, &["--renewal", "1000"]);
    let (_tokyo, _paris) = (run("tokyo"), run("paris"));
    let (tokyo, paris) = (http_port(&genesis, 0), http_port(&genesis, 1));
    let of = |what: &str, chain: &str| format!("globelet_{what}{{chain=\"{chain}\"}}");
    for what in ["holders_present", "candidates"] {
        assert_eq!(becomes(tokyo, &of(what, "paris"), 0.0), Ok(()));
        assert_eq!(becomes(paris, &of(what, "tokyo"), 0.0), Ok(()));
        assert_eq!(metric(tokyo, &of(what, "tokyo")), Some(3.0), "a process measures nothing to itself");
    }
    assert!(metric(tokyo, "globelet_frames_refused_total{reason=\"presence_impossible_place\"}") >= Some(3.0));
}
