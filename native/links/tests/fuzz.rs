//! What the API is sent, and the traffic of links so made: any body is taken or refused, and no due time goes backwards.
#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use globelet_fuzz::{fuzz, within, Meter};
use globelet_links::chain::{Chain, Origin};
use globelet_links::segment::{Load, Segment};
use globelet_links::toxics::{NewToxic, Placed, Stream, ToxicChange};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[global_allocator]
static METER: Meter = Meter;

const TOXICS: [&str; 9] = [
    r#"{"type":"latency","attributes":{"latency":10,"jitter":2.5,"jitter_hold":20,"seed":7}}"#,
    r#"{"name":"b","type":"bandwidth","stream":"upstream","toxicity":0.5,"attributes":{"rate":100}}"#,
    r#"{"type":"timeout","attributes":{"timeout":50}}"#,
    r#"{"type":"slow_close","attributes":{"delay":30}}"#,
    r#"{"type":"slicer","attributes":{"average_size":64,"size_variation":32,"delay":10}}"#,
    r#"{"type":"limit_data","attributes":{"bytes":1000}}"#,
    r#"{"type":"reset_peer","attributes":{"timeout":5}}"#,
    r#"{"type":"loss","attributes":{"probability":0.1,"burst":2,"retransmit_ms":200,"seed":3}}"#,
    r#"{"toxicity":1,"attributes":{"latency":5}}"#,
];

/// Sends what an ordinary conversation sends through one toxic, and looks at when it comes out.
fn traffic(toxic: &Arc<Placed>, begin: Instant) {
    for stream in [Stream::Downstream, Stream::Upstream] {
        let mut chain = Chain::new(Origin { seed: 1, connection: 0, stream }, std::slice::from_ref(toxic), begin);
        let (mut out, mut bytes) = (Vec::new(), 0);
        for (number, size) in [1_usize, 300, 0, 2_000, 1_448].into_iter().enumerate() {
            let at = begin + Duration::from_millis(number as u64);
            chain.pass(Segment { at, load: Load::Data(Bytes::from(vec![7; size])) }, &mut out);
            bytes += size;
        }
        chain.pass(Segment { at: begin + Duration::from_millis(9), load: Load::Fin }, &mut out);
        assert!(out.is_sorted_by_key(|segment| segment.at) && out.iter().all(|segment| segment.at >= begin));
        let through: usize = out.iter().map(|s| if let Load::Data(data) = &s.load { data.len() } else { 0 }).sum();
        assert!(through <= bytes, "{through} bytes came out of {bytes}");
        assert!(out.last().is_none_or(|last| chain.close(begin).at >= last.at));
        assert!(chain.closes_at().is_none_or(|at| at >= begin));
        assert!((4 << 20..=512 << 20).contains(&chain.queue_limit()));
        let _ = (chain.handshake(), chain.stalls());
    }
}

#[test]
fn toxics_and_their_changes() {
    let begin = Instant::now();
    let known: Vec<Placed> =
        TOXICS[..8].iter().map(|text| Placed::create(serde_json::from_str(text).unwrap(), 1).unwrap()).collect();
    let seeds = TOXICS.map(|text| text.as_bytes().to_vec());
    fuzz("links-toxic", &seeds, |bytes| {
        if let Ok(new) = within(bytes, 64, |b| serde_json::from_slice::<NewToxic>(b)) {
            if let Ok(toxic) = Placed::create(new, 1) {
                let written = serde_json::to_vec(&toxic).unwrap();
                let again = Placed::create(serde_json::from_slice(&written).unwrap(), 1);
                assert_eq!(again.as_ref().map(|t| serde_json::to_vec(t).unwrap()), Ok(written));
                traffic(&Arc::new(toxic), begin);
            }
        }
        for toxic in &known {
            let Ok(change) = serde_json::from_slice::<ToxicChange>(bytes) else { return };
            if let Ok(changed) = toxic.changed(change) {
                assert_eq!((&changed.name, changed.kind), (&toxic.name, toxic.kind));
                traffic(&Arc::new(changed), begin);
            }
        }
    });
}
