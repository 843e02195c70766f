//! The columns beside the clean ones: position, verdict, content, receipts.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryBuilder, Decimal128Array, Int32Array, Int64Array, ListArray, RecordBatch,
    StringArray, StructArray, TimestampMicrosecondArray, UInt32Array, new_null_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::take;

use super::builder::{Input, TextBuilder};
use super::problem::Problems;
use crate::error::{Error, Result};
use crate::kind::Kind;
use crate::parse::{
    Chunk, KEPT_OF_TOO_LARGE, Layout, Origin, Positions, RejectCode, Span, Tag, fault, unescape,
};
use crate::schema::{
    Frame, Type, error_fields, list_item, receipt_fields, reject_fields, source_fields, struct_fields,
};

/// What a task read of one contiguous extent: the books start here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The `name` of the records' `_source`.
    pub source: String,
    /// The `part` of the records' `_source`.
    pub part: String,
    /// First offset read, or first byte of a file's range.
    pub first: i64,
    /// Last offset read, or last byte of a file's range.
    pub last: i64,
    /// Objects or files.
    pub objects: i64,
    /// Lines.
    pub lines: i64,
    /// Records, rejected ones included.
    pub records: i64,
    /// Bytes of the records.
    pub bytes: i64,
    /// Sum of the records' `_hash`.
    pub hash: i128,
}

/// A batch of receipt rows in the columns of [`Frame::Run`].
///
/// # Errors
/// [`Error::Arrow`] if the batch cannot be built.
pub fn receipt_batch(kind: &Kind, receipts: &[Receipt]) -> Result<RecordBatch> {
    let schema = Frame::Run.schema(kind);
    let mut columns: Vec<ArrayRef> =
        schema.fields().iter().map(|field| new_null_array(field.data_type(), receipts.len())).collect();
    let text = |get: fn(&Receipt) -> &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(receipts.iter().map(get)))
    };
    let long = |get: fn(&Receipt) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(receipts.iter().map(get)))
    };
    let hash = Decimal128Array::from_iter_values(receipts.iter().map(|receipt| receipt.hash));
    let receipt = StructArray::try_new(
        struct_fields(&receipt_fields()),
        vec![
            text(|receipt| &receipt.source),
            text(|receipt| &receipt.part),
            long(|receipt| receipt.first),
            long(|receipt| receipt.last),
            long(|receipt| receipt.objects),
            long(|receipt| receipt.lines),
            long(|receipt| receipt.records),
            long(|receipt| receipt.bytes),
            Arc::new(hash.with_precision_and_scale(38, 0)?),
        ],
        None,
    )?;
    columns.pop();
    columns.push(Arc::new(receipt));
    Ok(RecordBatch::try_new(schema, columns)?)
}

/// `_source`: a record's position.
pub(crate) fn source(input: &Input<'_>, chunk: Chunk<'_>) -> Result<ArrayRef> {
    let rows = input.records.rows();
    let items =
        Int32Array::from_iter_values(rows.iter().map(|row| i32::try_from(row.item).unwrap_or(i32::MAX)));
    let mut columns: Vec<ArrayRef> = match chunk.positions {
        Positions::Log { origins, at } => {
            let place = |payload: u32| {
                let (origin, seq) = at.get(payload as usize).copied().unwrap_or_default();
                (origins.get(origin as usize), seq)
            };
            let mut epochs = Vec::with_capacity(rows.len());
            let (mut names, mut parts) = (TextBuilder::new(rows.len(), 0), TextBuilder::new(rows.len(), 0));
            let mut seqs = TextBuilder::new(rows.len(), rows.len() * SEQ_DIGITS);
            for row in rows {
                let (origin, seq) = place(row.payload);
                epochs.push(origin.map_or(0, |origin| origin.epoch));
                names.push(origin.map_or(&[], |origin| origin.name.as_bytes()));
                parts.push(origin.map_or(&[], |origin| origin.part.as_bytes()));
                push_padded(seq, seqs.values());
                seqs.end(true);
            }
            vec![
                Arc::new(Int32Array::from(epochs)),
                names.finish_ref()?,
                parts.finish_ref()?,
                seqs.finish_ref()?,
            ]
        }
        Positions::Given { source, .. } => {
            let payloads = payload_index(input);
            source
                .columns()
                .iter()
                .take(4)
                .map(|column| take(column, &payloads, None))
                .collect::<std::result::Result<_, _>>()?
        }
    };
    columns.push(Arc::new(items));
    let source = StructArray::try_new(struct_fields(&source_fields()), columns, None)?;
    Ok(Arc::new(source))
}

fn payload_index(input: &Input<'_>) -> UInt32Array {
    UInt32Array::from_iter_values(input.records.rows().iter().map(|row| row.payload))
}

/// Digits of an offset in a position: Spark compares text, so zeros stand in front.
const SEQ_DIGITS: usize = 20;

fn push_padded(value: u64, out: &mut Vec<u8>) {
    let mut digits = [b'0'; SEQ_DIGITS];
    let mut value = value;
    for digit in digits.iter_mut().rev() {
        // The remainder is below 10.
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
    out.extend_from_slice(&digits);
}

/// `_arrived_at`: the time of the broker or the object, µs UTC.
pub(crate) fn arrived_at(input: &Input<'_>, chunk: Chunk<'_>) -> Result<ArrayRef> {
    let rows = input.records.rows();
    let times: TimestampMicrosecondArray = match chunk.positions {
        Positions::Log { origins, at } => rows
            .iter()
            .map(|row| {
                let (origin, _) = at.get(row.payload as usize)?;
                origins.get(*origin as usize).and_then(|origin: &Origin| origin.arrived_at)
            })
            .collect(),
        Positions::Given { arrived_at: None, .. } => std::iter::repeat_n(None, rows.len()).collect(),
        Positions::Given { arrived_at: Some(times), .. } => {
            let taken = take(times, &payload_index(input), None)?;
            let times = taken.as_any().downcast_ref::<TimestampMicrosecondArray>().cloned();
            times.ok_or_else(|| Error::Schema("_arrived_at is no timestamp in microseconds".into()))?
        }
    };
    Ok(Arc::new(times.with_timezone("UTC")))
}

/// A time that all rows share, µs UTC.
pub(crate) fn instant(rows: usize, micros: Option<i64>) -> ArrayRef {
    let times: TimestampMicrosecondArray = std::iter::repeat_n(micros, rows).collect();
    Arc::new(times.with_timezone("UTC"))
}

/// A text that all rows share.
pub(crate) fn constant(rows: usize, text: Option<&str>) -> ArrayRef {
    Arc::new(std::iter::repeat_n(text, rows).collect::<StringArray>())
}

/// `_hash`: xxh3-64 of the record's bytes as they came.
pub(crate) fn hashes(input: &Input<'_>, chunk: Chunk<'_>) -> Vec<i64> {
    let hash = |row: &crate::parse::Record| {
        if let Some(refusal) = refusal(chunk, row.payload) {
            return refusal.hash.cast_signed();
        }
        let bytes = input.bytes.get(row.start as usize..row.end as usize).unwrap_or_default();
        xxhash_rust::xxh3::xxh3_64(bytes).cast_signed()
    };
    input.records.rows().iter().map(hash).collect()
}

fn refusal(chunk: Chunk<'_>, payload: u32) -> Option<&crate::parse::Refusal> {
    match chunk.payloads.get(payload as usize)?.form {
        crate::parse::Form::Refused(at) => chunk.refusals.get(at as usize),
        _ => None,
    }
}

/// `_errors`: null in a rejected row, else a list, mostly empty.
pub(crate) fn errors(input: &Input<'_>, problems: &Problems<'_>) -> Result<ArrayRef> {
    let rows = input.records.rows();
    let mut lengths = vec![0_usize; rows.len()];
    let (mut columns, mut codes, mut values) =
        (TextBuilder::new(0, 0), TextBuilder::new(0, 0), TextBuilder::new(0, 0));
    for problem in &problems.list {
        if rows[problem.row as usize].reject.is_some() {
            continue;
        }
        lengths[problem.row as usize] += 1;
        columns.push(problem.column.as_bytes());
        codes.push(problem.code.as_str().as_bytes());
        values.push(problem.value.as_bytes());
    }
    let item = Type::Struct(error_fields());
    let entries = StructArray::try_new(
        struct_fields(&error_fields()),
        vec![columns.finish_ref()?, codes.finish_ref()?, values.finish_ref()?],
        None,
    )?;
    let list = ListArray::try_new(
        list_item(&item),
        OffsetBuffer::from_lengths(lengths),
        Arc::new(entries),
        accepted(input),
    )?;
    Ok(Arc::new(list))
}

/// Which rows are accepted; `None` if all are.
pub(crate) fn accepted(input: &Input<'_>) -> Option<NullBuffer> {
    let nulls = NullBuffer::from_iter(input.records.rows().iter().map(|row| row.reject.is_none()));
    (nulls.null_count() > 0).then_some(nulls)
}

/// `_rescued_data`: the fields that the plan does not know, as canonical JSON.
pub(crate) fn rescued(input: &Input<'_>, layout: &Layout) -> Result<ArrayRef> {
    let mut out = TextBuilder::new(input.len(), 0);
    let mut extras = input.records.extras.as_slice();
    for (index, row) in input.records.rows().iter().enumerate() {
        let count = extras.iter().take_while(|extra| extra.row as usize == index).count();
        let (own, rest) = extras.split_at(count);
        extras = rest;
        if own.is_empty() || row.reject.is_some() {
            out.null();
            continue;
        }
        let members: Vec<(Cow<'_, [u8]>, Span)> = own
            .iter()
            .map(|extra| match extra.key.tag {
                Tag::Absent => (Cow::Borrowed(layout.name(extra.key.start as usize)), extra.value),
                _ => (unescape(extra.key.of(input.bytes)), extra.value),
            })
            .collect();
        crate::parse::push_members(input.bytes, members, out.values());
        out.end(true);
    }
    out.finish_ref()
}

/// `_reject`: null in an accepted row.
pub(crate) fn rejects(input: &Input<'_>, chunk: Chunk<'_>, problems: &Problems<'_>) -> Result<ArrayRef> {
    let rows = input.records.rows();
    let fields = struct_fields(&reject_fields());
    if rows.iter().all(|row| row.reject.is_none()) {
        return Ok(Arc::new(StructArray::new_null(fields, rows.len())));
    }
    let (mut codes, mut details) = (TextBuilder::new(rows.len(), 0), TextBuilder::new(rows.len(), 0));
    let mut payloads = BinaryBuilder::new();
    for (index, row) in rows.iter().enumerate() {
        let Some(code) = row.reject else {
            codes.null();
            details.null();
            payloads.append_null();
            continue;
        };
        codes.push(code.as_str().as_bytes());
        let bytes = input.bytes.get(row.start as usize..row.end as usize).unwrap_or_default();
        let refused = refusal(chunk, row.payload);
        match (refused, code) {
            (Some(refusal), _) => details.push(refusal.detail.as_bytes()),
            (None, RejectCode::TooLarge) => details.push(too_large_detail(bytes).as_bytes()),
            (None, RejectCode::InvalidField) => details.push(field_detail(problems, index).as_bytes()),
            _ => details.null(),
        }
        let null = chunk
            .payloads
            .get(row.payload as usize)
            .is_some_and(|payload| payload.form == crate::parse::Form::Null);
        match code {
            _ if null => payloads.append_null(),
            RejectCode::TooLarge => payloads.append_value(&bytes[..bytes.len().min(KEPT_OF_TOO_LARGE)]),
            _ => payloads.append_value(bytes),
        }
    }
    let reject = StructArray::try_new(
        fields,
        vec![codes.finish_ref()?, details.finish_ref()?, Arc::new(payloads.finish())],
        accepted(input).map(|accepted| NullBuffer::from(!accepted.inner())),
    )?;
    Ok(Arc::new(reject))
}

/// The detail of a `too_large` stretch, of which quarantine keeps only the start.
#[must_use]
pub fn too_large_detail(bytes: &[u8]) -> String {
    let kept = &bytes[..bytes.len().min(KEPT_OF_TOO_LARGE)];
    too_large_text(bytes.len() as u64, xxhash_rust::xxh3::xxh3_128(bytes), fault(kept))
}

/// The detail of a `too_large` stretch whose length and xxh3-128 are known. A payload's rest is often
/// large only because a small record in front of it is broken: if what is kept shows a fault, the
/// detail says which and where, counted from the payload's first byte.
#[must_use]
pub fn too_large_text(bytes: u64, hash: u128, fault: Option<(RejectCode, usize)>) -> String {
    let cause = fault.map(|(code, at)| format!(r#","cause":"{}","at":{at}"#, code.as_str()));
    format!(r#"{{"bytes":{bytes},"xxh3_128":"{hash:032x}"{}}}"#, cause.unwrap_or_default())
}

/// The `_errors` of a row that `invalid="quarantine"` rejects, as JSON.
fn field_detail(problems: &Problems<'_>, row: usize) -> String {
    let entries: Vec<serde_json::Value> = problems
        .list
        .iter()
        .filter(|problem| problem.row as usize == row)
        .map(|problem| {
            serde_json::json!({"column": problem.column, "code": problem.code.as_str(), "value": problem.value})
        })
        .collect();
    serde_json::Value::from(entries).to_string()
}
