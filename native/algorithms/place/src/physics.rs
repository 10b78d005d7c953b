//! Distances, and what light allows.

/// How far light goes in optical fibre, in kilometres per millisecond.
pub const FIBRE_KM_PER_MS: f64 = 200.0;

/// Mean radius of the Earth in kilometres (IUGG).
const EARTH_KM: f64 = 6371.0088;

/// Great-circle distance in kilometres between two points (latitude, longitude in degrees), by
/// the haversine formula.
///
/// Its last digits may differ between machines: compare with a margin, do not hash it.
pub fn distance_km(from: (f64, f64), to: (f64, f64)) -> f64 {
    let (lat_from, lat_to) = (from.0.to_radians(), to.0.to_radians());
    let half = |a: f64, b: f64| ((b - a) / 2.0).sin().powi(2);
    let across = lat_from.cos() * lat_to.cos() * half(from.1.to_radians(), to.1.to_radians());
    2.0 * EARTH_KM * (half(lat_from, lat_to) + across).min(1.0).sqrt().asin()
}

/// Whether a round trip of `rtt_us` microseconds allows a distance of `distance_km`: light in
/// fibre goes there and back at [`FIBRE_KM_PER_MS`]. `false` for a distance that is no number.
pub fn plausible(distance_km: f64, rtt_us: u64) -> bool {
    distance_km >= 0.0 && 2.0 * distance_km <= rtt_us as f64 / 1000.0 * FIBRE_KM_PER_MS
}
