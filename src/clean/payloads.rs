//! Arrays of payloads, cleaned a batch at a time.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::cleaner::Cleaner;
use crate::error::Result;
use crate::parse::{Cursor, Payloads, Piece};

/// Cleans an array of payloads: an iterator of record batches in the array's order.
///
/// ```
/// use arrow::array::BinaryArray;
/// use pinlake::{clean::{Cleaner, Options, PayloadReader}, kind::Kind, parse::Payloads};
/// let values = BinaryArray::from_vec(vec![br#"{"ind": 7}"#, br#"[{"ind": 8}, 9]"#]);
/// let cleaner = Cleaner::new(Kind::builtin("user")?, Options::default())?;
/// let reader = PayloadReader::new(cleaner, Payloads::new(&values, None, None)?);
/// assert_eq!(reader.map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 3);
/// # Ok::<(), pinlake::Error>(())
/// ```
#[derive(Debug)]
pub struct PayloadReader {
    cleaner: Cleaner,
    payloads: Payloads,
    piece: Option<Piece>,
    cursor: Cursor,
}

impl PayloadReader {
    /// A reader of all the payloads.
    #[must_use]
    pub fn new(cleaner: Cleaner, payloads: Payloads) -> Self {
        let piece = payloads.piece(0);
        Self { cleaner, payloads, piece, cursor: Cursor::default() }
    }

    /// The columns it gives.
    #[must_use]
    pub const fn schema(&self) -> &SchemaRef {
        self.cleaner.schema()
    }
}

impl Iterator for PayloadReader {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let piece = self.piece.as_ref()?;
            let chunk = self.payloads.chunk(piece);
            if self.cursor.is_done(chunk) {
                (self.piece, self.cursor) = (self.payloads.piece(piece.end), Cursor::default());
                continue;
            }
            match self.cleaner.clean(chunk, &mut self.cursor) {
                Ok(cleaned) if cleaned.batch.num_rows() == 0 => {}
                Ok(cleaned) => return Some(Ok(cleaned.batch)),
                Err(error) => {
                    // What failed once is not tried again.
                    self.piece = None;
                    return Some(Err(error));
                }
            }
        }
    }
}
