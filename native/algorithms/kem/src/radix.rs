//! The mixed-radix encoding of NTRU Prime's public keys (submission of 2020, section 4.6.1, Encode and Decode): 761 numbers
//! below 4591. Bytes that decode to numbers which encode to other bytes are not canonical.

const COUNT: usize = 761;
const Q: u32 = 4591;
/// Radixes from here on give bytes away.
const LIMIT: u32 = 1 << 14;

/// Whether bytes are what the numbers that they decode to encode to.
pub(crate) fn is_canonical(bytes: &[u8]) -> bool {
    decode(bytes, &[Q; COUNT]).is_some_and(|numbers| encode(&numbers, &[Q; COUNT]) == bytes)
}

/// Numbers, each below its radix, as bytes.
fn encode(numbers: &[u32], radixes: &[u32]) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let ([number], [radix]) = (numbers, radixes) {
        shrink(*number, *radix, 2, &mut bytes);
        return bytes;
    }
    let (mut upper, mut upper_radixes) = (Vec::new(), Vec::new());
    for (pair, radix) in numbers.chunks(2).zip(radixes.chunks(2)) {
        let (number, radix) = match (pair, radix) {
            ([low, high], [first, second]) => (low + first * high, first * second),
            _ => (pair[0], radix[0]),
        };
        let (number, radix) = if pair.len() == 2 { shrink(number, radix, LIMIT, &mut bytes) } else { (number, radix) };
        upper.push(number);
        upper_radixes.push(radix);
    }
    bytes.extend(encode(&upper, &upper_radixes));
    bytes
}

/// Gives away low bytes until the radix is below `limit`.
fn shrink(mut number: u32, mut radix: u32, limit: u32, bytes: &mut Vec<u8>) -> (u32, u32) {
    while radix >= limit {
        bytes.push(number as u8);
        number >>= 8;
        radix = radix.div_ceil(256);
    }
    (number, radix)
}

/// The numbers that bytes stand for; `None` if there are too few.
fn decode(bytes: &[u8], radixes: &[u32]) -> Option<Vec<u32>> {
    if let [radix] = radixes {
        let number =
            bytes.iter().rev().try_fold(0_u32, |sum, byte| sum.checked_mul(256)?.checked_add((*byte).into()))?;
        return Some(vec![number % radix]);
    }
    let (mut rest, mut lows, mut upper_radixes) = (bytes.iter(), Vec::new(), Vec::new());
    for pair in radixes.chunks(2) {
        let (mut low, mut weight) = (0, 1);
        let mut radix = pair.iter().product::<u32>();
        while pair.len() == 2 && radix >= LIMIT {
            low += u32::from(*rest.next()?) * weight;
            weight <<= 8;
            radix = radix.div_ceil(256);
        }
        lows.push((low, weight));
        upper_radixes.push(radix);
    }
    let upper = decode(rest.as_slice(), &upper_radixes)?;
    let mut numbers = Vec::with_capacity(radixes.len());
    for ((pair, (low, weight)), high) in radixes.chunks(2).zip(lows).zip(upper) {
        match pair {
            [first, second] => {
                let number = low + weight * high;
                numbers.extend([number % first, number / first % second]);
            }
            _ => numbers.push(high),
        }
    }
    Some(numbers)
}
