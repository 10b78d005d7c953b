//! The bytes of filters, which cross processes. A change here is a change of format, made on purpose.
#![allow(clippy::unwrap_used)]

use globelet_filters::{Bloom, Cuckoo, Fuse, GrowingBloom};

const SEED: u64 = 0x0807_0605_0403_0201;
const ITEMS: [&[u8]; 3] = [b"tokyo", b"paris", b"osaka"];

/// Head, and the place and value of each byte behind it that is not zero.
fn shown(bytes: &[u8], head: usize) -> String {
    let rest = bytes[head..].iter().enumerate().filter(|(_, byte)| **byte != 0);
    let rest: Vec<String> = rest.map(|(at, byte)| format!("{at}:{byte:02x}")).collect();
    format!("{} {} {}", hex::encode(&bytes[..head]), bytes.len() - head, rest.join(" "))
}

#[test]
fn bloom() {
    let mut filter = Bloom::with_bits(512, SEED).unwrap();
    ITEMS.iter().for_each(|item| {
        filter.insert(item);
    });
    assert_eq!(shown(&filter.to_bytes(), 20), "6766623101020304050607080300000000000000 64 3:02 6:01 7:40 8:10 11:80 13:01 18:80 19:41 27:10 28:40 29:02 34:20 35:14 41:40 45:14 48:02 49:08 51:20 57:02 61:08");
}

#[test]
fn growing_bloom() {
    let mut filter = GrowingBloom::new(2, 0.5, SEED).unwrap();
    ITEMS.iter().for_each(|item| {
        filter.insert(item).unwrap();
    });
    assert_eq!(shown(&filter.to_bytes(), 37), "6766673101020304050607080200000000000000000000000000e03f020200000000000000 136 1:08 6:02 11:02 14:80 17:80 19:80 30:02 31:02 33:10 36:80 43:20 47:40 49:80 54:01 57:60 64:01 78:40 87:04 93:10 103:80 105:80 113:20 124:02 131:01");
}

#[test]
fn cuckoo() {
    let (mut narrow, mut wide) =
        (Cuckoo::<u16>::with_capacity(1, SEED).unwrap(), Cuckoo::<u32>::with_capacity(1, SEED).unwrap());
    ITEMS.iter().for_each(|item| narrow.insert(item).unwrap());
    ITEMS.iter().for_each(|item| wide.insert(item).unwrap());
    assert_eq!(
        shown(&narrow.to_bytes(), 23),
        "6766633101020304050607080300000000000000100600 512 40:50 41:53 296:49 297:0c 504:52 505:81"
    );
    assert_eq!(shown(&wide.to_bytes(), 23), "6766633101020304050607080300000000000000200600 1024 80:d3 81:65 82:50 83:53 592:24 593:bb 594:49 595:0c 1008:1e 1009:2f 1010:52 1011:81");
}

#[test]
fn fuse() {
    assert_eq!(
        shown(&Fuse::<u8>::new(&ITEMS, SEED).unwrap().to_bytes(), 22),
        "67666631010203040506070803000000000000000800 24 0:ba 19:f0 20:a2"
    );
    assert_eq!(
        shown(&Fuse::<u16>::new(&ITEMS, SEED).unwrap().to_bytes(), 22),
        "67666631010203040506070803000000000000001000 48 0:ba 1:a9 38:f0 39:bd 40:a2 41:fc"
    );
}

/// What every format follows from: sizes, which may not differ from one platform to another.
#[test]
fn sizes() {
    let blooms = [(1, 0.5), (100, 0.01), (10_000, 0.001), (1_000_000, 0.01)];
    let blooms = blooms.map(|(items, rate)| Bloom::with_rate(items, rate, 0).unwrap().size());
    assert_eq!(blooms, [64, 128, 19_712, 1_262_464]);
    let fuses = [0, 1, 10, 100, 1_000, 10_000, 100_000].map(|items| {
        let items: Vec<_> = (0..items as u32).map(u32::to_le_bytes).collect();
        let made = Fuse::<u8>::new(&items, 0).unwrap();
        (made.size(), made.to_bytes()[21])
    });
    assert_eq!(fuses, [(12, 0), (12, 0), (48, 0), (192, 0), (1_408, 0), (12_800, 0), (118_784, 0)]);
}
