//! Places of cities beside `geo` without an index, over the same outlines; distances beside its haversine.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{criterion_group, criterion_main, Criterion};
use geo::{BoundingRect, Contains, Distance, Haversine, LineString, MultiPolygon, Polygon, Rect};
use globelet_place::{distance_m, refute, Atlas, Point, Trip};

const ADMIN_1: &[u8] = include_bytes!("../../../../data/admin-1.outlines");
const CITIES: &str = include_str!("../tests/data/cities.csv");

fn cities() -> Vec<(f64, f64)> {
    let rows = CITIES.lines().skip(1).step_by(340).map(|line| line.split(',').collect::<Vec<_>>());
    rows.map(|row| (row[2].parse().unwrap(), row[1].parse().unwrap())).collect()
}

/// Each ring a polygon with its box, so that `geo` need not look at every corner of the Earth. Holes, few of them, are
/// left out in its favour.
fn plain(atlas: &Atlas) -> Vec<(Rect<f64>, MultiPolygon<f64>)> {
    let outlines = atlas.outlines().iter().map(|outline| {
        let rings = outline.area.rings().iter().map(|ring| ring.iter().map(|p| p.degrees()).collect::<Vec<_>>());
        MultiPolygon::new(rings.map(|ring| Polygon::new(LineString::from(ring), vec![])).collect())
    });
    outlines.map(|shape| (shape.bounding_rect().unwrap(), shape)).collect()
}

fn find(c: &mut Criterion) {
    let atlas = Atlas::from_bytes(ADMIN_1).unwrap();
    let (outlines, cities) = (plain(&atlas), cities());
    let mut group = c.benchmark_group("place: find the outlines of 101 cities among 4,600");
    group.bench_function("globelet", |b| {
        b.iter(|| {
            let points = black_box(&cities).iter().map(|(lon, lat)| Point::from_degrees(*lon, *lat).unwrap());
            points.filter_map(|point| atlas.find(point)).count()
        })
    });
    group.bench_function("geo, no index", |b| {
        b.iter(|| {
            let points = black_box(&cities).iter().map(|(lon, lat)| geo::Point::new(*lon, *lat));
            let holds = |point: &geo::Point| outlines.iter().position(|(r, s)| r.contains(point) && s.contains(point));
            points.filter_map(|point| holds(&point)).count()
        })
    });
}

fn one(c: &mut Criterion) {
    let atlas = Atlas::from_bytes(ADMIN_1).unwrap();
    let area = &atlas.outline("nor/nordland").unwrap().area;
    let rings = area.rings().iter().map(|ring| ring.iter().map(|p| p.degrees()).collect::<Vec<_>>());
    let shape = MultiPolygon::new(rings.map(|ring| Polygon::new(LineString::from(ring), vec![])).collect());
    let mut group = c.benchmark_group("place: is Bodø in Nordland, an outline of many islands");
    let (lon, lat) = (14.40501, 67.28);
    group.bench_function("globelet", |b| {
        b.iter(|| area.holds(Point::from_degrees(black_box(lon), black_box(lat)).unwrap()))
    });
    group.bench_function("geo", |b| b.iter(|| shape.contains(&geo::Point::new(black_box(lon), black_box(lat)))));
}

fn distance(c: &mut Criterion) {
    let at = |lon, lat| Point::from_degrees(lon, lat).unwrap();
    let (tokyo, paris) = (at(139.69171, 35.6895), at(2.3488, 48.85341));
    let (from, to) = (geo::Point::new(139.69171, 35.6895), geo::Point::new(2.3488, 48.85341));
    let mut group = c.benchmark_group("place: distance from Tokyo to Paris");
    group.bench_function("globelet", |b| b.iter(|| distance_m(black_box(tokyo), black_box(paris))));
    group.bench_function("geo", |b| b.iter(|| Haversine.distance(black_box(from), black_box(to))));
}

fn claim(c: &mut Criterion) {
    let at = |(lon, lat): &(f64, f64)| Point::from_degrees(*lon, *lat).unwrap();
    let trips: Vec<_> = cities().iter().take(20).map(|city| Trip { witness: at(city), rtt_us: 90_000 }).collect();
    let mut group = c.benchmark_group("place: a claim against 20 round trips");
    group.bench_function("globelet", |b| b.iter(|| refute(black_box(trips[0].witness), black_box(&trips)).len()));
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = find, one, distance, claim
}
criterion_main!(benches);
