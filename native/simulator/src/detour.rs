//! Which of its two routes a pair of regions uses: what the choice of live nodes comes to, told from the faults.
use crate::link::Fault;
use globelet_types::world::Fallback;
use globelet_types::Micros;

/// Never.
const NEVER: Micros = Micros::MAX;

/// When a directed pair leaves the backbone, and when it is back. Nodes tell by probes; here it is told from what is
/// laid over the backbone, after the time that their probes would take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detour {
    from: Micros,
    until: Micros,
    /// Changes of route before this detour.
    before: u64,
}

impl Default for Detour {
    fn default() -> Detour {
        Detour { from: NEVER, until: NEVER, before: 0 }
    }
}

impl Detour {
    /// Whether the pair is on the internet.
    pub fn on(&self, now: Micros) -> bool {
        self.from <= now && now < self.until
    }

    /// Changes of route until now.
    pub fn switches(&self, now: Micros) -> u64 {
        self.before + u64::from(self.from <= now) + u64::from(self.until <= now)
    }

    /// The backbone changed: `ill` says how long nodes take to see that it is out of bounds, `None` that it is well.
    pub fn change(&mut self, now: Micros, ill: Option<Micros>, rules: &Fallback) {
        let over = self.until <= now;
        match ill {
            Some(_) if self.on(now) => self.until = NEVER,
            Some(after) if over || self.from == NEVER => {
                *self = Detour { from: now + after, until: NEVER, before: self.switches(now) };
            }
            Some(after) => self.from = self.from.min(now + after),
            None if self.on(now) && self.until == NEVER => self.until = now + u64::from(rules.good) * rules.probe_us,
            None if self.from > now => self.from = NEVER,
            None => {}
        }
    }

    /// Both routes are cut: whichever comes first is used, so the pair begins anew.
    pub fn end(&mut self, now: Micros) {
        *self = Detour { before: self.switches(now), ..Detour::default() };
    }
}

/// How long nodes take to see that a backbone of this declared round trip is out of bounds with these faults, out and
/// back; `None` if it is not.
pub fn illness(out: &Fault, back: &Fault, declared_us: u64, rules: &Fallback) -> Option<Micros> {
    if out.cut || back.cut {
        return Some(0);
    }
    let late = declared_us + out.slower_us + back.slower_us > rules.bound_us(declared_us);
    let lost = (1.0 - out.loss) * (1.0 - back.loss) <= 0.5;
    (late || lost).then_some(u64::from(rules.bad) * rules.probe_us)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Micros = 1_000_000;

    #[test]
    fn a_detour_begins_after_the_probes_and_ends_after_more() {
        let (mut detour, rules) = (Detour::default(), Fallback::default());
        detour.change(10 * SECOND, Some(3 * SECOND), &rules);
        assert!(!detour.on(13 * SECOND - 1) && detour.on(13 * SECOND));
        detour.change(20 * SECOND, None, &rules);
        assert!(detour.on(25 * SECOND - 1) && !detour.on(25 * SECOND));
        assert_eq!([9, 13, 25].map(|s| detour.switches(s * SECOND)), [0, 1, 2]);
        detour.change(30 * SECOND, Some(0), &rules);
        assert!(detour.on(30 * SECOND));
        assert_eq!(detour.switches(30 * SECOND), 3);
    }

    #[test]
    fn a_short_illness_is_not_noticed_and_a_relapse_keeps_the_detour() {
        let (mut detour, rules) = (Detour::default(), Fallback::default());
        detour.change(10 * SECOND, Some(3 * SECOND), &rules);
        detour.change(12 * SECOND, None, &rules);
        assert!(!detour.on(13 * SECOND) && detour.switches(13 * SECOND) == 0);
        detour.change(14 * SECOND, Some(3 * SECOND), &rules);
        detour.change(15 * SECOND, Some(0), &rules);
        assert!(detour.on(15 * SECOND), "cut while it was slow");
        detour.change(16 * SECOND, None, &rules);
        detour.change(17 * SECOND, Some(3 * SECOND), &rules);
        assert!(detour.on(30 * SECOND));
        detour.end(31 * SECOND);
        assert!(!detour.on(31 * SECOND) && !detour.on(99 * SECOND));
    }

    #[test]
    fn slowness_beyond_the_bound_loss_of_half_and_cuts_are_ill() {
        let rules = Fallback::default();
        let (well, wait) = (Fault::default(), Some(3 * SECOND));
        let ill = |out: &Fault, back: &Fault| illness(out, back, 220_000, &rules);
        assert_eq!(ill(&well, &well), None);
        assert_eq!(ill(&Fault { slower_us: 150_000, ..well }, &well), None);
        assert_eq!(ill(&Fault { slower_us: 75_001, ..well }, &Fault { slower_us: 75_000, ..well }), wait);
        assert_eq!(ill(&Fault { loss: 0.05, ..well }, &well), None);
        assert_eq!(ill(&well, &Fault { loss: 0.5, ..well }), wait);
        assert_eq!(ill(&well, &Fault { cut: true, ..well }), Some(0));
    }
}
