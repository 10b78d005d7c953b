//! Decoders take any bytes without harm, and only the bytes that they would write.
#![allow(clippy::unwrap_used, missing_docs)]

use globelet_clock::ntp::{Client, NtpTime, Packet, Settings};
use globelet_clock::{Clock, Stamp};
use globelet_fuzz::fuzz;

const NOW: u64 = 1_790_000_000_000_000_000;

#[test]
fn packet() {
    let at = NtpTime::from_unix_ns(NOW);
    let about = Packet { stratum: 1, reference: *b"GPS\0", precision: -20, ..Packet::question(0) };
    let answer = about.answer(&Packet::question(7), at, at);
    let kiss = Packet { stratum: 0, reference: *b"RATE", ..answer };
    let seeds = [Packet::question(7), answer, kiss].map(|packet| packet.to_bytes().to_vec());
    fuzz("clock-packet", &seeds, |bytes| {
        if let Ok(packet) = Packet::from_bytes(bytes) {
            assert_eq!(packet.to_bytes(), bytes);
        }
        let mut client = Client::new(1, Settings::default());
        client.ask(0, NOW, 7).unwrap();
        if let Ok(sample) = client.receive(0, bytes, NOW + 1_000_000) {
            assert!(sample.delay_ns <= 1_000_000 + sample.dispersion_ns);
            assert!(client.receive(0, bytes, NOW + 1_000_000).is_err());
        }
        let _ = client.estimate(NOW + 2_000_000);
    });
}

#[test]
fn stamp() {
    let seed = Stamp { micros: 5, counter: u32::MAX }.to_bytes().to_vec();
    fuzz("clock-stamp", &[seed], |bytes| {
        let Ok(stamp) = Stamp::from_bytes(bytes) else { return };
        assert_eq!(stamp.to_bytes(), bytes);
        let mut clock = Clock::new(1_000);
        if let Ok(after) = clock.receive(10, stamp) {
            assert!(after > stamp && clock.now(0) > after);
        }
    });
}
