//! The world's selection policy: asked over HTTP from the presence service, off every path that a transfer takes.
//!
//! One task asks, one question after the other. A question that is not answered leaves the weights in force, and is
//! put again at the next renewal.
use crate::consul::Address;
use crate::metrics::Metrics;
use globelet_protocol::selection::{Choice, Weights};
use globelet_protocol::Weighted;
use globelet_types::world::WorldSpec;
use globelet_types::NodeId;
use serde::Deserialize;
use serde_json::{json, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// An answer that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(2);
/// A round trip that differs by less than this, and by less than a quarter, is as it was.
const LITTLE_US: u64 = 1_000;

/// What is known of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Who.
    pub node: NodeId,
    /// Whether it is there.
    pub present: bool,
    /// Round trip to its process, microseconds; `None` where none was measured.
    pub round_trip_us: Option<u64>,
}

impl Row {
    /// Whether a policy should hear of the difference.
    fn differs(&self, before: &Row) -> bool {
        let far = |a: u64, b: u64| a.abs_diff(b) > LITTLE_US.max(b / 4);
        let trips = match (self.round_trip_us, before.round_trip_us) {
            (Some(now), Some(then)) => far(now, then),
            (now, then) => now != then,
        };
        (self.node, self.present) != (before.node, before.present) || trips
    }
}

/// A question, or a question that was answered.
#[derive(Debug)]
struct Question {
    choice: Choice,
    rows: Vec<Row>,
}

/// What came of a question: weights, or why there are none.
#[derive(Debug)]
pub struct Answer {
    question: Question,
    outcome: Result<Vec<u64>, String>,
}

#[derive(Deserialize)]
struct Document {
    weights: Vec<u64>,
}

/// What was asked, and what is in force.
pub struct Selection {
    questions: mpsc::UnboundedSender<Question>,
    weights: BTreeMap<Choice, Weights>,
    /// What the policy knows by its last answer.
    answered: BTreeMap<Choice, Vec<Row>>,
    /// Questions under way: one for each choice at most, so that the queue is bounded.
    under_way: BTreeMap<Choice, bool>,
    said: Option<String>,
    metrics: Arc<Metrics>,
}

impl Selection {
    /// Asks the service at `at`; what came of it goes to `answers`. Call inside a tokio runtime.
    pub fn start(at: Address, metrics: Arc<Metrics>, answers: mpsc::UnboundedSender<Answer>) -> Selection {
        let (questions, waiting) = mpsc::unbounded_channel();
        tokio::spawn(ask_each(at, waiting, answers));
        Selection {
            questions,
            weights: BTreeMap::new(),
            answered: BTreeMap::new(),
            under_way: BTreeMap::new(),
            said: None,
            metrics,
        }
    }

    /// Candidates with the weights in force.
    pub fn weighted(&self, world: &WorldSpec, choice: Choice, candidates: &[NodeId]) -> Vec<Weighted> {
        match self.weights.get(&choice) {
            Some(weights) => weights.of(world, candidates),
            None => Weights::default().of(world, candidates),
        }
    }

    /// Asks, if the policy does not know what `rows` say; a choice that is being asked for is looked at afterwards.
    pub fn ask(&mut self, choice: Choice, rows: Vec<Row>) {
        let known = self.answered.get(&choice).is_some_and(|before| {
            before.len() == rows.len() && rows.iter().zip(before).all(|(now, then)| !now.differs(then))
        });
        if known || rows.is_empty() {
            return;
        }
        if let Some(again) = self.under_way.get_mut(&choice) {
            *again = true;
            return;
        }
        self.under_way.insert(choice, false);
        let _ = self.questions.send(Question { choice, rows });
    }

    /// Takes what came of a question. The choice, whether its weights are others now, and whether to ask again.
    pub fn take(&mut self, answer: Answer) -> (Choice, bool, bool) {
        let Answer { question: Question { choice, rows }, outcome } = answer;
        let again = self.under_way.remove(&choice).unwrap_or_default();
        let nodes: Vec<NodeId> = rows.iter().map(|r| r.node).collect();
        let learned = outcome.and_then(|said| {
            self.weights.entry(choice).or_default().learn(&nodes, &said).map_err(|refused| refused.to_string())
        });
        match learned {
            Ok(changed) => {
                self.metrics.selection("answered");
                self.answered.insert(choice, rows);
                self.said = None;
                (choice, changed, again)
            }
            Err(why) => {
                self.metrics.selection("kept");
                self.say(why);
                (choice, false, false)
            }
        }
    }

    /// A policy that fails does so every time: it is said once, until it answers.
    fn say(&mut self, why: String) {
        if self.said.as_ref() != Some(&why) {
            crate::error::say(format_args!("the selection policy gave no weights, those in force stay: {why}"));
            self.said = Some(why);
        }
    }
}

async fn ask_each(at: Address, mut waiting: mpsc::UnboundedReceiver<Question>, answers: mpsc::UnboundedSender<Answer>) {
    while let Some(question) = waiting.recv().await {
        let outcome = match tokio::time::timeout(PATIENCE, at.post("/v1/selection", &document(&question))).await {
            Ok(Ok(bytes)) => read(&bytes),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
        };
        if answers.send(Answer { question, outcome }).is_err() {
            return;
        }
    }
}

fn document(question: &Question) -> Value {
    let row = |r: &Row| json!([r.node.0, r.present, r.round_trip_us]);
    let Choice { here, of } = question.choice;
    json!({
        "stage": question.choice.stage(), "here": here.0, "of": of.0,
        "candidates": question.rows.iter().map(row).collect::<Vec<Value>>(),
    })
}

fn read(bytes: &[u8]) -> Result<Vec<u64>, String> {
    let read = serde_json::from_slice::<Document>(bytes);
    read.map(|d| d.weights).map_err(|e| format!("the presence service's answer cannot be read: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use globelet_types::ChainId;

    const HERE: Choice = Choice { here: ChainId(0), of: ChainId(0) };

    fn row(node: u16, round_trip_us: Option<u64>) -> Row {
        Row { node: NodeId(node), present: true, round_trip_us }
    }

    fn selection() -> (Selection, mpsc::UnboundedReceiver<Question>) {
        let (questions, asked) = mpsc::unbounded_channel();
        let (weights, answered, under_way) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        (Selection { questions, weights, answered, under_way, said: None, metrics: Arc::default() }, asked)
    }

    #[test]
    fn one_question_for_a_choice_at_a_time_and_none_for_what_is_known() {
        let (mut selection, mut asked) = selection();
        selection.ask(HERE, vec![row(4, Some(1_000))]);
        selection.ask(HERE, vec![row(4, Some(9_000))]);
        let question = asked.try_recv().unwrap();
        assert!(asked.try_recv().is_err());
        assert_eq!(selection.take(Answer { question, outcome: Ok(vec![5]) }), (HERE, true, true));
        selection.ask(HERE, vec![row(4, Some(1_900))]);
        assert!(asked.try_recv().is_err(), "a round trip that differs little is no news");
        selection.ask(HERE, vec![row(4, Some(2_100))]);
        let question = asked.try_recv().unwrap();
        let refused = selection.take(Answer { question, outcome: Ok(vec![5, 6]) });
        assert_eq!(refused, (HERE, false, false));
        // What failed is put again, and the weight of before stands until then.
        selection.ask(HERE, vec![row(4, Some(2_100))]);
        let question = asked.try_recv().unwrap();
        assert_eq!(selection.take(Answer { question, outcome: Err("away".into()) }), (HERE, false, false));
        assert_eq!(selection.weights[&HERE].clone().learn(&[NodeId(4)], &[5]), Ok(false));
        let text = selection.metrics.text();
        assert!(text.contains("globelet_selection_questions_total{reason=\"answered\"} 1\n"), "{text}");
        assert!(text.contains("globelet_selection_questions_total{reason=\"kept\"} 2\n"), "{text}");
    }

    #[test]
    fn questions_and_answers_are_what_the_presence_service_reads_and_writes() {
        let question = Question { choice: HERE, rows: vec![row(4, None), row(5, Some(7))] };
        let text = document(&question).to_string();
        assert_eq!(text, r#"{"candidates":[[4,true,null],[5,true,7]],"here":0,"of":0,"stage":"S1"}"#);
        assert_eq!(read(br#"{"weights":[1,0]}"#), Ok(vec![1, 0]));
        for wrong in [&b""[..], b"[1]", br#"{"weights":[-1]}"#, br#"{"weights":[1.5]}"#] {
            assert!(read(wrong).is_err());
        }
    }
}
