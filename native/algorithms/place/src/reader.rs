//! Numbers from bytes, one encoding each, never beyond the end.

use crate::{PlaceError, Point};

/// What is left of an input.
pub(crate) struct Reader<'a> {
    left: &'a [u8],
    what: &'static str,
}

impl<'a> Reader<'a> {
    /// # Errors
    /// [`PlaceError::Malformed`] if the bytes do not begin with the mark.
    pub(crate) fn new(bytes: &'a [u8], mark: &[u8], what: &'static str) -> Result<Reader<'a>, PlaceError> {
        let left = bytes.strip_prefix(mark).ok_or(PlaceError::malformed(what, "they do not begin with its mark"))?;
        Ok(Reader { left, what })
    }

    pub(crate) fn refuse<T>(&self, reason: &'static str) -> Result<T, PlaceError> {
        Err(PlaceError::malformed(self.what, reason))
    }

    pub(crate) fn end(&self) -> Result<(), PlaceError> {
        if self.left.is_empty() {
            Ok(())
        } else {
            self.refuse("bytes are left over")
        }
    }

    pub(crate) fn bytes(&mut self, count: u64) -> Result<&'a [u8], PlaceError> {
        let Some((taken, left)) = usize::try_from(count).ok().and_then(|n| self.left.split_at_checked(n)) else {
            return self.refuse("they end too early");
        };
        self.left = left;
        Ok(taken)
    }

    /// A number in groups of seven bits, the lowest first (LEB128), as short as can be.
    pub(crate) fn number(&mut self) -> Result<u64, PlaceError> {
        let mut value = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.bytes(1)?[0];
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return if byte == 0 && shift > 0 {
                    self.refuse("a number is longer than it needs")
                } else {
                    Ok(value)
                };
            }
        }
        self.refuse("a number is beyond its range")
    }

    /// How many things follow of at least so many bytes each, so that a hostile count can't make room for more.
    pub(crate) fn count(&mut self, least: usize) -> Result<usize, PlaceError> {
        match usize::try_from(self.number()?) {
            Ok(count) if count <= self.left.len() / least => Ok(count),
            _ => self.refuse("there are more items than bytes for them"),
        }
    }

    pub(crate) fn signed(&mut self) -> Result<i64, PlaceError> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    pub(crate) fn text(&mut self) -> Result<String, PlaceError> {
        let count = self.number()?;
        let bytes = self.bytes(count)?;
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => self.refuse("a name is not UTF-8"),
        }
    }

    /// Rings whose points are differences, in multiples of `grain` units.
    pub(crate) fn rings(&mut self, grain: u64) -> Result<Vec<Vec<Point>>, PlaceError> {
        let count = self.count(7)?;
        (0..count).map(|_| self.ring(grain)).collect()
    }

    fn ring(&mut self, grain: u64) -> Result<Vec<Point>, PlaceError> {
        let count = self.count(2)?;
        let (mut points, mut at) = (Vec::with_capacity(count), (0_i64, 0_i64));
        for _ in 0..count {
            let (lon, lat) = (self.signed()?, self.signed()?);
            let add = |from: i64, step: i64| {
                i64::try_from(grain).ok().and_then(|grain| step.checked_mul(grain)).and_then(|s| from.checked_add(s))
            };
            let (Some(lon), Some(lat)) = (add(at.0, lon), add(at.1, lat)) else {
                return self.refuse("a step is beyond the globe");
            };
            at = (lon, lat);
            points.push(Point::from_units(lon, lat)?);
        }
        Ok(points)
    }
}

/// Numbers to bytes.
pub(crate) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn put_signed(out: &mut Vec<u8>, number: i64) {
    put_number(out, ((number << 1) ^ (number >> 63)) as u64);
}

pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_number(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

pub(crate) fn put_rings(out: &mut Vec<u8>, rings: &[Vec<Point>], grain: u64) {
    put_number(out, rings.len() as u64);
    for ring in rings {
        put_number(out, ring.len() as u64);
        let mut at = (0, 0);
        for point in ring {
            put_signed(out, (point.lon() - at.0) / grain as i64);
            put_signed(out, (point.lat() - at.1) / grain as i64);
            at = (point.lon(), point.lat());
        }
    }
}

/// The largest number of units of which all coordinates are multiples; 1 if there are none but zeros.
pub(crate) fn grain<'a>(rings: impl Iterator<Item = &'a Vec<Point>>) -> u64 {
    let mut common = 0;
    for point in rings.flatten() {
        for mut number in [point.lon().unsigned_abs(), point.lat().unsigned_abs()] {
            while number != 0 {
                (common, number) = (number, common % number);
            }
        }
    }
    common.max(1)
}
