//! Decoders take any bytes without harm, and only the bytes that they would write; whatever decodes can be asked.
#![allow(clippy::unwrap_used, missing_docs)]

use globelet_fuzz::fuzz;
use globelet_place::{
    least_distance_to_area_m, outlines_from_geojson, Area, Atlas, Calendar, EventArea, Outline, Point,
};

fn ring(corners: &[(f64, f64)]) -> Vec<Point> {
    corners.iter().map(|(lon, lat)| Point::from_degrees(*lon, *lat).unwrap()).collect()
}

fn shapes() -> Vec<Area> {
    let plain = ring(&[(139.0, 35.0), (140.0, 35.0), (140.0, 36.0), (139.0, 36.0)]);
    let hole = ring(&[(139.25, 35.25), (139.75, 35.25), (139.5, 35.75)]);
    let over = ring(&[(170.0, -10.0), (-170.0, -10.0), (-170.0, 10.0), (170.0, 10.0)]);
    let pole = ring(&[(-120.0, -70.0), (0.0, -65.0), (120.0, -70.0)]);
    vec![Area::new(&[plain, hole]).unwrap(), Area::new(&[over]).unwrap(), Area::new(&[pole]).unwrap()]
}

fn anywhere() -> [Point; 4] {
    [(0.0, 0.0), (180.0, 90.0), (-180.0, -90.0), (139.5, 35.5)].map(|(x, y)| Point::from_degrees(x, y).unwrap())
}

#[test]
fn atlas() {
    let outlines = (1..).zip(shapes()).map(|(n, area)| Outline { id: format!("o{n}"), name: "Ō".into(), area });
    let seed = Atlas::new(outlines.collect()).unwrap().to_bytes();
    fuzz("place-atlas", &[seed, Atlas::new(vec![]).unwrap().to_bytes()], |bytes| {
        let Ok(atlas) = Atlas::from_bytes(bytes) else { return };
        assert_eq!(atlas.to_bytes(), bytes);
        for point in anywhere() {
            let all = atlas.find_all(point);
            assert_eq!(atlas.find(point), all.first().copied());
            assert!(all.iter().all(|number| atlas.outlines()[*number].area.holds(point)));
        }
    });
}

#[test]
fn event() {
    let seeds: Vec<_> =
        shapes().into_iter().map(|area| EventArea::new(area, 5, 50, 2_000).unwrap().to_bytes()).collect();
    fuzz("place-event", &seeds, |bytes| {
        let Ok(event) = EventArea::from_bytes(bytes) else { return };
        assert_eq!(event.to_bytes(), bytes);
        for point in anywhere() {
            assert!(!event.area().holds(point) || least_distance_to_area_m(point, event.area()) == 0);
            Calendar::new(vec![event.clone()]).per_mille(point, 7);
        }
    });
}

#[test]
fn geojson() {
    let text = br#"{"type":"FeatureCollection","features":[{"type":"Feature","id":"a","properties":{"name":"A"},
        "geometry":{"type":"Polygon","coordinates":[[[1,2],[3,4.5],[-5,6e1],[1,2]]]}},{"type":"Feature",
        "properties":{"name":"B"},"geometry":{"type":"MultiPolygon","coordinates":[[[[1,2,9],[3,4],[5,6]]]]}}]}"#;
    fuzz("place-geojson", &[text.to_vec()], |bytes| {
        let Ok(outlines) = outlines_from_geojson(bytes) else { return };
        if let Ok(atlas) = Atlas::new(outlines) {
            assert_eq!(Atlas::from_bytes(&atlas.to_bytes()), Ok(atlas));
        }
    });
}
