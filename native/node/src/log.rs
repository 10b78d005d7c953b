//! A node's append-only log: every event it handled, in order, checksummed.
//!
//! The file begins with a header (magic, version, genesis id, node, CRC-32). A record is its length (u32),
//! the offset that was durable when it was written (u64), a CRC-32 over those and the payload, and the
//! payload. The durable offset tells a torn tail, which was never acknowledged, from damage to what was.
use crate::error::Foreign;
use crate::NodeError;
use globelet_types::{Hash, NodeId};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"globelog";
/// The version this build writes.
pub const VERSION: u16 = 2;
const HEADER: usize = 8 + 2 + 32 + 2 + 4;
const FRAME: usize = 4 + 8 + 4;
/// No record is longer than this: a message at its bound, with room for the rest.
const LONGEST: usize = globelet_types::codec::MAX_FRAME + 1024;

/// An open log, positioned at its end.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: File,
    length: u64,
    durable: u64,
}

/// What [`Log::open`] found.
#[derive(Debug)]
pub struct Recovered {
    /// The log, its torn tail cut off.
    pub log: Log,
    /// Payloads, oldest first.
    pub records: Vec<Vec<u8>>,
    /// Bytes of a torn tail that were cut off.
    pub torn: u64,
}

impl Log {
    /// Opens or creates the log of `node` at `path`, its parent folder included.
    ///
    /// # Errors
    /// [`NodeError::ForeignLog`] for a log of another world, node or version, [`NodeError::Damaged`] for
    /// damage before a durable record, [`NodeError::Disk`] for what the system refuses.
    pub fn open(path: &Path, genesis: &Hash, node: NodeId) -> Result<Recovered, NodeError> {
        let disk = |e: io::Error| disk_error(path, &e);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(disk)?;
        }
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(disk)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(disk)?;
        if bytes.len() < HEADER {
            return Self::begin(path, file, &header(genesis, node));
        }
        check_header(path, &bytes[..HEADER], genesis, node)?;
        let (records, end) = scan(path, &bytes)?;
        let log = Log { path: path.to_owned(), file, length: end as u64, durable: end as u64 };
        let torn = (bytes.len() - end) as u64;
        log.file.set_len(log.length).and_then(|()| log.file.sync_data()).map_err(disk)?;
        (&log.file).seek(SeekFrom::End(0)).map_err(disk)?;
        Ok(Recovered { log, records, torn })
    }

    fn begin(path: &Path, mut file: File, header: &[u8]) -> Result<Recovered, NodeError> {
        let mut create = || -> io::Result<()> {
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(header)?;
            file.sync_all()?;
            // The folder's entry must survive a power cut too.
            path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
        };
        create().map_err(|e| disk_error(path, &e))?;
        let length = header.len() as u64;
        Ok(Recovered {
            log: Log { path: path.to_owned(), file, length, durable: length },
            records: Vec::new(),
            torn: 0,
        })
    }

    /// Appends records without waiting for the disk.
    ///
    /// # Errors
    /// [`NodeError::Disk`]; the log must not be used after it.
    pub fn append<'a>(&mut self, payloads: impl IntoIterator<Item = &'a [u8]>) -> Result<(), NodeError> {
        let mut bytes = Vec::new();
        for payload in payloads {
            frame(&mut bytes, self.durable, payload);
        }
        self.file.write_all(&bytes).map_err(|e| disk_error(&self.path, &e))?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Waits until everything appended is on the disk.
    ///
    /// # Errors
    /// [`NodeError::Disk`]; the log must not be used after it.
    pub fn sync(&mut self) -> Result<(), NodeError> {
        self.file.sync_data().map_err(|e| disk_error(&self.path, &e))?;
        self.durable = self.length;
        Ok(())
    }

    /// A log over any file, for showing what a full disk does.
    #[doc(hidden)]
    pub fn over(path: &Path, file: File) -> Log {
        Log { path: path.to_owned(), file, length: 0, durable: 0 }
    }
}

fn disk_error(path: &Path, error: &io::Error) -> NodeError {
    NodeError::unwritable(path, error)
}

fn header(genesis: &Hash, node: NodeId) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(genesis);
    bytes.extend(node.0.to_le_bytes());
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

fn check_header(path: &Path, found: &[u8], genesis: &Hash, node: NodeId) -> Result<(), NodeError> {
    let refuse = |foreign, reason: String| Err(NodeError::ForeignLog { path: path.to_owned(), foreign, reason });
    let (body, sum) = found.split_at(HEADER - 4);
    if &body[..8] != MAGIC {
        return refuse(Foreign::Format, "this is not a globelet log; move the file away".into());
    }
    let version = u16::from_le_bytes([body[8], body[9]]);
    if version != VERSION {
        return refuse(Foreign::Version, format!(
            "the log has format {version}, this build reads format {VERSION}; run the build that wrote it, or wipe the world with `globelet down --wipe`"
        ));
    }
    if crc32fast::hash(body).to_le_bytes() != sum {
        return Err(NodeError::Damaged { path: path.to_owned(), offset: 0 });
    }
    if body[10..42] != genesis[..] {
        return refuse(Foreign::World, format!(
            "the log belongs to world {}, this is world {}; use its own genesis.json, or wipe it with `globelet down --wipe`",
            hex::encode(&body[10..18]),
            hex::encode(&genesis[..8])
        ));
    }
    let owner = u16::from_le_bytes([body[42], body[43]]);
    if owner != node.0 {
        return refuse(
            Foreign::Node,
            format!("the log belongs to node {owner}, not to node {node}; put it back into that node's folder"),
        );
    }
    Ok(())
}

fn frame(out: &mut Vec<u8>, durable: u64, payload: &[u8]) {
    let start = out.len();
    out.extend((payload.len() as u32).to_le_bytes());
    out.extend(durable.to_le_bytes());
    let mut sum = crc32fast::Hasher::new();
    sum.update(&out[start..]);
    sum.update(payload);
    out.extend(sum.finalize().to_le_bytes());
    out.extend_from_slice(payload);
}

/// The record at `offset`: its durable mark, its payload and where the next one begins.
fn record_at(bytes: &[u8], offset: usize) -> Option<(u64, &[u8], usize)> {
    let head = bytes.get(offset..offset + FRAME)?;
    let length = u32::from_le_bytes(head[..4].try_into().ok()?) as usize;
    let durable = u64::from_le_bytes(head[4..12].try_into().ok()?);
    // Cheap to see before the sum is computed: no record claims that what follows it was durable.
    if length > LONGEST || durable < HEADER as u64 || durable > offset as u64 {
        return None;
    }
    let payload = bytes.get(offset + FRAME..offset + FRAME + length)?;
    let mut sum = crc32fast::Hasher::new();
    sum.update(&head[..12]);
    sum.update(payload);
    (sum.finalize().to_le_bytes() == head[12..]).then_some((durable, payload, offset + FRAME + length))
}

fn scan(path: &Path, bytes: &[u8]) -> Result<(Vec<Vec<u8>>, usize), NodeError> {
    let mut records = Vec::new();
    let mut offset = HEADER;
    while let Some((_, payload, next)) = record_at(bytes, offset) {
        records.push(payload.to_vec());
        offset = next;
    }
    let lost_durable =
        (offset + 1..bytes.len()).filter_map(|at| record_at(bytes, at)).any(|(durable, _, _)| durable > offset as u64);
    if lost_durable {
        return Err(NodeError::Damaged { path: path.to_owned(), offset: offset as u64 });
    }
    Ok((records, offset))
}
