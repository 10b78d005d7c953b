//! What the core thread's time goes to, by name.
use globelet_protocol::{Event, Message, Timer};

/// Events by name, then what the core does between them.
pub const WORKS: [&str; 35] = [
    "submitted",
    "seal",
    "repair",
    "interval_due",
    "timer",
    "hold",
    "held",
    "vertex",
    "agree",
    "open",
    "vote",
    "behind",
    "vertex_body",
    "round_result",
    "parcel",
    "repair_request",
    "lane_head",
    "header",
    "hotstuff",
    "acknowledged",
    "report",
    "anchored",
    "interval",
    "checkpoint",
    "unproven",
    "parcel_wanted",
    "parcel_copy",
    "challenge",
    "answer",
    "handover",
    "doubt",
    "extend",
    "lane_key",
    "other",
    "send",
];
const OTHER: usize = WORKS.len() - 2;
/// The place of sending in [`WORKS`].
pub const SEND: usize = WORKS.len() - 1;

/// The place of an event in [`WORKS`].
pub fn work(event: &Event) -> usize {
    let message = match event {
        Event::Submitted { .. } => return 0,
        Event::TimerExpired(Timer::Seal) => return 1,
        Event::TimerExpired(Timer::Repair) => return 2,
        Event::TimerExpired(Timer::Interval) => return 3,
        Event::TimerExpired(Timer::View(_) | Timer::Report | Timer::Round | Timer::Hurry) => return 4,
        Event::MessageReceived { message, .. } => message,
        Event::Started | Event::CandidatesChanged { .. } | Event::SourcesChanged { .. } => return OTHER,
    };
    5 + match message {
        Message::Hold { .. } => 0,
        Message::Held { .. } => 1,
        Message::Vertex(_) => 2,
        Message::Agree { .. } => 3,
        Message::Open { .. } => 4,
        Message::Vote { .. } => 5,
        Message::Behind { .. } => 6,
        Message::VertexBody { .. } => 7,
        Message::RoundResult { .. } => 8,
        Message::Parcel(_) => 9,
        Message::RepairRequest { .. } => 10,
        Message::LaneHead { .. } => 11,
        Message::Header { .. } => 12,
        Message::Hotstuff(_) => 13,
        Message::Acknowledged(_) => 14,
        Message::Report(_) => 15,
        Message::Anchored(_) => 16,
        Message::Interval { .. } => 17,
        Message::Checkpoint { .. } => 18,
        Message::Unproven { .. } => 19,
        Message::ParcelWanted { .. } => 20,
        Message::ParcelCopy { .. } => 21,
        Message::Challenge { .. } => 22,
        Message::Answer { .. } => 23,
        Message::Handover { .. } | Message::Handovers { .. } | Message::HandoversWanted { .. } => 24,
        Message::Doubt { .. } => 25,
        Message::Extend { .. } => 26,
        Message::LaneKey { .. } => 27,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use globelet_protocol::holding::{Answer, Challenge, Extension};
    use globelet_types::{ChainId, NodeId};

    fn named(message: Message) -> &'static str {
        WORKS[work(&Event::MessageReceived { from: NodeId(0), route: None, message })]
    }

    #[test]
    fn every_event_has_its_name() {
        assert_eq!(named(Message::LaneHead { source: ChainId(0), number: 1 }), "lane_head");
        assert_eq!(named(Message::Unproven { heights: vec![1] }), "unproven");
        assert_eq!(named(Message::ParcelWanted { source: ChainId(0), number: 1 }), "parcel_wanted");
        let answer = Answer { pieces: Vec::new(), proof: Vec::new(), signature: [0; 64] };
        let challenge =
            Challenge { due_us: 0, holder: 4, ranges: 1, seed: [0; 32], shard: 4, vertex: [0; 32], width: 1 };
        assert_eq!(named(Message::Answer { challenge, answer }), "answer");
        let extension = Extension { vertex: [0; 32], shard: 4, until_us: 1, signature: [0; 64] };
        assert_eq!(named(Message::Extend { sequence: 1, extension }), "extend");
        assert_eq!(WORKS[work(&Event::TimerExpired(Timer::View(3)))], "timer");
        assert_eq!(WORKS[work(&Event::Started)], "other");
        assert_eq!(WORKS[SEND], "send");
    }
}
