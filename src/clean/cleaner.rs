//! The plan at work: a chunk of payloads in, a record batch out.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, new_null_array};
use arrow::buffer::ScalarBuffer;
use arrow::compute::{filter_record_batch, nullif};
use arrow::datatypes::SchemaRef;

use super::builder::Input;
use super::field::Field;
use super::placeholder::Placeholders;
use super::problem::Problems;
use super::{boolean, coordinates, count, integer, joined, meta, number, prefix, text, timestamp};
use crate::dedup::fingerprint::fingerprints;
use crate::error::{Error, Result};
use crate::kind::{Column, Kind, Rule};
use crate::parse::{Chunk, Cursor, Layout, Positions, Records, RejectCode};
use crate::schema::Frame;

/// What becomes of a record with a bad field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Invalid {
    /// It is a row; `_errors` names the field.
    #[default]
    Report,
    /// It is quarantined with code `invalid_field`.
    Quarantine,
    /// It stops the run. Rejected records do not: they have the quarantine.
    Fail,
}

impl Invalid {
    /// The choice of a name.
    ///
    /// # Errors
    /// [`Error::Config`] for another name.
    pub fn of(name: &str) -> Result<Self> {
        match name {
            "report" => Ok(Self::Report),
            "quarantine" => Ok(Self::Quarantine),
            "fail" => Ok(Self::Fail),
            _ => Err(Error::Config(format!("invalid={name:?}: use \"report\", \"quarantine\" or \"fail\""))),
        }
    }
}

/// How to clean.
#[derive(Debug, Clone)]
pub struct Options {
    /// What becomes of a record with a bad field.
    pub invalid: Invalid,
    /// Which columns to give.
    pub frame: Frame,
    /// `_ingested_at`, µs since 1970 UTC.
    pub ingested_at: Option<i64>,
    /// `_run_id`.
    pub run_id: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { invalid: Invalid::Report, frame: Frame::Full, ingested_at: None, run_id: None }
    }
}

/// What came of one origin of a chunk: a receipt's sums.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records, rejected ones included.
    pub records: u64,
    /// Of them, rejected.
    pub rejected: u64,
    /// Records with at least one bad field, rejected or not.
    pub flawed: u64,
    /// Bytes of the records.
    pub bytes: u64,
    /// Sum of `_hash`; 0 for a frame without it.
    pub hash: i128,
}

/// Cleaned records of a chunk.
#[derive(Debug)]
pub struct Cleaned {
    /// Rows in reading order, at most [`crate::parse::BATCH_ROWS`].
    pub batch: RecordBatch,
    /// Sums by origin; one entry if the positions came with the payloads.
    pub tallies: Vec<Tally>,
}

/// Cleans chunks of one kind. Keeps its memory between them.
#[derive(Debug)]
pub struct Cleaner {
    kind: Arc<Kind>,
    options: Options,
    layout: Layout,
    /// A column each.
    placeholders: Vec<Placeholders>,
    records: Records,
    schema: SchemaRef,
}

impl Cleaner {
    /// A cleaner for a kind.
    ///
    /// # Errors
    /// [`Error::Config`] if a placeholder of the plan does not compile.
    ///
    /// ```
    /// use pinlake::{clean::{Cleaner, Options}, kind::Kind, parse::{ChunkBuffer, Cursor, Form}};
    /// let mut cleaner = Cleaner::new(Kind::builtin("user")?, Options::default())?;
    /// let mut chunk = ChunkBuffer::default();
    /// chunk.push(br#"{"ind": 7, "first_name": "Abigail", "age": "20"}"#, Form::Message, 0, 0, 0);
    /// let cleaned = cleaner.clean(chunk.as_chunk(), &mut Cursor::default())?;
    /// assert_eq!(cleaned.batch.num_rows(), 1);
    /// # Ok::<(), pinlake::Error>(())
    /// ```
    pub fn new(kind: Arc<Kind>, options: Options) -> Result<Self> {
        let placeholders = kind
            .columns
            .iter()
            .map(|column| Placeholders::new(&column.placeholders))
            .collect::<Result<_>>()?;
        Ok(Self {
            layout: Layout::new(&kind),
            placeholders,
            records: Records::default(),
            schema: options.frame.schema(&kind),
            options,
            kind,
        })
    }

    /// The columns it gives.
    #[must_use]
    pub const fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// What these columns are.
    #[must_use]
    pub const fn frame(&self) -> Frame {
        self.options.frame
    }

    /// The kind it cleans.
    #[must_use]
    pub const fn kind(&self) -> &Arc<Kind> {
        &self.kind
    }

    /// What was read by the last [`Self::clean`]: a record a row of its batch, but for [`Frame::Clean`].
    pub(super) const fn records(&self) -> &Records {
        &self.records
    }

    /// Parses and cleans the next records of a chunk: every one becomes a row or a rejected row.
    /// Called again with the same chunk until the cursor [is done](Cursor::is_done).
    ///
    /// # Errors
    /// [`Error::Quality`] with [`Invalid::Fail`] and a bad field; [`Error::Arrow`] if the columns
    /// outgrow 32-bit offsets.
    pub fn clean(&mut self, chunk: Chunk<'_>, cursor: &mut Cursor) -> Result<Cleaned> {
        self.records.read(&self.layout, chunk, cursor);
        // The plan outlives the borrow of the records.
        let kind = Arc::clone(&self.kind);
        let mut problems = Problems::default();
        let mut columns = self.clean_columns(&kind, chunk, &mut problems)?;
        problems.sort();
        let flawed = flawed_rows(&problems);
        if self.options.invalid == Invalid::Fail && !flawed.is_empty() {
            return Err(self.flaws(&problems, chunk));
        }
        if self.options.invalid == Invalid::Quarantine && !flawed.is_empty() {
            self.quarantine(&flawed, &mut columns)?;
        }
        let input = Input { bytes: chunk.bytes, records: &self.records };
        let hashes = match self.options.frame {
            Frame::Full | Frame::Run => meta::hashes(&input, chunk),
            _ => vec![0; input.len()],
        };
        let tallies = self.tallies(chunk, &hashes, &flawed);
        if self.options.frame != Frame::Clean {
            self.meta_columns(&input, chunk, &problems, hashes, &mut columns)?;
        }
        let mut batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        if self.options.frame == Frame::Clean
            && let Some(accepted) = meta::accepted(&input)
        {
            batch = filter_record_batch(&batch, &BooleanArray::new(accepted.into_inner(), None))?;
        }
        Ok(Cleaned { batch, tallies })
    }

    /// Parses and cleans a whole chunk.
    ///
    /// # Errors
    /// As [`Self::clean`].
    pub fn clean_all(&mut self, chunk: Chunk<'_>) -> Result<Vec<RecordBatch>> {
        let (mut cursor, mut batches) = (Cursor::default(), Vec::new());
        while !cursor.is_done(chunk) {
            batches.push(self.clean(chunk, &mut cursor)?.batch);
        }
        Ok(batches)
    }

    /// The clean columns, the key first.
    fn clean_columns<'k>(
        &self,
        kind: &'k Kind,
        chunk: Chunk<'_>,
        problems: &mut Problems<'k>,
    ) -> Result<Vec<ArrayRef>> {
        let input = &Input { bytes: chunk.bytes, records: &self.records };
        let keys: Vec<i64> = self.records.rows().iter().map(|row| row.key).collect();
        let keys = Int64Array::new(ScalarBuffer::from(keys), meta::accepted(input));
        let mut columns: Vec<ArrayRef> = vec![Arc::new(keys)];
        let mut slot = self.layout.keys();
        for (column, placeholders) in kind.columns.iter().zip(&self.placeholders) {
            let fields: Vec<Field<'_, 'k>> = column
                .fields
                .iter()
                .zip(slot..)
                .map(|(name, slot)| Field { input, slot, name, placeholders })
                .collect();
            columns.push(rule_column(column, &fields, problems)?);
            slot += fields.len();
        }
        Ok(columns)
    }

    /// Everything behind the clean columns, in the frame's order.
    fn meta_columns(
        &self,
        input: &Input<'_>,
        chunk: Chunk<'_>,
        problems: &Problems<'_>,
        hashes: Vec<i64>,
        columns: &mut Vec<ArrayRef>,
    ) -> Result<()> {
        let rows = input.len();
        columns.push(meta::errors(input, problems)?);
        columns.push(meta::rescued(input, &self.layout)?);
        let fingerprint = fingerprints(columns, meta::accepted(input).as_ref())?;
        if self.options.frame == Frame::Content {
            columns.push(fingerprint);
            return Ok(());
        }
        columns.push(meta::source(input, chunk)?);
        columns.push(fingerprint);
        columns.push(meta::arrived_at(input, chunk)?);
        columns.push(meta::instant(rows, self.options.ingested_at));
        columns.push(meta::constant(rows, self.options.run_id.as_deref()));
        columns.push(Arc::new(Int64Array::from(hashes)));
        columns.push(meta::rejects(input, chunk, problems)?);
        if self.options.frame == Frame::Run {
            let receipt = self.schema.field(columns.len()).data_type();
            columns.push(new_null_array(receipt, rows));
        }
        Ok(())
    }

    /// Turns rows with bad fields into rejected ones.
    fn quarantine(&mut self, flawed: &[u32], columns: &mut [ArrayRef]) -> Result<()> {
        let mut mask = vec![false; self.records.rows.len()];
        for &row in flawed {
            mask[row as usize] = true;
            self.records.rows[row as usize].reject = Some(RejectCode::InvalidField);
        }
        let mask = BooleanArray::from(mask);
        for column in columns {
            *column = nullif(column, &mask)?;
        }
        Ok(())
    }

    /// The error that names the first few bad fields.
    fn flaws(&self, problems: &Problems<'_>, chunk: Chunk<'_>) -> Error {
        const NAMED: usize = 5;
        let named = problems.list.iter().take(NAMED).map(|problem| {
            let record = self.records.rows()[problem.row as usize];
            let at = place(chunk, record.payload);
            let item = if record.item > 0 { format!(", item {}", record.item) } else { String::new() };
            format!("{at}{item}: {} {} {}", problem.column, problem.code.as_str(), problem.value)
        });
        Error::Quality(format!(
            "invalid=\"fail\": {} bad value(s) among {} records of kind {}; the first: {}",
            problems.list.len(),
            self.records.rows().len(),
            self.kind.name,
            named.collect::<Vec<_>>().join("; ")
        ))
    }

    fn tallies(&self, chunk: Chunk<'_>, hashes: &[i64], flawed: &[u32]) -> Vec<Tally> {
        let at = match chunk.positions {
            Positions::Log { at, .. } => at.as_slice(),
            Positions::Given { .. } => &[],
        };
        let origins = match chunk.positions {
            Positions::Log { origins, .. } => origins.len().max(1),
            Positions::Given { .. } => 1,
        };
        let mut tallies = vec![Tally::default(); origins];
        let origin = |payload: u32| at.get(payload as usize).map_or(0, |place| place.0 as usize);
        for (record, &hash) in self.records.rows().iter().zip(hashes) {
            let Some(tally) = tallies.get_mut(origin(record.payload)) else {
                continue;
            };
            tally.records += 1;
            tally.rejected += u64::from(record.reject.is_some());
            tally.bytes += u64::from(record.end - record.start);
            tally.hash += i128::from(hash);
        }
        for &row in flawed {
            let record = &self.records.rows()[row as usize];
            if let Some(tally) = tallies.get_mut(origin(record.payload)) {
                tally.flawed += 1;
            }
        }
        tallies
    }
}

/// A clean column of its raw fields.
fn rule_column<'k>(
    column: &'k Column,
    fields: &[Field<'_, 'k>],
    problems: &mut Problems<'k>,
) -> Result<ArrayRef> {
    let field = || {
        let first = fields.first().copied();
        first.ok_or_else(|| Error::Config(format!("column {} has no field", column.name)))
    };
    Ok(match &column.rule {
        Rule::Text => text::column(field()?, problems)?,
        Rule::Prefix(prefix) => prefix::column(field()?, prefix, problems)?,
        Rule::Joined(separator) => joined::column(fields, separator, problems)?,
        Rule::Count => count::column(field()?, problems),
        Rule::Integer(min, max) => integer::column(field()?, (*min, *max), problems),
        Rule::Number(min, max) => number::column(field()?, (*min, *max), problems),
        Rule::Boolean => boolean::column(field()?, problems),
        Rule::Timestamp => timestamp::column(field()?, problems),
        Rule::Coordinates => match fields {
            &[latitude, longitude] => coordinates::column(&column.name, [latitude, longitude], problems)?,
            _ => return Err(Error::Config(format!("column {} needs two fields", column.name))),
        },
    })
}

/// Rows with at least one problem, each once.
fn flawed_rows(problems: &Problems<'_>) -> Vec<u32> {
    let mut rows: Vec<u32> = problems.list.iter().map(|problem| problem.row).collect();
    rows.dedup();
    rows
}

/// Where a payload stands, for people.
fn place(chunk: Chunk<'_>, payload: u32) -> String {
    if let Positions::Log { origins, at } = chunk.positions
        && let Some((origin, seq)) = at.get(payload as usize)
        && let Some(origin) = origins.get(*origin as usize)
    {
        // Payloads without positions are numbered.
        return match &*origin.name {
            "" => format!("payload {seq}"),
            name => format!("{name} {} at {seq}", origin.part),
        };
    }
    format!("payload {payload}")
}
