//! The formats: an atlas, an event area. Both have one encoding for each value.

use crate::reader::{grain, put_number, put_rings, put_text, Reader};
use crate::{Area, Atlas, EventArea, Outline, PlaceError};

const ATLAS: &[u8] = b"outlines\x01";
const EVENT: &[u8] = b"event\x01";

impl Atlas {
    /// The only encoding: the mark `outlines` and version 1; the grain, which is the greatest number of units that divides
    /// all coordinates; the outlines with id, name and rings. Numbers are LEB128, points are differences (zigzag) from the
    /// point before them in multiples of the grain.
    pub fn to_bytes(&self) -> Vec<u8> {
        let grain = grain(self.outlines().iter().flat_map(|outline| outline.area.rings()));
        let mut out = ATLAS.to_vec();
        put_number(&mut out, grain);
        put_number(&mut out, self.outlines().len() as u64);
        for outline in self.outlines() {
            put_text(&mut out, &outline.id);
            put_text(&mut out, &outline.name);
            put_rings(&mut out, outline.area.rings(), grain);
        }
        out
    }

    /// Reads an atlas. It takes no more room than a small multiple of the bytes.
    ///
    /// # Errors
    /// [`PlaceError`]: any other bytes than [`Atlas::to_bytes`] gives.
    pub fn from_bytes(bytes: &[u8]) -> Result<Atlas, PlaceError> {
        let mut reader = Reader::new(bytes, ATLAS, "an atlas")?;
        let grain = reader.number()?;
        let count = reader.count(3)?;
        let mut outlines = Vec::with_capacity(count);
        for _ in 0..count {
            let (id, name) = (reader.text()?, reader.text()?);
            outlines.push(Outline { id, name, area: Area::new(&reader.rings(grain)?)? });
        }
        reader.end()?;
        let atlas = Atlas::new(outlines)?;
        if atlas.to_bytes() != bytes {
            return reader.refuse("the same atlas has another encoding");
        }
        Ok(atlas)
    }
}

impl EventArea {
    /// The only encoding: the mark `event` and version 1; start, end and multiplier as 64, 64 and 32 bits little-endian;
    /// then grain and rings as in [`Atlas::to_bytes`].
    pub fn to_bytes(&self) -> Vec<u8> {
        let grain = grain(self.area().rings().iter());
        let mut out = EVENT.to_vec();
        out.extend_from_slice(&self.from_us().to_le_bytes());
        out.extend_from_slice(&self.until_us().to_le_bytes());
        out.extend_from_slice(&self.per_mille().to_le_bytes());
        put_number(&mut out, grain);
        put_rings(&mut out, self.area().rings(), grain);
        out
    }

    /// Reads an event area.
    ///
    /// # Errors
    /// [`PlaceError`]: any other bytes than [`EventArea::to_bytes`] gives.
    pub fn from_bytes(bytes: &[u8]) -> Result<EventArea, PlaceError> {
        let mut reader = Reader::new(bytes, EVENT, "an event area")?;
        let mut word = |size: u64| -> Result<u64, PlaceError> {
            Ok(reader.bytes(size)?.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
        };
        let (from_us, until_us, per_mille) = (word(8)?, word(8)?, word(4)? as u32);
        let grain = reader.number()?;
        let area = Area::new(&reader.rings(grain)?)?;
        reader.end()?;
        let event = EventArea::new(area, from_us, until_us, per_mille)?;
        if event.to_bytes() != bytes {
            return reader.refuse("the same area has another encoding");
        }
        Ok(event)
    }
}
