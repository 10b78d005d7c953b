//! The outbox: completed receipts and certified blocks, in order, for the stores to fetch.
//!
//! A file of frames: length (u32), CRC-32 of the payload, payload (Borsh of [`Entry`]). Offsets count
//! records from 1. Records are not synced one by one: what a crash of the machine takes is asked again.
use crate::NodeError;
use borsh::{BorshDeserialize, BorshSerialize};
use globelet_protocol::Receipt;
use globelet_types::codec::MAX_FRAME;
use globelet_types::ChainId;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// One record.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub enum Entry {
    /// A receipt is complete.
    Receipt(Box<Receipt>),
    /// A chain's block was certified; a root if the chain is the global one.
    Block {
        /// Chain.
        chain: ChainId,
        /// Height.
        height: u64,
        /// Header hash.
        hash: [u8; 32],
        /// What it carries.
        items: u32,
        /// When this process learnt it, microseconds of the epoch.
        at_us: u64,
    },
}

/// Every so many records, their place in the file is remembered.
const STRIDE: u64 = 64;
const FRAME: u64 = 8;

/// An open outbox.
#[derive(Debug)]
pub struct Outbox {
    file: File,
    length: u64,
    count: u64,
    places: Vec<u64>,
    mark: std::path::PathBuf,
    archived: u64,
}

impl Outbox {
    /// Opens or creates the outbox of a process; a torn tail is cut off.
    ///
    /// # Errors
    /// [`NodeError::Disk`].
    pub fn open(folder: &Path, process: &str) -> Result<Outbox, NodeError> {
        let path = folder.join(format!("{process}.log"));
        let mark = folder.join(format!("{process}.archived"));
        let attempt = || -> io::Result<Outbox> {
            fs::create_dir_all(folder)?;
            let mut file = OpenOptions::new().read(true).append(true).create(true).open(&path)?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            let archived = fs::read_to_string(&mark).ok().and_then(|t| t.trim().parse().ok()).unwrap_or(0);
            let mut outbox = Outbox { file, length: 0, count: 0, places: Vec::new(), mark: mark.clone(), archived };
            while let Some(size) = frame_size(&bytes[outbox.length as usize..]) {
                outbox.step(size as u64);
            }
            outbox.file.set_len(outbox.length)?;
            Ok(outbox)
        };
        attempt().map_err(|e| NodeError::unwritable(&path, &e))
    }

    fn step(&mut self, size: u64) {
        if self.count.is_multiple_of(STRIDE) {
            self.places.push(self.length);
        }
        self.count += 1;
        self.length += size;
    }

    /// Appends entries and returns the offset of the last record.
    ///
    /// # Errors
    /// The system's.
    pub fn append(&mut self, entries: &[Entry]) -> io::Result<u64> {
        let mut bytes = Vec::new();
        let mut sizes = Vec::new();
        for entry in entries {
            let payload = globelet_types::encode(entry);
            bytes.extend((payload.len() as u32).to_le_bytes());
            bytes.extend(crc32fast::hash(&payload).to_le_bytes());
            sizes.push(FRAME + payload.len() as u64);
            bytes.extend(payload);
        }
        if let Err(error) = self.file.write_all(&bytes) {
            self.file.set_len(self.length)?;
            return Err(error);
        }
        sizes.into_iter().for_each(|size| self.step(size));
        Ok(self.count)
    }

    /// At most `limit` records after offset `after`, with their offsets.
    ///
    /// # Errors
    /// The system's; `InvalidData` for a damaged record.
    pub fn after(&self, after: u64, limit: usize) -> io::Result<Vec<(u64, Entry)>> {
        let mut found = Vec::new();
        let Some(&start) = self.places.get((after / STRIDE) as usize) else { return Ok(found) };
        let (mut place, mut offset) = (start, after / STRIDE * STRIDE);
        while place < self.length && found.len() < limit {
            let mut head = [0; FRAME as usize];
            self.file.read_exact_at(&mut head, place)?;
            let size = u64::from(u32::from_le_bytes([head[0], head[1], head[2], head[3]]));
            offset += 1;
            if offset > after {
                let mut payload = vec![0; size as usize];
                self.file.read_exact_at(&mut payload, place + FRAME)?;
                let damaged =
                    || io::Error::new(io::ErrorKind::InvalidData, format!("outbox record {offset} is damaged"));
                if crc32fast::hash(&payload).to_le_bytes() != head[4..] {
                    return Err(damaged());
                }
                found.push((offset, globelet_types::decode(&payload).map_err(|_| damaged())?));
            }
            place += FRAME + size;
        }
        Ok(found)
    }

    /// Offset of the newest record.
    pub fn newest(&self) -> u64 {
        self.count
    }

    /// Everything up to this offset is in the stores.
    pub fn archived(&self) -> u64 {
        self.archived
    }

    /// The stores have everything up to `upto`; returns the offsets that are new to this, exclusive start.
    ///
    /// # Errors
    /// The system's.
    pub fn archive(&mut self, upto: u64) -> io::Result<(u64, u64)> {
        let before = self.archived;
        self.archived = before.max(upto.min(self.count));
        fs::write(&self.mark, self.archived.to_string())?;
        Ok((before, self.archived))
    }
}

fn frame_size(bytes: &[u8]) -> Option<usize> {
    let head = bytes.get(..FRAME as usize)?;
    let size = u32::from_le_bytes(head[..4].try_into().ok()?) as usize;
    if size > MAX_FRAME {
        return None;
    }
    let payload = bytes.get(FRAME as usize..FRAME as usize + size)?;
    (crc32fast::hash(payload).to_le_bytes() == head[4..]).then_some(FRAME as usize + size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(height: u64) -> Entry {
        Entry::Block { chain: ChainId(0), height, hash: [7; 32], items: 1, at_us: 5 }
    }

    #[test]
    fn pages_are_in_order_and_survive_reopening_with_a_torn_tail() {
        let folder = tempfile::tempdir().unwrap();
        let mut outbox = Outbox::open(folder.path(), "tokyo").unwrap();
        let entries: Vec<Entry> = (1..=200).map(block).collect();
        assert_eq!(outbox.append(&entries).unwrap(), 200);
        assert_eq!(outbox.archive(150).unwrap(), (0, 150));
        drop(outbox);
        let path = folder.path().join("tokyo.log");
        let mut bytes = fs::read(&path).unwrap();
        bytes.truncate(bytes.len() - 3);
        fs::write(&path, &bytes).unwrap();
        let mut outbox = Outbox::open(folder.path(), "tokyo").unwrap();
        assert_eq!((outbox.newest(), outbox.archived()), (199, 150));
        let page = outbox.after(130, 3).unwrap();
        assert_eq!(page, [(131, block(131)), (132, block(132)), (133, block(133))]);
        assert_eq!(outbox.append(&[block(900)]).unwrap(), 200);
        assert_eq!(outbox.after(199, 10).unwrap(), [(200, block(900))]);
        assert_eq!(outbox.after(5_000, 10).unwrap(), []);
    }
}
