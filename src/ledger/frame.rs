//! Frames: length, payload, checksum. What is committed at once is one frame, so that a crash can
//! tear the last one only.

use xxhash_rust::xxh3::xxh3_64;

/// A payload is no longer: a length beyond it is no length.
pub(super) const MAX_FRAME: usize = 64 << 20;

/// The length (u32) in front of a payload and the checksum of both (u64) behind it.
pub(super) const BEFORE: usize = 4;
pub(super) const BEHIND: usize = 8;

/// A payload as a frame.
pub(super) fn put(payload: &[u8]) -> Vec<u8> {
    debug_assert!(payload.len() <= MAX_FRAME, "a group is cut before it is so large");
    let mut out = Vec::with_capacity(BEFORE + payload.len() + BEHIND);
    #[allow(clippy::cast_possible_truncation, reason = "below MAX_FRAME")]
    out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    out.extend_from_slice(payload);
    let sum = xxh3_64(&out);
    out.extend_from_slice(&sum.to_le_bytes());
    out
}

/// The payload of the frame that begins at the front of `bytes`; None if no whole one does.
pub(super) fn take(bytes: &[u8]) -> Option<&[u8]> {
    let length = u32::from_le_bytes(*bytes.first_chunk()?) as usize;
    if length > MAX_FRAME {
        return None;
    }
    let (summed, behind) = bytes.split_at_checked(BEFORE + length)?;
    let sum = u64::from_le_bytes(*behind.first_chunk()?);
    (sum == xxh3_64(summed)).then(|| &summed[BEFORE..])
}

/// Whether a whole frame begins somewhere behind the front of `bytes`: then what stands before it is
/// damage, and no torn end.
pub(super) fn goes_on(bytes: &[u8]) -> bool {
    (1..bytes.len()).any(|at| take(&bytes[at..]).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_back_and_a_cut_one_is_none() {
        let mut bytes = put(b"payload");
        let length = bytes.len();
        bytes.extend(put(b""));
        assert_eq!(take(&bytes), Some(&b"payload"[..]));
        assert_eq!(take(&bytes[length..]), Some(&b""[..]));
        for cut in 0..length {
            assert!(take(&bytes[..cut]).is_none(), "{cut}");
            assert!(!goes_on(&bytes[..cut]), "{cut}");
        }
        assert!(goes_on(&bytes));
        // What a file system may leave behind a crash.
        assert!(take(&[0; 64]).is_none() && !goes_on(&[0; 64]));
    }

    #[test]
    fn any_changed_bit_is_seen() {
        let bytes = put(b"abc");
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(take(&changed).is_none(), "bit {bit}");
        }
    }
}
