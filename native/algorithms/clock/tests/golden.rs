//! The bytes that cross processes. A change here is a change of format, made on purpose.
#![allow(clippy::unwrap_used, missing_docs)]

use globelet_clock::ntp::{Mode, NtpTime, Packet};
use globelet_clock::{Clock, Stamp};

#[test]
fn stamp() {
    let stamp = Stamp { micros: 0x0102_0304_0506_0708, counter: 0x0a0b_0c0d };
    let golden = "08070605040302010d0c0b0a";
    assert_eq!(hex::encode(stamp.to_bytes()), golden);
    assert_eq!(hex::encode(borsh::to_vec(&stamp).unwrap()), golden);
    assert_eq!(Stamp::from_bytes(&hex::decode(golden).unwrap()), Ok(stamp));
    assert_eq!(serde_json::to_string(&stamp).unwrap(), r#"{"micros":72623859790382856,"counter":168496141}"#);
}

#[test]
fn clock() {
    let mut clock = Clock::new(1_000);
    clock.now(7);
    let golden = "e803000000000000070000000000000000000000";
    assert_eq!(hex::encode(borsh::to_vec(&clock).unwrap()), golden);
    assert_eq!(borsh::from_slice::<Clock>(&hex::decode(golden).unwrap()).unwrap(), clock);
}

/// RFC 5905 figure 8.
#[test]
fn packet() {
    let packet = Packet {
        leap: 1,
        version: 4,
        mode: Mode::Server,
        stratum: 2,
        poll: 6,
        precision: -20,
        root_delay: 0x0001_8000,
        root_dispersion: 0x0000_0123,
        reference: [192, 0, 2, 1],
        reference_time: NtpTime(0x0102_0304_0506_0708),
        origin: NtpTime(0x1112_1314_1516_1718),
        receive: NtpTime(0x2122_2324_2526_2728),
        transmit: NtpTime(0x3132_3334_3536_3738),
    };
    let golden = "640206ec0001800000000123c000020101020304050607081112131415161718212223242526272831323334353637 38";
    assert_eq!(hex::encode(packet.to_bytes()), golden.replace(' ', ""));
    assert_eq!(Packet::from_bytes(&packet.to_bytes()), Ok(packet));
}

/// 2000-01-01 00:00:00 UTC as RFC 5905 figure 4 has it, and the first second of the Unix epoch.
#[test]
fn times() {
    assert_eq!(NtpTime::from_unix_ns(946_684_800_000_000_000).0 >> 32, 3_155_673_600);
    assert_eq!(NtpTime::from_unix_ns(0).0 >> 32, 2_208_988_800);
    assert_eq!(NtpTime::from_unix_ns(500_000_000).0 as u32, 1 << 31);
    // The era ends on 2036-02-07 at 06:28:16.
    assert_eq!(NtpTime::from_unix_ns(2_085_978_496_000_000_000).0, 0);
    assert_eq!(NtpTime(0).to_unix_ns(2_085_978_000_000_000_000), 2_085_978_496_000_000_000);
}
