//! One raw field of all records: the loop that rules for single values share.

use std::sync::Arc;

use arrow::array::{ArrayRef, ArrowPrimitiveType, PrimitiveBuilder};

use super::builder::{Input, TextBuilder};
use super::placeholder::Placeholders;
use super::problem::{ErrorCode, Problems};
use crate::parse::{Span, Tag};

/// A raw field, as a rule sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a, 'k> {
    pub(crate) input: &'a Input<'a>,
    pub(crate) slot: usize,
    /// Its name, for `_errors`.
    pub(crate) name: &'k str,
    /// Texts that stand for nothing.
    pub(crate) placeholders: &'a Placeholders,
}

impl<'a, 'k> Field<'a, 'k> {
    /// Its spans, a record each.
    pub(crate) fn spans(&self) -> impl Iterator<Item = (usize, Span)> + use<'a> {
        self.input.column(self.slot)
    }

    /// A builder with room for all its texts: growing would copy them.
    pub(crate) fn text_builder(&self) -> TextBuilder {
        let texts = self.spans().filter(|(_, span)| matches!(span.tag, Tag::Text | Tag::Escaped));
        TextBuilder::new(self.input.len(), texts.map(|(_, span)| (span.end - span.start) as usize).sum())
    }

    /// A column of what `read` makes of each value: of a string's text, or of any other value as it
    /// is written. What is absent, null or a placeholder is null; what `read` refuses is null and
    /// noted with its code.
    pub(crate) fn values<T: ArrowPrimitiveType>(
        &self,
        problems: &mut Problems<'k>,
        read: impl Fn(Tag, &[u8]) -> Result<T::Native, ErrorCode>,
    ) -> ArrayRef {
        let mut out = PrimitiveBuilder::<T>::with_capacity(self.input.len());
        let mut scratch = Vec::new();
        for (row, span) in self.spans() {
            let value = match span.tag {
                Tag::Absent | Tag::Null => None,
                Tag::Text | Tag::Escaped => match self.input.text(span, &mut scratch) {
                    text if self.placeholders.matches(text) => None,
                    text => Some(read(Tag::Text, text)),
                },
                tag => Some(read(tag, span.of(self.input.bytes))),
            };
            if let Some(Err(code)) = value {
                problems.push(self.input, row, self.name, code, span);
            }
            out.append_option(value.and_then(Result::ok));
        }
        Arc::new(out.finish())
    }
}
