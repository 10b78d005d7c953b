//! The outbox: completed receipts, what they share, and certified blocks, in order, for the stores to fetch.
//!
//! A file of frames: length (u32), CRC-32 of the payload, payload (Borsh of [`Entry`]). Offsets count
//! records from 1. Records are not synced: what a crash takes from the end, recovery finds in the logs again.
use crate::entry::Entry;
use crate::NodeError;
use globelet_protocol::Receipt;
use globelet_types::codec::MAX_FRAME;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Every so many records, their place in the file is remembered.
const STRIDE: u64 = 64;
const FRAME: u64 = 8;
/// A page ends after the record that reaches this many bytes: it is made while messages wait.
pub const PAGE_BYTES: u64 = 1 << 20;

/// An open outbox.
#[derive(Debug)]
pub struct Outbox {
    path: PathBuf,
    file: File,
    length: u64,
    count: u64,
    places: Vec<u64>,
    mark: File,
    marks: Vec<(u64, u64)>,
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
            let open = |path: &Path| OpenOptions::new().read(true).append(true).create(true).open(path);
            let (file, mark, marks) = (open(&path)?, open(&mark)?, read_marks(&fs::read_to_string(&mark)?));
            let mut outbox = Outbox { path: path.clone(), file, length: 0, count: 0, places: Vec::new(), mark, marks };
            outbox.measure()?;
            outbox.file.set_len(outbox.length)?;
            // What was cut off and comes again is not yet in the stores, whatever was there before.
            outbox.marks.retain(|(upto, _)| *upto <= outbox.count);
            Ok(outbox)
        };
        attempt().map_err(|e| NodeError::unwritable(&path, &e))
    }

    /// Finds where the whole records end, without keeping them in memory.
    fn measure(&mut self) -> io::Result<()> {
        let mut reader = BufReader::with_capacity(1 << 16, self.file.try_clone()?);
        let mut payload = Vec::new();
        while let Some(size) = read_frame(&mut reader, &mut payload)? {
            self.step(size);
        }
        Ok(())
    }

    fn step(&mut self, size: u64) {
        if self.count.is_multiple_of(STRIDE) {
            self.places.push(self.length);
        }
        self.count += 1;
        self.length += size;
    }

    /// Over any file, for showing what a full disk does.
    #[cfg(test)]
    pub(crate) fn over(mut self, file: File) -> Outbox {
        self.file = file;
        self
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
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
            // What is left of it is cut off now or, as a torn tail, at the next start.
            let _ = self.file.set_len(self.length);
            return Err(error);
        }
        sizes.into_iter().for_each(|size| self.step(size));
        Ok(self.count)
    }

    /// Records after offset `after`, with their offsets: at most `limit`, and none after [`PAGE_BYTES`] are reached.
    ///
    /// # Errors
    /// The system's; `InvalidData` for a damaged record.
    pub fn after(&self, after: u64, limit: usize) -> io::Result<Vec<(u64, Entry)>> {
        let mut found = Vec::new();
        let Some(&start) = self.places.get((after / STRIDE) as usize) else { return Ok(found) };
        let (mut place, mut offset, mut bytes) = (start, after / STRIDE * STRIDE, 0);
        while place < self.length && found.len() < limit && bytes < PAGE_BYTES {
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
                bytes += size;
            }
            place += FRAME + size;
        }
        Ok(found)
    }

    /// The receipt in the record at an offset, whole; `None` where there is none.
    ///
    /// # Errors
    /// As of [`Outbox::after`]; `InvalidData` where an interval signature is not where the record says.
    pub fn receipt(&self, offset: u64) -> io::Result<Option<Receipt>> {
        let Some((_, Entry::Receipt { brief, intervals, .. })) = self.at(offset)? else { return Ok(None) };
        let mut parts = Vec::with_capacity(intervals.len());
        for place in intervals {
            if let Some((_, Entry::Interval { encoded, .. })) = self.at(place)? {
                parts.push(encoded);
            }
        }
        let damaged = |e| io::Error::new(io::ErrorKind::InvalidData, format!("outbox record {offset}: {e}"));
        brief.whole(&parts).map(Some).map_err(damaged)
    }

    fn at(&self, offset: u64) -> io::Result<Option<(u64, Entry)>> {
        let Some(before) = offset.checked_sub(1) else { return Ok(None) };
        Ok(self.after(before, 1)?.pop())
    }

    /// Hands over every record, oldest first.
    ///
    /// # Errors
    /// As of [`Outbox::after`].
    pub fn each(&self, mut take: impl FnMut(u64, Entry)) -> io::Result<()> {
        let mut upto = 0;
        while upto < self.count {
            for (offset, entry) in self.after(upto, usize::MAX)? {
                upto = offset;
                take(offset, entry);
            }
        }
        Ok(())
    }

    /// Offset of the newest record.
    pub fn newest(&self) -> u64 {
        self.count
    }

    /// Everything up to this offset is in the stores.
    pub fn archived(&self) -> u64 {
        self.marks.last().map_or(0, |(upto, _)| *upto)
    }

    /// When the stores had a record, microseconds of the epoch.
    pub fn archived_at(&self, offset: u64) -> Option<u64> {
        let first = self.marks.partition_point(|(upto, _)| *upto < offset);
        self.marks.get(first).map(|(_, at_us)| *at_us)
    }

    /// The stores have everything up to `upto`, since `at_us`; returns up to where they have.
    ///
    /// # Errors
    /// The system's.
    pub fn archive(&mut self, upto: u64, at_us: u64) -> io::Result<u64> {
        let upto = upto.min(self.count);
        if upto > self.archived() {
            self.mark.write_all(format!("{upto} {at_us}\n").as_bytes())?;
            self.marks.push((upto, at_us));
        }
        Ok(self.archived())
    }
}

/// Lines of an offset and a time; a torn one is left out, and one that was taken back by a smaller offset later.
fn read_marks(text: &str) -> Vec<(u64, u64)> {
    let mut marks: Vec<(u64, u64)> = Vec::new();
    for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
        let Some((upto, at_us)) = line.split_once(' ') else { continue };
        let (Ok(upto), Ok(at_us)) = (upto.parse(), at_us.parse()) else { continue };
        while marks.last().is_some_and(|(before, _)| *before >= upto) {
            marks.pop();
        }
        marks.push((upto, at_us));
    }
    marks
}

/// Reads one frame and returns its size; `None` at the end and at a torn or damaged frame.
fn read_frame(reader: &mut impl Read, payload: &mut Vec<u8>) -> io::Result<Option<u64>> {
    let mut head = [0; FRAME as usize];
    let torn = |e: io::Error| if e.kind() == io::ErrorKind::UnexpectedEof { Ok(None) } else { Err(e) };
    if let Err(error) = reader.read_exact(&mut head) {
        return torn(error);
    }
    let size = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
    if size > MAX_FRAME {
        return Ok(None);
    }
    // Room is made for what is there, not for what a torn length says.
    payload.clear();
    if reader.take(size as u64).read_to_end(payload)? < size {
        return Ok(None);
    }
    Ok((crc32fast::hash(payload).to_le_bytes() == head[4..]).then_some(FRAME + size as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use globelet_types::ChainId;

    fn block(height: u64) -> Entry {
        Entry::Block { chain: ChainId(0), height, hash: [7; 32], items: 1, at_us: 5 }
    }

    #[test]
    fn pages_are_in_order_and_survive_reopening_with_a_torn_tail() {
        let folder = tempfile::tempdir().unwrap();
        let mut outbox = Outbox::open(folder.path(), "tokyo").unwrap();
        let entries: Vec<Entry> = (1..=200).map(block).collect();
        assert_eq!(outbox.append(&entries).unwrap(), 200);
        assert_eq!(outbox.archive(90, 7).unwrap(), 90);
        assert_eq!(outbox.archive(150, 8).unwrap(), 150);
        assert_eq!(outbox.archive(20, 9).unwrap(), 150);
        drop(outbox);
        let path = folder.path().join("tokyo.log");
        let mut bytes = fs::read(&path).unwrap();
        bytes.truncate(bytes.len() - 3);
        fs::write(&path, &bytes).unwrap();
        let mut outbox = Outbox::open(folder.path(), "tokyo").unwrap();
        assert_eq!((outbox.newest(), outbox.archived()), (199, 150));
        let times = [1, 90, 91, 150, 151].map(|offset| outbox.archived_at(offset));
        assert_eq!(times, [Some(7), Some(7), Some(8), Some(8), None]);
        let page = outbox.after(130, 3).unwrap();
        assert_eq!(page, [(131, block(131)), (132, block(132)), (133, block(133))]);
        assert_eq!(outbox.append(&[block(900)]).unwrap(), 200);
        assert_eq!(outbox.after(199, 10).unwrap(), [(200, block(900))]);
        assert_eq!(outbox.after(5_000, 10).unwrap(), []);
    }

    #[test]
    fn a_page_ends_once_it_has_enough_bytes_and_all_pages_have_all_records() {
        let folder = tempfile::tempdir().unwrap();
        let mut outbox = Outbox::open(folder.path(), "tokyo").unwrap();
        let most = 60_000;
        outbox.append(&(1..=most).map(block).collect::<Vec<_>>()).unwrap();
        let first = outbox.after(0, usize::MAX).unwrap().len() as u64;
        let size = globelet_types::encode(&block(1)).len() as u64;
        assert!(first < most && (first - 1) * size < PAGE_BYTES && first * size >= PAGE_BYTES, "{first}");
        let mut offsets = Vec::new();
        outbox.each(|offset, _| offsets.push(offset)).unwrap();
        assert!(offsets.into_iter().eq(1..=most));
    }

    #[test]
    fn a_torn_mark_is_forgotten() {
        assert_eq!(read_marks("3 100\n9 120\n1"), [(3, 100), (9, 120)]);
        assert_eq!(read_marks("12"), []);
    }

    #[test]
    fn what_was_cut_off_is_not_archived_when_it_comes_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut outbox = Outbox::open(folder.path(), "tokyo").unwrap();
        outbox.append(&[block(1), block(2)]).unwrap();
        outbox.archive(1, 5).unwrap();
        outbox.archive(2, 6).unwrap();
        fs::File::options().write(true).open(outbox.path()).unwrap().set_len(outbox.length - 1).unwrap();
        let mut outbox = Outbox::open(folder.path(), "tokyo").unwrap();
        outbox.append(&[block(2)]).unwrap();
        assert_eq!((outbox.archived(), outbox.archived_at(2)), (1, None));
        assert_eq!(outbox.archive(2, 9).unwrap(), 2);
        drop(outbox);
        assert_eq!(Outbox::open(folder.path(), "tokyo").unwrap().archived_at(2), Some(9));
    }
}
