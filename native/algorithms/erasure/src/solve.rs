//! Gaussian elimination over GF(2^8) with byte strings on the right-hand side.

use crate::field;

/// Solves `matrix * unknowns = rows` in place: afterwards `rows[i]` is unknown `i`.
///
/// `matrix` is m by m, `rows` holds m strings of equal length. Returns `false` if the matrix is
/// singular, which no square piece of a Cauchy matrix is.
pub(crate) fn solve(matrix: &mut [Vec<u8>], rows: &mut [Vec<u8>]) -> bool {
    let m = matrix.len();
    for column in 0..m {
        let Some(pivot) = (column..m).find(|&r| matrix[r][column] != 0) else {
            return false;
        };
        matrix.swap(column, pivot);
        rows.swap(column, pivot);
        let factor = field::inverse(matrix[column][column]);
        field::scale(&mut matrix[column], factor);
        field::scale(&mut rows[column], factor);
        let (pivot_line, pivot_row) = (matrix[column].clone(), std::mem::take(&mut rows[column]));
        for other in (0..m).filter(|&r| r != column) {
            let factor = matrix[other][column];
            field::add_scaled(&mut matrix[other], &pivot_line, factor);
            field::add_scaled(&mut rows[other], &pivot_row, factor);
        }
        rows[column] = pivot_row;
    }
    true
}
