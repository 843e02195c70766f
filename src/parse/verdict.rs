//! What a record that parsed is: a row with its key, or a reject, tested in the contract's order.

use super::code::RejectCode;
use super::layout::Layout;
use super::record::Extra;
use super::records::Records;
use super::scan::{Span, Tag};
use super::text::unescape;

impl Records {
    /// The key of record `row`, whose fields lie in `bytes`, or why it is no row. Fields that a
    /// preferred key name beats become extras.
    pub(super) fn verdict(&mut self, layout: &Layout, bytes: &[u8], row: usize) -> Result<i64, RejectCode> {
        let slots = &self.slots[row * self.width..];
        let (keys, fields) = slots.split_at(layout.keys());
        let mut found = keys.iter().enumerate().filter(|(_, span)| span.tag != Tag::Absent);
        let Some((slot, &key)) = found.next() else {
            return Err(if self.is_wrapped(bytes, row) {
                RejectCode::WrappedRecord
            } else {
                RejectCode::MissingKey
            });
        };
        let losers: Vec<(usize, Span)> = found.map(|(slot, &span)| (slot, span)).collect();
        if key.tag == Tag::Object && losers.is_empty() {
            // `index` and `ind` are wrappers' names too; a kind's own name is not.
            if crate::kind::KEY_NAMES.iter().any(|name| name.as_bytes() == layout.name(slot)) {
                return Err(RejectCode::WrappedRecord);
            }
        }
        let value = match key.tag {
            Tag::Null => return Err(RejectCode::MissingKey),
            Tag::Integer => crate::clean::whole_number(key.of(bytes)),
            Tag::Text => crate::clean::digits(key.of(bytes)),
            Tag::Escaped => crate::clean::digits(&unescape(key.of(bytes))),
            _ => None,
        };
        let value = value.ok_or(RejectCode::InvalidKey)?;
        if fields.iter().all(|span| span.tag == Tag::Absent) && self.is_foreign(layout, bytes, row) {
            return Err(RejectCode::ForeignRecord);
        }
        for (slot, value) in losers {
            #[allow(clippy::cast_possible_truncation, reason = "slots are a plan's fields, rows a batch's")]
            let (row, slot) = (row as u32, slot as u32);
            let key = Span { start: slot, end: slot, tag: Tag::Absent };
            self.extras.push(Extra { row, key, value });
        }
        Ok(value)
    }

    /// Extras of record `row`, which was read last, from the last.
    fn last_extras(&self, row: usize) -> impl Iterator<Item = &Extra> {
        self.extras.iter().rev().take_while(move |extra| extra.row as usize == row)
    }

    /// Whether a record without key sits in a known wrapper.
    fn is_wrapped(&self, bytes: &[u8], row: usize) -> bool {
        // Walked from the last: of a repeated key the last counts.
        let last = |name: &[u8]| {
            self.last_extras(row)
                .find(|extra| *unescape(extra.key.of(bytes)) == *name)
                .map(|extra| extra.value.tag)
        };
        last(b"records") == Some(Tag::Array) || last(b"value") == Some(Tag::Object)
    }

    fn is_foreign(&self, layout: &Layout, bytes: &[u8], row: usize) -> bool {
        self.last_extras(row).any(|extra| layout.is_foreign(&unescape(extra.key.of(bytes))))
    }
}
