//! Finding the byte that ends a run of plain string bytes.

/// Index of the first `"`, `\` or control byte (below 0x20) at or behind `at`, or the length.
#[inline]
#[must_use]
pub(crate) fn string_stop(bytes: &[u8], at: usize) -> usize {
    let mut at = at;
    while let Some(block) = bytes.get(at..at + LANES) {
        let hits = stops(block);
        if hits != 0 {
            return at + hits.trailing_zeros() as usize;
        }
        at += LANES;
    }
    while at < bytes.len() && !is_stop(bytes[at]) {
        at += 1;
    }
    at
}

#[inline]
const fn is_stop(byte: u8) -> bool {
    byte == b'"' || byte == b'\\' || byte < 0x20
}

/// Bytes looked at in one step.
const LANES: usize = 16;

/// A bit for every byte of a block of [`LANES`] that stops a string.
#[cfg(target_arch = "x86_64")]
#[inline]
#[allow(unsafe_code, reason = "SSE2 is part of every x86-64; there is no safe movemask in std")]
fn stops(block: &[u8]) -> u32 {
    use std::arch::x86_64::{
        _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set1_epi8,
    };
    debug_assert_eq!(block.len(), LANES);
    // SAFETY: the block has 16 bytes, the load needs no alignment, and SSE2 is always there.
    unsafe {
        let lanes = _mm_loadu_si128(block.as_ptr().cast());
        let quote = _mm_cmpeq_epi8(lanes, _mm_set1_epi8(b'"'.cast_signed()));
        let slash = _mm_cmpeq_epi8(lanes, _mm_set1_epi8(b'\\'.cast_signed()));
        let control = _mm_cmpeq_epi8(_mm_min_epu8(lanes, _mm_set1_epi8(0x1f)), lanes);
        _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, slash), control)).cast_unsigned()
    }
}

/// A bit for every byte of a block of [`LANES`] that stops a string.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn stops(block: &[u8]) -> u32 {
    block.iter().enumerate().fold(0, |hits, (lane, &byte)| hits | (u32::from(is_stop(byte)) << lane))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_at_every_place_stops_or_not() {
        for byte in 0..=255_u8 {
            for at in 0..40 {
                let mut bytes = vec![b'x'; 40];
                bytes[at] = byte;
                let want = if is_stop(byte) { at } else { 40 };
                assert_eq!(string_stop(&bytes, 0), want, "byte {byte} at {at}");
            }
        }
    }
}
