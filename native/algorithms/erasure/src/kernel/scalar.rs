//! One byte at a time: for processors without the vector instructions used, and what the others are compared with.

use std::ops::Range;

use super::NIBBLES;

/// See [`super::combine`]; over one piece of the length.
pub(super) fn combine(outputs: &mut [&mut [u8]], inputs: &[&[u8]], rows: &[u8], piece: Range<usize>) {
    for (output, row) in outputs.iter_mut().zip(rows.chunks(inputs.len())) {
        let output = &mut output[piece.clone()];
        output.fill(0);
        for (factor, input) in row.iter().zip(inputs) {
            let table = &NIBBLES[usize::from(*factor)];
            for (sum, x) in output.iter_mut().zip(&input[piece.clone()]) {
                *sum ^= table[usize::from(x & 15)] ^ table[usize::from(16 + (x >> 4))];
            }
        }
    }
}
