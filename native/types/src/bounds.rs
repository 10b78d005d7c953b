//! What the numbers of a resolved world may be: links between regions that there are, and times whose sums are times.
use crate::world::{WorldError, WorldSpec};

/// The longest time that a world names: a year. Nothing that is added up of a few such times overflows.
const LONGEST_US: u64 = 366 * 86_400_000_000;

/// Checks links and times.
pub(crate) fn check(world: &WorldSpec) -> Result<(), WorldError> {
    let regions = world.regions.len();
    for link in world.links.iter().chain(&world.internet) {
        let (from, to) = (link.from, link.to);
        if from.index() >= regions || to.index() >= regions {
            return Err(WorldError(format!("a link from region {from} to region {to} lies outside the table")));
        }
        if link.delay_us.max(link.jitter_us) > LONGEST_US || !(0.0..=1.0).contains(&link.loss) {
            return Err(WorldError(format!("the link from region {from} to region {to} is beyond what links are")));
        }
    }
    let (p, f) = (&world.parameters, &world.fallback);
    let times = [p.batch_us, p.holding_us, p.report_us, p.repair_us, p.timeout_us, p.skew_us, f.probe_us, f.late_us];
    match times.iter().find(|time| **time > LONGEST_US) {
        Some(time) => Err(WorldError(format!("a time of {time} µs is longer than a year"))),
        None => Ok(()),
    }
}
