//! The log threads: they write what the core handled and report what is durable.
use crate::core::Input;
use crate::log::Log;
use crate::metrics::Metrics;
use crate::NodeError;
use globelet_types::NodeId;
use std::collections::BTreeMap;
use std::io;
use std::sync::mpsc::{Receiver, Sender};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

/// One event for the log of one node.
#[derive(Debug)]
pub struct Append {
    /// Whose log.
    pub node: NodeId,
    /// The record.
    pub record: Vec<u8>,
    /// Report this number once the record is durable.
    pub sync: Option<u64>,
}

/// Where a log thread reports to.
pub struct Reports {
    /// The core that waits for syncs.
    pub core: Sender<Input>,
    /// Who ends the process when a disk refuses.
    pub fatal: tokio::sync::mpsc::UnboundedSender<NodeError>,
    /// Sync times.
    pub metrics: Arc<Metrics>,
}

/// Starts a thread that serves these logs until `queue` closes, then makes everything durable.
///
/// # Errors
/// The system's, if no thread can be started.
pub fn spawn(mut logs: BTreeMap<NodeId, Log>, queue: Receiver<Append>, reports: Reports) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name("log".into()).spawn(move || {
        while let Ok(first) = queue.recv() {
            let batch: Vec<Append> = std::iter::once(first).chain(queue.try_iter()).collect();
            if let Err(error) = write_batch(&mut logs, batch, &reports) {
                // Nothing reported, so nothing leaves; whoever listens ends the process.
                let _ = reports.fatal.send(error);
                return;
            }
        }
        for log in logs.values_mut() {
            if let Err(error) = log.sync() {
                let _ = reports.fatal.send(error);
            }
        }
    })
}

fn write_batch(logs: &mut BTreeMap<NodeId, Log>, batch: Vec<Append>, reports: &Reports) -> Result<(), NodeError> {
    let mut by_node: BTreeMap<NodeId, Vec<Append>> = BTreeMap::new();
    for append in batch {
        by_node.entry(append.node).or_default().push(append);
    }
    for (node, appends) in by_node {
        let Some(log) = logs.get_mut(&node) else { continue };
        log.append(appends.iter().map(|a| a.record.as_slice()))?;
        let Some(upto) = appends.iter().filter_map(|a| a.sync).max() else { continue };
        let begun = Instant::now();
        log.sync()?;
        reports.metrics.log_sync.observe(begun.elapsed().as_secs_f64());
        let _ = reports.core.send(Input::Synced { node, upto });
    }
    Ok(())
}
