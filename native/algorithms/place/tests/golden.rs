//! The bytes of the formats, which lie in files and cross processes. A change here is a change of format, made on purpose.
#![allow(clippy::unwrap_used, missing_docs)]

use globelet_place::{Area, Atlas, EventArea, Outline, Point};

fn ring(corners: &[(f64, f64)]) -> Vec<Point> {
    corners.iter().map(|(lon, lat)| Point::from_degrees(*lon, *lat).unwrap()).collect()
}

fn triangle() -> Area {
    Area::new(&[ring(&[(0.0, 0.0), (1.5, 0.0), (0.0, -2.0)])]).unwrap()
}

#[test]
fn atlas() {
    let outline = Outline { id: "here".into(), name: "Hére".into(), area: triangle() };
    let atlas = Atlas::new(vec![outline]).unwrap();
    // Mark, grain 5,000,000 (half a degree), one outline, id, name, one ring of three points.
    let golden = "6f75746c696e657301c096b1020104686572650548c3a972650103000006000507";
    assert_eq!(hex::encode(atlas.to_bytes()), golden);
    assert_eq!(Atlas::from_bytes(&hex::decode(golden).unwrap()).unwrap(), atlas);
}

#[test]
fn event() {
    let event = EventArea::new(triangle(), 1, 0x0102, 1_500).unwrap();
    let golden = "6576656e74010100000000000000020100000000000 0dc050000c096b1020103000006000507".replace(' ', "");
    assert_eq!(hex::encode(event.to_bytes()), golden);
    assert_eq!(EventArea::from_bytes(&hex::decode(golden).unwrap()).unwrap(), event);
}
