//! Records of one writer look alike: the text between their values, kept from one to the next.

use super::record::Extra;
use super::scan::{Scanner, Span};

/// What the next record is expected to look like: the text between the values of the last one.
/// Records of one writer have the same keys in the same order, so comparing that text replaces
/// reading keys. Any difference sends the record the general way, with the same result.
#[derive(Debug, Default)]
pub(super) struct Template {
    known: bool,
    text: Vec<u8>,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy)]
struct Step {
    /// End of the literal in `text`; it starts where the one before ends.
    end: usize,
    /// Slot of the value behind it.
    slot: Option<usize>,
    /// Where in the literal the key's text stands, for fields that the plan does not know.
    key: Span,
}

impl Template {
    pub(super) const fn is_known(&self) -> bool {
        self.known
    }

    pub(super) fn forget(&mut self) {
        self.known = false;
        self.text.clear();
        self.steps.clear();
    }

    #[allow(clippy::cast_possible_truncation, reason = "literals lie within a chunk")]
    pub(super) fn push(&mut self, literal: &[u8], slot: Option<usize>, literal_at: usize, key: Span) {
        self.text.extend_from_slice(literal);
        self.steps.push(Step {
            end: self.text.len(),
            slot,
            key: Span {
                start: key.start - literal_at as u32,
                end: key.end - literal_at as u32,
                tag: key.tag,
            },
        });
    }

    pub(super) fn finish(&mut self, literal: &[u8], usable: bool) {
        self.text.extend_from_slice(literal);
        self.known = usable && !self.steps.is_empty();
    }

    /// Reads an object that looks as expected; false, with slots half filled, if it does not.
    #[inline]
    pub(super) fn read(
        &self,
        scanner: &mut Scanner<'_>,
        slots: &mut [Span],
        extras: &mut Vec<Extra>,
        row: u32,
    ) -> bool {
        let mut from = 0;
        for step in &self.steps {
            let at = scanner.at;
            if !scanner.take_all(&self.text[from..step.end]) {
                return false;
            }
            let Ok(value) = scanner.value() else {
                return false;
            };
            match step.slot {
                Some(slot) => slots[slot] = value,
                #[allow(clippy::cast_possible_truncation, reason = "a chunk has fewer than 2^32 bytes")]
                None => extras.push(Extra {
                    row,
                    key: Span {
                        start: at as u32 + step.key.start,
                        end: at as u32 + step.key.end,
                        tag: step.key.tag,
                    },
                    value,
                }),
            }
            from = step.end;
        }
        scanner.take_all(&self.text[from..])
    }
}
