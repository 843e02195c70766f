//! Types: the only place that knows how a rule's column looks in Arrow and in Spark SQL.
//!
//! Both sides come from the same list of [`Type`]s, because Spark binds Arrow output by position
//! and without a cast. Only types that every Spark from 3.5 on takes are used: no views, no
//! dictionaries, no large lists, no other time unit than microseconds.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

use crate::error::{Error, Result};
use crate::kind::{KEY_COLUMN, Kind, Rule};

/// A column type that both Arrow and Spark SQL know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// Boolean / BOOLEAN.
    Boolean,
    /// Int32 / INT.
    Int,
    /// Int64 / BIGINT.
    Long,
    /// Float64 / DOUBLE.
    Double,
    /// Utf8 / STRING.
    Text,
    /// Binary / BINARY.
    Binary,
    /// Timestamp(µs, UTC) / TIMESTAMP.
    Instant,
    /// Timestamp(µs) / `TIMESTAMP_NTZ`.
    DateTime,
    /// Decimal128(38, 0) / DECIMAL(38,0).
    Decimal,
    /// List / ARRAY.
    List(Box<Type>),
    /// Struct / STRUCT.
    Struct(Vec<(&'static str, Type)>),
}

impl Type {
    /// The Arrow type.
    #[must_use]
    pub fn arrow(&self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Int => DataType::Int32,
            Self::Long => DataType::Int64,
            Self::Double => DataType::Float64,
            Self::Text => DataType::Utf8,
            Self::Binary => DataType::Binary,
            Self::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::DateTime => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Decimal => DataType::Decimal128(38, 0),
            Self::List(item) => DataType::List(list_item(item)),
            Self::Struct(fields) => DataType::Struct(struct_fields(fields)),
        }
    }

    /// The Spark SQL type.
    #[must_use]
    pub fn sql(&self) -> String {
        match self {
            Self::Boolean => "BOOLEAN".into(),
            Self::Int => "INT".into(),
            Self::Long => "BIGINT".into(),
            Self::Double => "DOUBLE".into(),
            Self::Text => "STRING".into(),
            Self::Binary => "BINARY".into(),
            Self::Instant => "TIMESTAMP".into(),
            Self::DateTime => "TIMESTAMP_NTZ".into(),
            Self::Decimal => "DECIMAL(38,0)".into(),
            Self::List(item) => format!("ARRAY<{}>", item.sql()),
            Self::Struct(fields) => {
                let inner: Vec<String> =
                    fields.iter().map(|(name, kind)| format!("`{name}`: {}", kind.sql())).collect();
                format!("STRUCT<{}>", inner.join(", "))
            }
        }
    }
}

/// The field of a list's items. Arrow's default name, which Spark ignores.
#[must_use]
pub fn list_item(item: &Type) -> Arc<Field> {
    Arc::new(Field::new("item", item.arrow(), true))
}

/// The fields of a struct column.
#[must_use]
pub fn struct_fields(fields: &[(&'static str, Type)]) -> Fields {
    fields.iter().map(|(name, kind)| Field::new(*name, kind.arrow(), true)).collect()
}

/// A column of a frame or a table: name, type and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: Type,
    /// What it holds.
    pub comment: String,
}

fn col(name: &str, kind: Type, comment: &str) -> Column {
    Column { name: name.into(), kind, comment: comment.into() }
}

/// The lists of columns that the pipeline's frames and tables have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    /// The clean columns alone.
    Clean,
    /// Clean columns and content: what dedup goes by where no positions are kept.
    Content,
    /// What `clean` returns: clean columns, position, content, verdict.
    Full,
    /// What `clean` returns inside a run: [`Frame::Full`] and receipts.
    Run,
    /// The silver table.
    Silver,
    /// The quarantine table.
    Quarantine,
}

impl Frame {
    /// The frame of a name, as the Python side spells it.
    ///
    /// # Errors
    /// [`Error::Config`] for another name.
    pub fn of(name: &str) -> Result<Self> {
        Ok(match name {
            "clean" => Self::Clean,
            "frame" => Self::Full,
            "run" => Self::Run,
            "silver" => Self::Silver,
            "quarantine" => Self::Quarantine,
            _ => return Err(Error::Config(format!("unknown frame {name:?}"))),
        })
    }

    /// The frame's columns for a kind, in order.
    #[must_use]
    pub fn columns(self, kind: &Kind) -> Vec<Column> {
        match self {
            Self::Clean => clean_columns(kind),
            Self::Content => {
                let mut columns = [clean_columns(kind), content_columns()].concat();
                columns.retain(|column| {
                    !matches!(column.name.as_str(), "_source" | "_arrived_at" | "_ingested_at")
                });
                columns
            }
            Self::Full => [clean_columns(kind), content_columns(), verdict_columns()].concat(),
            Self::Run => {
                let mut columns = Self::Full.columns(kind);
                columns.push(col("_receipt", receipt_type(), "What a task read"));
                columns
            }
            Self::Silver => {
                let mut columns = [clean_columns(kind), content_columns()].concat();
                let first = col("_first_run_id", Type::Text, "Run that inserted the row");
                columns.push(first);
                columns.push(run_id_column());
                columns
            }
            Self::Quarantine => quarantine_columns(),
        }
    }

    /// The frame's Arrow schema for a kind.
    #[must_use]
    pub fn schema(self, kind: &Kind) -> SchemaRef {
        let fields: Vec<Field> = self
            .columns(kind)
            .iter()
            .map(|column| Field::new(&column.name, column.kind.arrow(), true))
            .collect();
        Arc::new(Schema::new(fields))
    }

    /// The frame's columns as Spark DDL, names quoted, comments on request.
    #[must_use]
    pub fn ddl(self, kind: &Kind, comments: bool) -> String {
        let mut ddl = String::new();
        for column in self.columns(kind) {
            if !ddl.is_empty() {
                ddl.push_str(", ");
            }
            let _ = write!(ddl, "`{}` {}", column.name, column.kind.sql());
            if comments {
                let _ = write!(ddl, " COMMENT '{}'", sql_text(&column.comment));
            }
        }
        ddl
    }
}

/// Text inside a Spark SQL string literal.
fn sql_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'")
}

/// Type of the column a rule makes.
#[must_use]
pub fn rule_type(rule: &Rule) -> Type {
    match rule {
        Rule::Text | Rule::Prefix(_) | Rule::Joined(_) => Type::Text,
        Rule::Count => Type::Long,
        Rule::Integer(..) => Type::Int,
        Rule::Number(..) => Type::Double,
        Rule::Coordinates => Type::List(Box::new(Type::Double)),
        Rule::Timestamp => Type::DateTime,
        Rule::Boolean => Type::Boolean,
    }
}

fn clean_columns(kind: &Kind) -> Vec<Column> {
    let key = col(KEY_COLUMN, Type::Long, "Index that the pin, geo and user records of one post share");
    let rest = kind.columns.iter().map(|column| col(&column.name, rule_type(&column.rule), &column.comment));
    std::iter::once(key).chain(rest).collect()
}

/// `_errors`: one entry a bad field.
#[must_use]
pub fn error_fields() -> Vec<(&'static str, Type)> {
    vec![("column", Type::Text), ("code", Type::Text), ("value", Type::Text)]
}

/// `_source`: the record's position, one total order field by field.
#[must_use]
pub fn source_fields() -> Vec<(&'static str, Type)> {
    vec![
        ("epoch", Type::Int),
        ("name", Type::Text),
        ("part", Type::Text),
        ("seq", Type::Text),
        ("item", Type::Int),
    ]
}

/// `_reject`: why a record is no row.
#[must_use]
pub fn reject_fields() -> Vec<(&'static str, Type)> {
    vec![("code", Type::Text), ("detail", Type::Text), ("payload", Type::Binary)]
}

/// `_receipt`: what a task read of one contiguous extent.
#[must_use]
pub fn receipt_fields() -> Vec<(&'static str, Type)> {
    vec![
        ("source", Type::Text),
        ("part", Type::Text),
        ("first", Type::Long),
        ("last", Type::Long),
        ("objects", Type::Long),
        ("lines", Type::Long),
        ("records", Type::Long),
        ("bytes", Type::Long),
        ("hash", Type::Decimal),
    ]
}

fn receipt_type() -> Type {
    Type::Struct(receipt_fields())
}

fn source_column() -> Column {
    col("_source", Type::Struct(source_fields()), "Position of the record: the greatest one wins")
}

fn arrived_column() -> Column {
    col("_arrived_at", Type::Instant, "Time of the broker or object, if known")
}

fn ingested_column() -> Column {
    col("_ingested_at", Type::Instant, "Time of the run")
}

fn run_id_column() -> Column {
    col("_run_id", Type::Text, "Run that last wrote the row's content")
}

fn hash_column() -> Column {
    col("_hash", Type::Long, "xxh3-64 of the record's bytes")
}

fn content_columns() -> Vec<Column> {
    let errors = Type::List(Box::new(Type::Struct(error_fields())));
    vec![
        col("_errors", errors, "Fields that broke their rule, with code and raw value"),
        col("_rescued_data", Type::Text, "Unknown fields as JSON, keys sorted"),
        source_column(),
        col("_fingerprint", Type::Binary, "xxh3-128 of the row's content"),
        arrived_column(),
        ingested_column(),
    ]
}

fn verdict_columns() -> Vec<Column> {
    vec![
        run_id_column(),
        hash_column(),
        col("_reject", Type::Struct(reject_fields()), "Why the record is no row"),
    ]
}

fn quarantine_columns() -> Vec<Column> {
    vec![
        col("kind", Type::Text, "Kind the record was read as"),
        col("code", Type::Text, "Why it is here"),
        col("detail", Type::Text, "More about it, if there is more"),
        col("payload", Type::Binary, "The record's bytes as they came"),
        source_column(),
        arrived_column(),
        ingested_column(),
        run_id_column(),
        col("_replayed_run_id", Type::Text, "Run that fed it back, if one did"),
        hash_column(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ddl_names_the_silver_columns_in_order() {
        let geo = Kind::builtin("geo").unwrap();
        let ddl = Frame::Clean.ddl(&geo, false);
        assert_eq!(
            ddl,
            "`ind` BIGINT, `country` STRING, `coordinates` ARRAY<DOUBLE>, `timestamp` TIMESTAMP_NTZ"
        );
        assert!(Frame::Silver.ddl(&geo, true).contains("COMMENT 'Country name as posted'"));
    }

    #[test]
    fn every_frame_has_distinct_names() {
        let pin = Kind::builtin("pin").unwrap();
        for frame in [Frame::Clean, Frame::Full, Frame::Run, Frame::Silver, Frame::Quarantine] {
            let mut names: Vec<String> = frame.columns(&pin).into_iter().map(|column| column.name).collect();
            let all = names.len();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), all);
        }
    }
}
