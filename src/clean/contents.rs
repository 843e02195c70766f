//! What records are once they are cleaned, in 8 bytes each: for those who compare rows and keep none.

use std::sync::Arc;

use super::cleaner::{Cleaner, Options};
use crate::dedup::fingerprint;
use crate::error::Result;
use crate::kind::Kind;
use crate::parse::{Chunk, Cursor, Payload, Positions};
use crate::schema::Frame;

/// Cleans records of one kind for their content alone.
#[derive(Debug)]
pub struct Contents {
    cleaner: Cleaner,
    positions: Positions,
}

impl Contents {
    /// Contents of a kind's records, by the rules of its plan and `invalid="report"`.
    ///
    /// # Errors
    /// Those of [`Cleaner::new`].
    ///
    /// ```
    /// use pinlake::{clean::Contents, kind::Kind, parse::{Form, Payload}};
    /// let bytes = br#"{"ind": 7, "age": 20}{"age": "20", "ind": "7"}{"age": 21}"#;
    /// let at = [(0, 21), (21, 46), (46, 57)];
    /// let payloads = at.map(|(start, end)| Payload { start, end, form: Form::Message, first_item: 0 });
    /// let found = Contents::new(Kind::builtin("user")?)?.of(bytes, &payloads)?;
    /// assert_eq!(found[0], found[1]);
    /// assert_eq!(found[2], 0);
    /// # Ok::<(), pinlake::Error>(())
    /// ```
    pub fn new(kind: Arc<Kind>) -> Result<Self> {
        let options = Options { frame: Frame::Content, ..Options::default() };
        Ok(Self { cleaner: Cleaner::new(kind, options)?, positions: Positions::default() })
    }

    /// The content of each payload's record: the first 8 bytes of its `_fingerprint`. 0 where it is
    /// rejected, or is not one record.
    ///
    /// # Errors
    /// Those of [`Cleaner::clean`].
    pub fn of(&mut self, bytes: &[u8], payloads: &[Payload]) -> Result<Vec<u64>> {
        let chunk = Chunk { bytes, payloads, positions: &self.positions, refusals: &[] };
        let mut contents = vec![0; payloads.len()];
        let mut cursor = Cursor::default();
        while !cursor.is_done(chunk) {
            let batch = self.cleaner.clean(chunk, &mut cursor)?.batch;
            let Some(last) = batch.columns().last() else { continue };
            let rows = self.cleaner.records().rows().iter().zip(fingerprint::read(last)?);
            for (record, found) in rows {
                let found = found.filter(|_| record.item == 0).map_or(0, fingerprint::short);
                if let Some(content) = contents.get_mut(record.payload as usize) {
                    *content = found;
                }
            }
        }
        Ok(contents)
    }
}
