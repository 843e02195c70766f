//! Bytes of a stream, a block at a time.

use std::io::{self, Read};

/// Bytes read at a time.
pub(super) const BLOCK: usize = 1 << 20;

/// Adds up to `want` bytes; fewer only at the end.
pub(super) fn read_block(from: &mut impl Read, to: &mut Vec<u8>, want: usize) -> io::Result<usize> {
    static ZEROS: [u8; 1 << 16] = [0; 1 << 16];
    let start = to.len();
    to.reserve(want);
    while to.len() < start + want {
        let count = (start + want - to.len()).min(ZEROS.len());
        to.extend_from_slice(&ZEROS[..count]);
    }
    let mut at = start;
    while at < to.len() {
        match from.read(&mut to[at..]) {
            Ok(0) => break,
            Ok(count) => at += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                to.truncate(at);
                return Err(error);
            }
        }
    }
    to.truncate(at);
    Ok(at - start)
}
