//! Input that was made to do harm: refused, typed, and without room for what is not there.
#![allow(clippy::unwrap_used, missing_docs)]

use globelet_place::{outlines_from_geojson, Atlas, EventArea, PlaceError};

fn feature(id: &str, position: &str) -> Vec<u8> {
    let ring = format!("[[[{position}],[3,4],[5,7]]]");
    let geometry = format!(r#"{{"type":"Polygon","coordinates":{ring}}}"#);
    format!(r#"{{"features":[{{{id}"properties":{{}},"geometry":{geometry}}}]}}"#).into_bytes()
}

#[test]
fn broken_collections_are_refused_with_the_reason() {
    let code = |text: &[u8]| outlines_from_geojson(text).unwrap_err().code();
    for text in ["", "{}", "[1]", "{\"features\":[{\"geometry\":null}]}", "\u{0}", "nul"] {
        assert_eq!(code(text.as_bytes()), "place.not-geojson");
    }
    assert_eq!(code(&[0xff, 0xfe]), "place.not-geojson");
    assert_eq!(code(&b"[".repeat(100_000)), "place.not-geojson");
    assert_eq!(outlines_from_geojson(&feature("", "1,2")), Err(PlaceError::Nameless { index: 0 }));
    let named = |position: &str| outlines_from_geojson(&feature(r#""id":"a","#, position));
    for position in ["35.6,139.7", "1", "", "180.00001,0", "1e308,0"] {
        assert_eq!(named(position).unwrap_err().code(), "place.off-globe", "{position}");
    }
    assert_eq!(named("1,2,300").unwrap()[0].area.rings()[0][0].degrees(), (1.0, 2.0));
}

#[test]
fn other_bytes_are_no_atlas() {
    let reason = |bytes: &[u8]| match Atlas::from_bytes(bytes) {
        Err(PlaceError::Malformed { reason, .. }) => reason,
        other => panic!("{other:?}"),
    };
    let with = |tail: &[u8]| [b"outlines\x01", tail].concat();
    assert_eq!(reason(b""), "they do not begin with its mark");
    assert_eq!(reason(b"outlines\x02"), "they do not begin with its mark");
    assert_eq!(reason(&with(b"")), "they end too early");
    assert_eq!(reason(&with(b"\x01\xff\xff\xff\xff\x0f")), "there are more items than bytes for them");
    assert_eq!(reason(&with(b"\x01\x80\x00")), "a number is longer than it needs");
    assert_eq!(reason(&with(&[0xff; 12])), "a number is beyond its range");
    assert_eq!(reason(&with(b"\x01\x00\x00")), "bytes are left over");
    assert_eq!(reason(&with(b"\x02\x00")), "the same atlas has another encoding");
    assert_eq!(reason(&with(b"\x01\x01\x01\xff\x00\x00")), "a name is not UTF-8");
    assert_eq!(reason(&with(b"\x01\x01\xff\xff\xff\xff\x0f\x00\x00")), "they end too early");
    let far =
        [b"\x01\x01\x00\x00\x01\x03".as_slice(), &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0, 0]];
    assert_eq!(Atlas::from_bytes(&with(&far.concat())).unwrap_err().code(), "place.off-globe");
    let empty = Atlas::from_bytes(&with(b"\x01\x00")).unwrap();
    assert!(empty.outlines().is_empty());
}

#[test]
fn a_step_that_would_overflow_is_refused() {
    let grain = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    let bytes = [b"outlines\x01".as_slice(), &grain, b"\x01\x00\x00\x01\x03\x04\x04\x00\x00\x00\x00"].concat();
    assert_eq!(Atlas::from_bytes(&bytes).unwrap_err().code(), "place.malformed");
    let bytes = [b"outlines\x01".as_slice(), b"\x00\x01\x00\x00\x01\x03\x04\x04\x00\x00\x00\x00"].concat();
    assert!(Atlas::from_bytes(&bytes).is_err());
}

#[test]
fn every_truncation_of_an_event_is_refused() {
    let golden = "6576656e7401010000000000000002010000000000 00dc050000c096b1020103000006000507".replace(' ', "");
    let whole = hex::decode(golden).unwrap();
    assert!(EventArea::from_bytes(&whole).is_ok());
    for end in 0..whole.len() {
        assert!(EventArea::from_bytes(&whole[..end]).is_err());
    }
    assert_eq!(EventArea::from_bytes(&[whole, vec![0]].concat()).unwrap_err().code(), "place.malformed");
}
