//! A cleaned table as one file: Parquet, or NDJSON. Rows can be taken back until it is finished.
//!
//! The file is written beside its place under a temporary name, and renamed when it is whole.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use arrow::json::LineDelimitedWriter;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use rayon::ThreadPool;
use rayon::prelude::*;

use super::part::Part;
use crate::error::{Error, Result};

/// Rows of a Parquet row group: what readers split work by; its columns are encoded side by side.
const ROW_GROUP_ROWS: usize = 128 * 1024;

/// The formats a table can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Parquet, Snappy.
    Parquet,
    /// One JSON object a line.
    Ndjson,
}

impl Format {
    /// The format of a file's name.
    ///
    /// # Errors
    /// [`Error::Config`] for an ending that is neither.
    pub fn of(path: &str) -> Result<Self> {
        let ending = Path::new(path).extension().map(|ending| ending.to_string_lossy().to_lowercase());
        match ending.as_deref() {
            Some("parquet") => Ok(Self::Parquet),
            Some("ndjson" | "jsonl" | "json") => Ok(Self::Ndjson),
            _ => Err(Error::Config(format!(
                "{path}: write to a name that ends in .parquet, .ndjson or .jsonl, or to a folder"
            ))),
        }
    }
}

/// A table being written.
#[derive(Debug)]
pub struct TableSink {
    part: Part,
    schema: SchemaRef,
    format: Format,
    writer: Writer,
    rows: u64,
    /// Rows taken back, by number.
    dropped: Vec<u64>,
}

#[derive(Debug)]
enum Writer {
    Parquet(Box<ParquetWriter>),
    Ndjson(BufWriter<File>),
}

impl TableSink {
    /// Starts a table. Its folder is made if it is not there.
    ///
    /// # Errors
    /// [`Error::Sink`] if the file cannot be made.
    pub fn create(path: &Path, format: Format, schema: SchemaRef) -> Result<Self> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(|error| Error::cannot_write(folder, &error))?;
        }
        let part = Part::of(path);
        let writer = Writer::create(part.at(), format, &schema)?;
        Ok(Self { part, schema, format, writer, rows: 0, dropped: Vec::new() })
    }

    /// Number of the next row.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Appends rows.
    ///
    /// # Errors
    /// [`Error::Sink`] or [`Error::Arrow`] if they cannot be written.
    pub fn write(&mut self, batch: &RecordBatch, pool: &ThreadPool) -> Result<()> {
        self.rows += batch.num_rows() as u64;
        self.writer.write(self.part.at(), batch, pool)
    }

    /// Takes a row back.
    pub fn take_back(&mut self, row: u64) {
        self.dropped.push(row);
    }

    /// Ends the table and puts it in its place; returns its number of rows.
    ///
    /// # Errors
    /// [`Error::Sink`] or [`Error::Arrow`] if it cannot be written.
    pub fn finish(mut self, pool: &ThreadPool) -> Result<u64> {
        self.writer.finish(self.part.at(), pool)?;
        self.dropped.sort_unstable();
        if !self.dropped.is_empty() {
            self.rewrite(pool)?;
        }
        self.part.finish()?;
        Ok(self.rows - self.dropped.len() as u64)
    }

    /// Copies the table without the rows taken back. Rare: only another content of a key that was
    /// written already takes a row back.
    fn rewrite(&self, pool: &ThreadPool) -> Result<()> {
        let copy = self.part.at().with_extension("part2");
        match self.format {
            Format::Parquet => self.copy_parquet(&copy, pool)?,
            Format::Ndjson => self.copy_lines(&copy).map_err(|error| Error::cannot_write(&copy, &error))?,
        }
        fs::rename(&copy, self.part.at()).map_err(|error| Error::cannot_write(self.part.at(), &error))
    }

    fn copy_parquet(&self, copy: &Path, pool: &ThreadPool) -> Result<()> {
        let from = File::open(self.part.at()).map_err(|error| Error::cannot_write(self.part.at(), &error))?;
        let mut writer = Writer::create(copy, self.format, &self.schema)?;
        let mut row = 0;
        for batch in ParquetRecordBatchReaderBuilder::try_new(from)?.with_batch_size(8192).build()? {
            let batch = batch?;
            let keep: BooleanArray = (row..row + batch.num_rows() as u64)
                .map(|row| Some(self.dropped.binary_search(&row).is_err()))
                .collect();
            row += batch.num_rows() as u64;
            // The schema read back has Parquet's metadata; the one written has none.
            let kept = filter_record_batch(&batch, &keep)?;
            let kept = RecordBatch::try_new(Arc::clone(&self.schema), kept.columns().to_vec())?;
            writer.write(copy, &kept, pool)?;
        }
        writer.finish(copy, pool)
    }

    fn copy_lines(&self, copy: &Path) -> std::io::Result<()> {
        let from = BufReader::new(File::open(self.part.at())?);
        let mut to = BufWriter::new(File::create(copy)?);
        for (row, line) in (0_u64..).zip(from.split(b'\n')) {
            let line = line?;
            if self.dropped.binary_search(&row).is_err() {
                to.write_all(&line)?;
                to.write_all(b"\n")?;
            }
        }
        to.flush()
    }
}

impl Writer {
    fn create(path: &Path, format: Format, schema: &SchemaRef) -> Result<Self> {
        let file = File::create(path).map_err(|error| Error::cannot_write(path, &error))?;
        Ok(match format {
            Format::Parquet => Self::Parquet(Box::new(ParquetWriter::new(file, schema)?)),
            Format::Ndjson => Self::Ndjson(BufWriter::with_capacity(1 << 20, file)),
        })
    }

    fn write(&mut self, path: &Path, batch: &RecordBatch, pool: &ThreadPool) -> Result<()> {
        match self {
            Self::Parquet(writer) => writer.write(batch, pool),
            Self::Ndjson(file) => {
                write_lines(&mut *file, batch)?;
                file.flush().map_err(|error| Error::cannot_write(path, &error))
            }
        }
    }

    fn finish(&mut self, path: &Path, pool: &ThreadPool) -> Result<()> {
        match self {
            Self::Parquet(writer) => writer.finish(pool),
            Self::Ndjson(file) => file.flush().map_err(|error| Error::cannot_write(path, &error)),
        }
    }
}

/// Writes a batch as JSON lines; null fields are written as null.
///
/// # Errors
/// [`Error::Arrow`] for a type that JSON has no form for, or a failed write.
pub fn write_lines(to: impl Write, batch: &RecordBatch) -> Result<()> {
    let mut writer = arrow::json::WriterBuilder::new()
        .with_explicit_nulls(true)
        .build::<_, arrow::json::writer::LineDelimited>(to);
    writer.write(batch)?;
    let _: &mut LineDelimitedWriter<_> = &mut writer;
    Ok(writer.finish()?)
}

/// Parquet with the columns of a row group encoded side by side.
struct ParquetWriter {
    file: Option<SerializedFileWriter<File>>,
    factory: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
    waiting: Vec<RecordBatch>,
    waiting_rows: usize,
    groups: usize,
}

impl std::fmt::Debug for ParquetWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetWriter").field("groups", &self.groups).finish_non_exhaustive()
    }
}

impl ParquetWriter {
    fn new(file: File, schema: &SchemaRef) -> Result<Self> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .build();
        let writer = ArrowWriter::try_new(file, Arc::clone(schema), Some(properties))?;
        let (file, factory) = writer.into_serialized_writer()?;
        Ok(Self {
            file: Some(file),
            factory,
            schema: Arc::clone(schema),
            waiting: Vec::new(),
            waiting_rows: 0,
            groups: 0,
        })
    }

    fn write(&mut self, batch: &RecordBatch, pool: &ThreadPool) -> Result<()> {
        self.waiting_rows += batch.num_rows();
        self.waiting.push(batch.clone());
        if self.waiting_rows >= ROW_GROUP_ROWS {
            self.write_group(pool)?;
        }
        Ok(())
    }

    fn write_group(&mut self, pool: &ThreadPool) -> Result<()> {
        let batches = std::mem::take(&mut self.waiting);
        self.waiting_rows = 0;
        if batches.is_empty() {
            return Ok(());
        }
        let mut columns = Vec::new();
        for (at, field) in self.schema.fields().iter().enumerate() {
            let mut leaves = Vec::new();
            for batch in &batches {
                leaves.push(compute_leaves(field, batch.column(at))?);
            }
            // A nested column has a writer a leaf; turn batches of leaves into leaves of batches.
            let width = leaves.first().map_or(0, Vec::len);
            let mut sorted: Vec<Vec<_>> = (0..width).map(|_| Vec::with_capacity(leaves.len())).collect();
            for batch in leaves {
                for (leaf, values) in batch.into_iter().enumerate() {
                    sorted[leaf].push(values);
                }
            }
            columns.extend(sorted);
        }
        let writers = self.factory.create_column_writers(self.groups)?;
        let work: Vec<_> = writers.into_iter().zip(columns).collect();
        let chunks: Vec<ArrowColumnChunk> = pool.install(|| {
            work.into_par_iter()
                .with_max_len(1)
                .map(|(mut writer, leaves)| {
                    for leaf in &leaves {
                        writer.write(leaf)?;
                    }
                    writer.close()
                })
                .collect::<std::result::Result<_, parquet::errors::ParquetError>>()
        })?;
        let file = self.file.as_mut().ok_or_else(|| Error::Sink("the table is finished already".into()))?;
        let mut group = file.next_row_group()?;
        for chunk in chunks {
            chunk.append_to_row_group(&mut group)?;
        }
        group.close()?;
        self.groups += 1;
        Ok(())
    }

    fn finish(&mut self, pool: &ThreadPool) -> Result<()> {
        self.write_group(pool)?;
        if let Some(file) = self.file.take() {
            file.close()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Int64Array;
    use arrow::datatypes::{DataType, Field, Schema};

    fn batch(values: std::ops::Range<i64>) -> RecordBatch {
        let schema = Arc::new(Schema::new(vec![Field::new("ind", DataType::Int64, true)]));
        RecordBatch::try_new(schema, vec![Arc::new(Int64Array::from_iter_values(values))]).unwrap()
    }

    #[test]
    fn rows_taken_back_are_not_in_the_file() {
        let pool = crate::threads::pool(Some(2)).unwrap();
        let dir = tempfile::tempdir().unwrap();
        for (name, format) in [("t.parquet", Format::Parquet), ("t.ndjson", Format::Ndjson)] {
            let path = dir.path().join(name);
            let mut sink = TableSink::create(&path, format, batch(0..0).schema()).unwrap();
            sink.write(&batch(0..10), &pool).unwrap();
            sink.write(&batch(10..20), &pool).unwrap();
            for row in [12, 3] {
                sink.take_back(row);
            }
            assert_eq!(sink.finish(&pool).unwrap(), 18);
            assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
            let got = match format {
                Format::Parquet => {
                    let file = File::open(&path).unwrap();
                    let read = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
                    read.map(|batch| batch.unwrap().num_rows()).sum::<usize>()
                }
                Format::Ndjson => std::fs::read_to_string(&path).unwrap().lines().count(),
            };
            assert_eq!(got, 18);
            fs::remove_file(&path).unwrap();
        }
    }
}
