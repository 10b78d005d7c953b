//! Which outline a region has, said by name: a witness that does not know where anything lies.
//!
//! `regions.csv` follows from where cities fall. `names.csv` follows from names alone (`data/names.py`), so it can
//! contradict both that table and the outlines.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};

use globelet_place::{Atlas, Point};

const ADMIN_1: &[u8] = include_bytes!("../../../../data/admin-1.outlines");
const CITIES: &str = include_str!("data/cities.csv");
const REGIONS: &str = include_str!("data/regions.csv");
const NAMES: &str = include_str!("data/names.csv");

type Region = (&'static str, &'static str);

fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().skip(1).map(|line| line.split(',').collect())
}

fn names() -> BTreeMap<Region, &'static str> {
    rows(NAMES).map(|row| ((row[0], row[1]), row[2])).collect()
}

#[test]
fn cities_fall_into_the_outline_that_bears_their_regions_name() {
    let (atlas, names) = (Atlas::from_bytes(ADMIN_1).unwrap(), names());
    let (mut told, mut fell) = (0, 0);
    for row in rows(CITIES) {
        let Some(name) = names.get(&(row[3], row[4])) else { continue };
        let point = Point::from_degrees(row[2].parse().unwrap(), row[1].parse().unwrap()).unwrap();
        told += 1;
        fell += usize::from(atlas.find(point).is_some_and(|number| atlas.outlines()[number].id == *name));
    }
    println!("{fell} of {told} cities fall into the outline that bears the name of their region");
    assert!(told > 20_000 && fell * 100 > told * 95, "{fell} of {told}");
}

#[test]
fn the_table_of_regions_says_what_the_names_say() {
    let mut regions: BTreeMap<Region, BTreeSet<&str>> = BTreeMap::new();
    for row in rows(REGIONS) {
        regions.entry((row[0], row[1])).or_default().insert(row[2]);
    }
    let names = names();
    let agree =
        names.iter().filter(|(region, name)| regions.get(*region).is_some_and(|ids| ids.contains(*name))).count();
    println!("{agree} of {} regions have the outline that bears their name", names.len());
    assert!(names.len() > 1_500 && agree * 100 > names.len() * 96, "{agree} of {}", names.len());
}
