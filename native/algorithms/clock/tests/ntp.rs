//! The on-wire exchange, the filter and selection.
#![allow(clippy::unwrap_used, missing_docs)]

use globelet_clock::ntp::{
    intersect, select, Candidate, Client, Exchange, Filter, Interval, Mode, NtpTime, Packet, Sample, Settings,
};
use globelet_clock::ClockError;
use proptest::prelude::*;

const MS: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MS;
/// Some day in 2026.
const NOW: u64 = 1_790_000_000 * SECOND;

fn server() -> Packet {
    let set = NtpTime::from_unix_ns(NOW - 10 * SECOND);
    let about =
        Packet { stratum: 2, precision: -23, reference: [192, 0, 2, 1], reference_time: set, ..Packet::question(0) };
    Packet { root_delay: 0x0000_0100, root_dispersion: 0x0000_0080, ..about }
}

/// What comes of a question that takes `out` ns to a server that is `ahead` ns ahead, waits `taken` ns, and takes `back`.
fn exchange(ahead: i64, out: u64, taken: u64, back: u64) -> Result<Sample, ClockError> {
    let exchange = Exchange::new(NOW, 0x1234_5678_9abc_def0);
    let there = |true_ns: u64| NtpTime::from_unix_ns(true_ns.saturating_add_signed(ahead));
    let answer = server().answer(&exchange.question(), there(NOW + out), there(NOW + out + taken));
    exchange.finish(0, &answer, NOW + out + taken + back, -20)
}

#[test]
fn four_stamps_give_offset_and_delay() {
    let sample = exchange(250 * MS as i64, 20 * MS, 5 * MS, 30 * MS).unwrap();
    // Half of the way's asymmetry, 5 ms, goes into the offset, and nobody can see it.
    assert!((sample.offset_ns - 245_000_000).abs() <= 1, "{}", sample.offset_ns);
    assert!(sample.delay_ns.abs_diff(50 * MS) <= 1);
    // 2^-20 s and 2^-23 s of precision, and 15 ppm of 55 ms.
    assert_eq!(sample.dispersion_ns, 953 + 119 + 825);
    assert_eq!((sample.root_delay_ns, sample.root_dispersion_ns), (3_906_250, 1_953_125));
}

proptest! {
    /// The true offset is never further off than half the round trip and what the clocks can't tell.
    #[test]
    fn an_offset_is_off_by_half_the_round_trip_at_most(ahead in -1_000_000_000_000..1_000_000_000_000_i64, out in 0..SECOND, taken in 0..SECOND, back in 0..SECOND) {
        let sample = exchange(ahead, out, taken, back).unwrap();
        prop_assert!(sample.offset_ns.abs_diff(ahead) <= sample.delay_ns / 2 + sample.dispersion_ns);
    }

    #[test]
    fn ntp_time_keeps_nanoseconds_and_eras(ns in 0..u64::MAX / 2, away in -1_000_000_000_000_000_000..1_000_000_000_000_000_000_i64) {
        let about = ns.saturating_add_signed(away);
        prop_assert!(NtpTime::from_unix_ns(ns).to_unix_ns(about).abs_diff(ns) <= 1);
    }

    #[test]
    fn a_packet_comes_back_from_its_bytes(bytes in prop::array::uniform32(any::<u8>()), more in prop::array::uniform16(any::<u8>())) {
        let all = [&bytes[..], &more].concat();
        if let Ok(packet) = Packet::from_bytes(&all) {
            prop_assert_eq!(packet.to_bytes().to_vec(), all);
        }
    }

    /// Less than half may say what they like: the offset stays within twice the largest distance of a right one, and
    /// whoever is further off than that is dropped.
    #[test]
    fn a_majority_of_right_servers_wins(
        near in any::<bool>(),
        truth in -1_000_000_000..1_000_000_000_i64,
        right in prop::collection::vec((1..50_000_000_u64, -1.0..=1.0_f64), 1..8),
        lies in prop::collection::vec((any::<i32>(), 1..100_000_000_u64), 0..7),
        jitter in 1..1_000_000_u64,
    ) {
        prop_assume!(lies.len() < right.len());
        let distances = || right.iter().map(|(distance, _)| *distance);
        let (least, most) = (distances().min().unwrap(), distances().max().unwrap());
        // A right server is off by its distance at most; usually by so little that the others' intervals hold it too.
        let scale = |distance: u64| if near { least / 2 } else { distance };
        let off = |distance: u64, part: f64| (scale(distance) as f64 * part) as i64;
        let right: Vec<_> = right.iter().map(|(distance, part)| (truth + off(*distance, *part), *distance)).collect();
        let all = right.iter().copied().chain(lies.iter().map(|(offset, distance)| (i64::from(*offset), *distance)));
        let candidates: Vec<_> = all.enumerate().map(|(server, (offset_ns, distance_ns))| Candidate { server, offset_ns, distance_ns, jitter_ns: jitter, stratum: 2 }).collect();
        let Some(selection) = select(&candidates) else {
            prop_assert!(!near, "right servers that agree were not believed");
            return Ok(());
        };
        prop_assert!(selection.offset_ns.abs_diff(truth) <= 2 * most + 1);
        for candidate in &candidates {
            let far = candidate.offset_ns.abs_diff(truth) > 2 * most;
            prop_assert!(!far || selection.false_tickers.contains(&candidate.server));
            prop_assert!(!far || !selection.survivors.contains(&candidate.server));
        }
        prop_assert!(selection.survivors.len() + selection.false_tickers.len() <= candidates.len());
    }
}

#[test]
fn false_tickers_are_dropped_and_without_majority_there_is_no_time() {
    let at = |server: usize, ms: i64| Candidate {
        server,
        offset_ns: ms * MS as i64,
        distance_ns: 10 * MS,
        jitter_ns: MS,
        stratum: 2,
    };
    let selection = select(&[at(0, 1), at(1, 90), at(2, 3), at(3, -4), at(4, -70)]).unwrap();
    assert_eq!(selection.false_tickers, [1, 4]);
    assert_eq!(
        {
            let mut s = selection.survivors.clone();
            s.sort_unstable();
            s
        },
        [0, 2, 3]
    );
    assert_eq!(selection.offset_ns, 0);
    assert_eq!(selection.interval, Interval { low_ns: -7 * MS as i64, high_ns: 6 * MS as i64 });
    assert_eq!(intersect(&[at(0, 0), at(1, 90)]), None);
    assert_eq!(intersect(&[at(0, 0), at(1, 90), at(2, 180), at(3, 5)]), None);
    assert_eq!(intersect(&[]), None);
    assert!(intersect(&[at(0, 0)]).is_some());
    // Outliers among the right ones are clustered out, down to three.
    let selection = select(&[at(0, 0), at(1, 1), at(2, 1), at(3, 9)]).unwrap();
    assert_eq!((selection.survivors.len(), selection.survivors.contains(&3)), (3, false));
}

#[test]
fn the_shortest_way_counts_and_a_spike_does_not() {
    let mut filter = Filter::new();
    let sample = |n: u64, offset_ms: i64, delay_ms: u64| Sample {
        offset_ns: offset_ms * MS as i64,
        delay_ns: delay_ms * MS,
        dispersion_ns: 1_000,
        at_ns: NOW + n * 64 * SECOND,
        root_delay_ns: 0,
        root_dispersion_ns: 0,
        stratum: 1,
    };
    assert_eq!(filter.peer(NOW), None);
    for n in 0..6 {
        filter.push(sample(n, 5 + (n as i64 & 1), 40 + n), 64 * SECOND);
    }
    let calm = filter.peer(NOW + 5 * 64 * SECOND).unwrap();
    assert_eq!((calm.offset_ns, calm.delay_ns), (5 * MS as i64, 40 * MS));
    // A sample with a longer way changes nothing, a spike with a shorter one neither, until it comes again later.
    filter.push(sample(6, 400, 900), 64 * SECOND);
    assert_eq!(filter.peer(NOW).unwrap().offset_ns, 5 * MS as i64);
    filter.clear();
    for n in 0..6 {
        filter.push(sample(n, 5 + (n as i64 & 1), 40 - n), 64 * SECOND);
    }
    filter.push(sample(6, 400, 20), 64 * SECOND);
    assert_eq!(filter.peer(NOW).unwrap().offset_ns, 6 * MS as i64);
    filter.push(sample(7, 401, 19), 64 * SECOND);
    assert_eq!(filter.peer(NOW).unwrap().offset_ns, 401 * MS as i64);
}

#[test]
fn nothing_but_the_answer_is_taken_and_once() {
    let mut client = Client::new(2, Settings::default());
    let question = client.ask(0, NOW, 77).unwrap();
    assert_eq!((question.transmit, question.mode, question.reference_time), (NtpTime(77), Mode::Client, NtpTime(0)));
    let at = NtpTime::from_unix_ns(NOW + 5 * MS);
    let answer = server().answer(&question, at, at);
    let code = |client: &mut Client, server: usize, packet: &Packet| {
        client.receive(server, &packet.to_bytes(), NOW + 10 * MS).map_err(|error| error.code())
    };
    let forged = Packet { origin: NtpTime(78), ..answer };
    assert_eq!(code(&mut client, 0, &forged).unwrap_err(), "clock.unasked");
    assert_eq!(code(&mut client, 0, &Packet { mode: Mode::Broadcast, ..answer }).unwrap_err(), "clock.unasked");
    assert_eq!(code(&mut client, 1, &answer).unwrap_err(), "clock.unasked");
    assert_eq!(code(&mut client, 2, &answer).unwrap_err(), "clock.no-such-server");
    assert!(code(&mut client, 0, &answer).unwrap().offset_ns.abs() <= 1);
    assert_eq!(code(&mut client, 0, &answer).unwrap_err(), "clock.unasked");
    assert_eq!(client.estimate(NOW).unwrap_err().code(), "clock.no-majority");
}

#[test]
fn servers_without_time_kisses_and_lies_about_stamps_are_refused() {
    let mut client = Client::new(1, Settings::default());
    let mut ask = |change: &dyn Fn(Packet) -> Packet, arrived: u64| {
        let question = client.ask(0, NOW, 5)?;
        let at = NtpTime::from_unix_ns(NOW + 5 * MS);
        client.receive(0, &change(server().answer(&question, at, at)).to_bytes(), arrived)
    };
    let later = NOW + 10 * MS;
    for none in [
        |p: Packet| Packet { leap: 3, ..p },
        |p: Packet| Packet { stratum: 16, ..p },
        |p: Packet| Packet { stratum: 0, reference: [0; 4], ..p },
        |p: Packet| Packet { transmit: NtpTime(0), ..p },
        |p: Packet| Packet { root_dispersion: 17 << 16, ..p },
    ] {
        assert_eq!(ask(&none, later).unwrap_err().code(), "clock.unsynchronised");
    }
    assert_eq!(ask(&|p| p, NOW - 1).unwrap_err().code(), "clock.impossible");
    let before = NtpTime::from_unix_ns(NOW);
    assert_eq!(ask(&|p| Packet { transmit: before, ..p }, later).unwrap_err().code(), "clock.impossible");
    let long_after = NtpTime::from_unix_ns(NOW + 30 * MS);
    assert_eq!(ask(&|p| Packet { transmit: long_after, ..p }, later).unwrap_err().code(), "clock.impossible");
    let kiss = |letters: &'static [u8; 4]| move |p: Packet| Packet { stratum: 0, reference: *letters, ..p };
    let rate = ask(&kiss(b"RATE"), later).unwrap_err();
    assert_eq!(rate, ClockError::Kiss { server: 0, code: *b"RATE" });
    assert!(rate.to_string().contains("RATE"));
    assert!(ask(&|p| p, later).is_ok());
    assert_eq!(ask(&kiss(b"DENY"), later).unwrap_err().code(), "clock.kiss");
    assert_eq!(ask(&|p| p, later).unwrap_err(), ClockError::Kiss { server: 0, code: *b"DENY" });
    assert_eq!(client.interval_s(0), Ok(128));
}

#[test]
fn other_bytes_are_no_packet() {
    let code = |bytes: &[u8]| Packet::from_bytes(bytes).unwrap_err().code();
    let good = Packet::question(1).to_bytes();
    assert_eq!(code(&[]), "clock.length");
    assert_eq!(code(&good[..47]), "clock.length");
    assert_eq!(code(&[good.as_slice(), &[0; 20]].concat()), "clock.length");
    for (first, second) in [(0x1b & 0xc7, 0), (0x23 | 0x38, 0), (0x20, 0), (0x26, 0), (0x27, 0), (0x23, 17)] {
        let mut bytes = good;
        (bytes[0], bytes[1]) = (first, second);
        assert_eq!(code(&bytes), "clock.packet", "{first:x} {second}");
    }
}
