//! Frames whose columns are typed already: the same rules, by way of JSON.

use std::sync::{Arc, LazyLock};

use arrow::array::{Array, AsArray, RecordBatch, StructArray, TimestampMicrosecondArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef, Float64Type};
use arrow::error::ArrowError;
use arrow::json::writer::{
    Encoder, EncoderFactory, EncoderOptions, LineDelimited, NullableEncoder, WriterBuilder, make_encoder,
};

use super::cleaner::Cleaner;
use crate::error::Result;
use crate::kind::{Kind, Rule};
use crate::parse::{ChunkBuffer, Form, Positions, float_text};

/// Cleans a batch of raw columns (`index`, `title`, … or `ind`, `age`, …) by the kind's rules.
///
/// Each row is written as a JSON record first, so a typed frame and the payloads it was read from
/// give the same rows. JSON has no NaN and no infinity: they become the strings `"NaN"`,
/// `"Infinity"` and `"-Infinity"`, which no rule for numbers takes. Columns `_source` and
/// `_arrived_at` are taken as positions, if there.
///
/// # Errors
/// As [`Cleaner::clean`], and [`crate::Error::Arrow`] for a column type that JSON has no form for.
pub fn clean_columns(cleaner: &mut Cleaner, batch: &RecordBatch) -> Result<Vec<RecordBatch>> {
    let positions = positions(batch);
    let raw: Vec<usize> = batch
        .schema()
        .fields()
        .iter()
        .enumerate()
        .filter(|(_, field)| !matches!(field.name().as_str(), "_source" | "_arrived_at"))
        .map(|(at, _)| at)
        .collect();
    let mut lines = Vec::new();
    let spelling = Arc::new(Spelling::new(cleaner.kind()));
    let mut writer =
        WriterBuilder::new().with_encoder_factory(spelling).build::<_, LineDelimited>(&mut lines);
    writer.write(&batch.project(&raw)?)?;
    writer.finish()?;
    let mut chunk = ChunkBuffer::default();
    for (row, line) in lines.split(|&byte| byte == b'\n').take(batch.num_rows()).enumerate() {
        chunk.push(line, Form::Message, 0, 0, row as u64);
    }
    if let Some(positions) = positions {
        chunk.positions = positions;
    }
    cleaner.clean_all(chunk.as_chunk())
}

fn positions(batch: &RecordBatch) -> Option<Positions> {
    let source = batch.column_by_name("_source")?;
    let arrived = batch
        .column_by_name("_arrived_at")
        .and_then(|times| times.as_any().downcast_ref::<TimestampMicrosecondArray>());
    Some(Positions::Given {
        source: source.as_any().downcast_ref::<StructArray>()?.clone(),
        arrived_at: arrived.cloned(),
    })
}

/// Writes floats that JSON has no number for as strings; arrow's writer makes null of them, and a
/// bad value would be lost without a word.
#[derive(Debug)]
struct Spelling {
    /// Raw fields that should be text: there the string would pass for a value, so null it stays.
    texts: Vec<String>,
}

impl Spelling {
    fn new(kind: &Kind) -> Self {
        let text = |rule: &Rule| matches!(rule, Rule::Text | Rule::Prefix(_) | Rule::Joined(_));
        let texts = kind.columns.iter().filter(|column| text(&column.rule));
        Self { texts: texts.flat_map(|column| column.fields.iter().cloned()).collect() }
    }
}

impl EncoderFactory for Spelling {
    fn make_default_encoder<'a>(
        &self,
        field: &'a FieldRef,
        array: &'a dyn Array,
        _options: &'a EncoderOptions,
    ) -> Result<Option<NullableEncoder<'a>>, ArrowError> {
        /// Without this factory, which would be asked again.
        static PLAIN: LazyLock<EncoderOptions> = LazyLock::new(EncoderOptions::default);
        if !array.data_type().is_floating() || self.texts.contains(field.name()) {
            return Ok(None);
        }
        let values = cast(array, &DataType::Float64)?;
        let values = values.as_primitive::<Float64Type>();
        if values.iter().flatten().all(f64::is_finite) {
            return Ok(None);
        }
        let encoder = Spelled {
            names: values.iter().map(|value| value.and_then(float_text)).collect(),
            numbers: make_encoder(field, array, &PLAIN)?,
        };
        Ok(Some(NullableEncoder::new(Box::new(encoder), array.nulls().cloned())))
    }
}

/// A float column with at least one value that is no JSON number.
struct Spelled<'a> {
    /// What stands for such a value, a row each.
    names: Vec<Option<&'static str>>,
    numbers: NullableEncoder<'a>,
}

impl Encoder for Spelled<'_> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        match self.names.get(row).copied().flatten() {
            Some(name) => out.extend_from_slice(name.as_bytes()),
            None => self.numbers.encode(row, out),
        }
    }
}
