//! Values of a row as the text that the same table has as CSV.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mysql_async::consts::ColumnType;
use mysql_async::{Column, Value};

/// The number of the character set of bytes that are no text.
const BINARY: u16 = 63;

/// What a column holds, as far as its values do not say so themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A day without a time.
    Day,
    /// Bits: a number.
    Bits,
    /// Bytes that are no text.
    Bytes,
    /// Anything else.
    Plain,
}

impl Form {
    pub(super) fn of(column: &Column) -> Self {
        let binary = column.character_set() == BINARY;
        match column.column_type() {
            ColumnType::MYSQL_TYPE_DATE | ColumnType::MYSQL_TYPE_NEWDATE => Self::Day,
            ColumnType::MYSQL_TYPE_BIT => Self::Bits,
            ColumnType::MYSQL_TYPE_GEOMETRY => Self::Bytes,
            ColumnType::MYSQL_TYPE_TINY_BLOB
            | ColumnType::MYSQL_TYPE_MEDIUM_BLOB
            | ColumnType::MYSQL_TYPE_LONG_BLOB
            | ColumnType::MYSQL_TYPE_BLOB
            | ColumnType::MYSQL_TYPE_VAR_STRING
            | ColumnType::MYSQL_TYPE_STRING
            | ColumnType::MYSQL_TYPE_VARCHAR
                if binary =>
            {
                Self::Bytes
            }
            _ => Self::Plain,
        }
    }

    /// A value's text; `None` for NULL.
    ///
    /// Floats are the shortest digits that give the same number back, with `.0` where they are whole;
    /// datetimes `YYYY-MM-DD HH:MM:SS`, with six digits more where there is a fraction; bits a number;
    /// bytes that are no text base64; decimals, JSON, ENUM and SET as the server writes them.
    pub(super) fn text(self, value: Value) -> Option<Vec<u8>> {
        Some(match value {
            Value::NULL => return None,
            Value::Bytes(bytes) => match self {
                Self::Bits => bits(&bytes).into_bytes(),
                Self::Bytes => STANDARD.encode(bytes).into_bytes(),
                Self::Day | Self::Plain => bytes,
            },
            Value::Int(number) => number.to_string().into_bytes(),
            Value::UInt(number) => number.to_string().into_bytes(),
            Value::Float(number) => serde_json::to_vec(&number).unwrap_or_default(),
            Value::Double(number) => serde_json::to_vec(&number).unwrap_or_default(),
            Value::Date(year, month, day, hour, minute, second, micros) => {
                let mut text = format!("{year:04}-{month:02}-{day:02}");
                if self != Self::Day {
                    let _ = write!(text, " {hour:02}:{minute:02}:{second:02}");
                    fraction(micros, &mut text);
                }
                text.into_bytes()
            }
            Value::Time(negative, days, hours, minute, second, micros) => {
                let sign = if negative { "-" } else { "" };
                let hours = u64::from(days) * 24 + u64::from(hours);
                let mut text = format!("{sign}{hours:02}:{minute:02}:{second:02}");
                fraction(micros, &mut text);
                text.into_bytes()
            }
        })
    }
}

fn fraction(micros: u32, text: &mut String) {
    if micros > 0 {
        // Writing to a String cannot fail.
        let _ = write!(text, ".{micros:06}");
    }
}

/// At most 64 of them, the highest first.
fn bits(bytes: &[u8]) -> String {
    bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_in_csv() {
        for (form, value, wanted) in [
            (Form::Plain, Value::Int(-7), "-7"),
            (Form::Plain, Value::UInt(u64::MAX), "18446744073709551615"),
            (Form::Plain, Value::Double(-88.8298), "-88.8298"),
            (Form::Plain, Value::Double(2.0), "2.0"),
            (Form::Plain, Value::Double(0.1 + 0.2), "0.30000000000000004"),
            (Form::Plain, Value::Float(0.1), "0.1"),
            (Form::Plain, Value::Bytes(b"12.50".to_vec()), "12.50"),
            (Form::Plain, Value::Bytes("é\"\n".into()), "é\"\n"),
            (Form::Plain, Value::Date(2019, 11, 9, 7, 5, 3, 0), "2019-11-09 07:05:03"),
            (Form::Plain, Value::Date(2019, 11, 9, 0, 0, 0, 40), "2019-11-09 00:00:00.000040"),
            (Form::Plain, Value::Date(0, 0, 0, 0, 0, 0, 0), "0000-00-00 00:00:00"),
            (Form::Day, Value::Date(2019, 11, 9, 0, 0, 0, 0), "2019-11-09"),
            (Form::Plain, Value::Time(true, 1, 2, 3, 4, 0), "-26:03:04"),
            (Form::Bits, Value::Bytes(vec![1]), "1"),
            (Form::Bits, Value::Bytes(vec![1, 0]), "256"),
            (Form::Bytes, Value::Bytes(vec![0xff, 0]), "/wA="),
        ] {
            assert_eq!(String::from_utf8(form.text(value).unwrap()).unwrap(), wanted);
        }
        assert_eq!(Form::Plain.text(Value::NULL), None);
    }
}
