//! A selection policy in Python, as the simulation asks it.
use globelet_protocol::selection::Choice;
use globelet_simulator::Selector;
use globelet_types::NodeId;
use pyo3::prelude::*;

/// Asks `policy(stage, here, of, candidates)`, with numbers of chains and pairs of a node's number and whether it is
/// present; its answer is a list of weights, or None where it has none.
pub fn selector(policy: Py<PyAny>) -> Selector {
    Box::new(move |choice, candidates| Python::attach(|py| ask(py, &policy, choice, candidates)))
}

/// What the policy raises is for its owner to count: here it is no answer.
fn ask(py: Python<'_>, policy: &Py<PyAny>, choice: Choice, candidates: &[(NodeId, bool)]) -> Option<Vec<u64>> {
    let rows: Vec<(u16, bool)> = candidates.iter().map(|(node, present)| (node.0, *present)).collect();
    let said = policy.bind(py).call1((choice.stage(), choice.here.0, choice.of.0, rows)).ok()?;
    said.extract().ok()
}
