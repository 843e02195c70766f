//! Numbers and texts of frames: LEB128 varints, zigzag differences.

/// Appends a number, seven bits a byte.
pub(super) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends how far a number is from the one before, in either direction.
pub(super) fn put_step(out: &mut Vec<u8>, before: u64, value: u64) {
    let step = value.wrapping_sub(before).cast_signed();
    put(out, ((step << 1) ^ (step >> 63)).cast_unsigned());
}

/// Appends a text with its length in front.
pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    put(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// Reads a payload from its front; every method is `None` where it ends early or makes no sense.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub(super) fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return None;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    pub(super) fn step(&mut self, before: u64) -> Option<u64> {
        let value = self.number()?;
        let step = (value >> 1).cast_signed() ^ -(value & 1).cast_signed();
        Some(before.wrapping_add(step.cast_unsigned()))
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.number()?).ok()?;
        std::str::from_utf8(self.bytes(length)?).ok()
    }

    pub(super) fn is_done(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_steps_and_texts_come_back(a: u64, b: u64, text in ".*") {
            let mut out = Vec::new();
            put(&mut out, a);
            put_step(&mut out, a, b);
            put_text(&mut out, &text);
            let mut cursor = Cursor(&out);
            prop_assert_eq!(cursor.number(), Some(a));
            prop_assert_eq!(cursor.step(a), Some(b));
            prop_assert_eq!(cursor.text(), Some(&*text));
            prop_assert!(cursor.is_done());
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            let mut cursor = Cursor(&bytes);
            while cursor.number().is_some() {}
            let mut cursor = Cursor(&bytes);
            while cursor.text().is_some_and(|text| !text.is_empty()) {}
        }
    }
}
