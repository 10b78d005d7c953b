//! Follows the protocol by a clock that is far off.
use super::{Adversary, Border};
use globelet_protocol::Effect;

/// Its clock runs ahead by much more than any world's bound.
#[derive(Clone, Copy, Debug)]
pub struct LiarAboutTime {
    /// How far ahead, microseconds.
    pub ahead_us: i64,
}

impl Default for LiarAboutTime {
    fn default() -> LiarAboutTime {
        LiarAboutTime { ahead_us: 3_600_000_000 }
    }
}

impl Adversary for LiarAboutTime {
    fn name(&self) -> &'static str {
        "liar_about_time"
    }

    fn bend(&mut self, _border: &mut Border, effect: Effect) -> Vec<Effect> {
        vec![effect]
    }

    fn clock_offset_us(&self) -> i64 {
        self.ahead_us
    }
}
