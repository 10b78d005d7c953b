//! What a node's log forgives, and what it refuses.
#![allow(clippy::unwrap_used, missing_docs)]
use globelet_node::log::Log;
use globelet_node::NodeError;
use globelet_types::NodeId;
use std::fs;
use std::path::{Path, PathBuf};

const WORLD: [u8; 32] = [7; 32];
const NODE: NodeId = NodeId(3);

fn written(folder: &Path, records: &[&[u8]], sync_each: bool) -> PathBuf {
    let path = folder.join("nodes").join("tokyo-r0").join("log");
    let mut log = Log::open(&path, &WORLD, NODE).unwrap().log;
    for record in records {
        log.append([*record]).unwrap();
        if sync_each {
            log.sync().unwrap();
        }
    }
    path
}

fn read(path: &Path) -> Result<Vec<Vec<u8>>, NodeError> {
    Log::open(path, &WORLD, NODE).map(|r| r.records)
}

#[test]
fn records_come_back_in_order_and_the_log_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), &[b"one", b"", b"three"], true);
    let mut recovered = Log::open(&path, &WORLD, NODE).unwrap();
    assert_eq!(recovered.records, [b"one".to_vec(), b"".to_vec(), b"three".to_vec()]);
    assert_eq!(recovered.torn, 0);
    recovered.log.append([&b"four"[..], b"five"]).unwrap();
    assert_eq!(read(&path).unwrap().len(), 5);
}

#[test]
fn a_tail_torn_anywhere_loses_only_the_last_record() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), &[b"one", b"two"], true);
    let whole = fs::read(&path).unwrap();
    for cut in 1..(16 + 3) {
        fs::write(&path, &whole[..whole.len() - cut]).unwrap();
        assert_eq!(read(&path).unwrap(), [b"one".to_vec()], "cut {cut}");
        // The tail is gone for good: what is appended next is read back.
        let mut log = Log::open(&path, &WORLD, NODE).unwrap().log;
        log.append([&b"next"[..]]).unwrap();
        assert_eq!(read(&path).unwrap(), [b"one".to_vec(), b"next".to_vec()]);
    }
}

#[test]
fn damage_before_durable_records_is_refused_wherever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), &[b"one", b"two", b"three"], true);
    let whole = fs::read(&path).unwrap();
    let first = whole.len() - 3 * 16 - 11;
    for place in first..first + 16 + 3 {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x40;
        fs::write(&path, &bytes).unwrap();
        match read(&path) {
            Err(NodeError::Damaged { offset, .. }) => assert_eq!(offset, first as u64),
            other => panic!("byte {place}: {other:?}"),
        }
    }
}

#[test]
fn a_batch_that_was_never_durable_may_have_lost_its_middle() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), &[b"one", b"two", b"three"], false);
    let mut bytes = fs::read(&path).unwrap();
    let second = bytes.len() - 2 * 16 - 8;
    bytes[second + 16] ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert_eq!(read(&path).unwrap(), [b"one".to_vec()]);
}

#[test]
fn logs_of_another_world_node_or_version_are_refused_with_the_mend() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), &[b"one"], true);
    let refused = |result: Result<_, NodeError>| match result {
        Err(NodeError::ForeignLog { reason, .. }) => reason,
        _ => panic!("it was taken"),
    };
    assert!(refused(Log::open(&path, &[8; 32], NODE)).contains("wipe"));
    assert!(refused(Log::open(&path, &WORLD, NodeId(4))).contains("node 3"));
    let mut bytes = fs::read(&path).unwrap();
    bytes[8] = 99;
    fs::write(&path, &bytes).unwrap();
    assert!(refused(Log::open(&path, &WORLD, NODE)).contains("format 99"));
    fs::write(&path, [b'x'; 200]).unwrap();
    assert!(refused(Log::open(&path, &WORLD, NODE)).contains("not a globelet log"));
}

#[test]
fn a_full_disk_is_a_typed_error_and_reports_nothing_durable() {
    use globelet_node::core::Input;
    use globelet_node::writer::{spawn, Append, Reports};
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let log = Log::over(Path::new("/dev/full"), full);
    let (queue, appends) = std::sync::mpsc::channel();
    let (core, synced) = std::sync::mpsc::channel::<Input>();
    let (fatal, mut failures) = tokio::sync::mpsc::unbounded_channel();
    let thread = spawn([(NODE, log)].into(), appends, Reports { core, fatal, metrics: Default::default() }).unwrap();
    queue.send(Append { node: NODE, record: b"acked?".to_vec(), sync: Some(1) }).unwrap();
    let error = failures.blocking_recv().unwrap();
    assert_eq!((error.status(), error.code()), (4, "disk_full"));
    assert!(error.to_string().contains("make room"), "{error}");
    thread.join().unwrap();
    assert!(synced.try_iter().next().is_none());
}
