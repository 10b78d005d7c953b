//! The payload inside its data shards: its length in 4 bytes, itself, zeros up to the last shard's end.

use std::borrow::Cow;

use crate::ErasureError;

/// Bytes in front of the payload: its length, u32 little-endian.
pub(crate) const FRAME: usize = 4;

/// Writes the frame of `payload` over `data`, which are of equal length and have room for it.
pub(crate) fn write(payload: &[u8], data: &mut [&mut [u8]]) {
    let head = (payload.len() as u32).to_le_bytes();
    let (mut head, mut payload) = (&head[..], payload);
    for shard in data {
        let mut room = &mut shard[..];
        for source in [&mut head, &mut payload] {
            let (now, later) = source.split_at(source.len().min(room.len()));
            let (filled, rest) = room.split_at_mut(now.len());
            filled.copy_from_slice(now);
            (*source, room) = (later, rest);
        }
        room.fill(0);
    }
}

/// All data shards of a payload, given or rebuilt, with a frame that [`write`] makes.
#[derive(Debug)]
pub struct Frame<'a> {
    pub(crate) data: Vec<Cow<'a, [u8]>>,
    declared: usize,
}

impl<'a> Frame<'a> {
    /// Checks the frame; `length_of` gives the length of shards for a payload.
    pub(crate) fn new(data: Vec<Cow<'a, [u8]>>, length_of: impl Fn(usize) -> usize) -> Result<Frame<'a>, ErasureError> {
        let size = data.first().map_or(0, |shard| shard.len());
        let mut bytes = data.iter().flat_map(|shard| shard.iter());
        let mut head = [0; FRAME];
        head.iter_mut().zip(&mut bytes).for_each(|(to, byte)| *to = *byte);
        let (declared, room) = (u32::from_le_bytes(head) as usize, (size * data.len()).saturating_sub(FRAME));
        let frame = Frame { data, declared };
        let whole = size * frame.data.len() >= FRAME && declared <= room && length_of(declared) == size;
        if whole && frame.padding().all(|rest| rest.iter().all(|byte| *byte == 0)) {
            Ok(frame)
        } else {
            Err(ErasureError::Frame { declared, room })
        }
    }

    /// What follows the payload, in each shard.
    fn padding(&self) -> impl Iterator<Item = &[u8]> {
        let size = self.data.first().map_or(0, |shard| shard.len());
        let end = FRAME + self.declared;
        self.data.iter().enumerate().map(move |(i, shard)| &shard[end.saturating_sub(i * size).min(size)..])
    }

    /// The payload's length in bytes.
    pub fn len(&self) -> usize {
        self.declared
    }

    /// Whether the payload has no bytes.
    pub fn is_empty(&self) -> bool {
        self.declared == 0
    }

    /// The payload, part by part.
    pub fn parts(&self) -> impl Iterator<Item = &[u8]> {
        let (mut skip, mut left) = (FRAME, self.declared);
        self.data.iter().map(move |shard| {
            let from = skip.min(shard.len());
            skip -= from;
            let part = &shard[from..][..left.min(shard.len() - from)];
            left -= part.len();
            part
        })
    }

    /// The payload in one piece.
    pub fn payload(&self) -> Vec<u8> {
        let mut payload = Vec::with_capacity(self.declared);
        self.parts().for_each(|part| payload.extend_from_slice(part));
        payload
    }
}
