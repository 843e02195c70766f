//! Plain, gzip (several members) and zstd (several frames) bytes, read as one stream.
//!
//! A truncated or corrupt archive gives what can be read of it, then says what was left:
//! [`Inflate::broken`]. Trailing bytes that belong to no member are treated the same way.

use std::io::{self, BufRead, Read};

use flate2::{Decompress, FlushDecompress, Status};
use xxhash_rust::xxh3::Xxh3;
use zstd::stream::raw::{Decoder, InBuffer, Operation, OutBuffer};

use crate::parse::KEPT_OF_TOO_LARGE;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Largest header of a gzip member is unbounded (it holds a file name), so it is read by zlib.
const GZIP_WINDOW_BITS: u8 = 15;

/// How bytes are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Archive {
    /// Not at all.
    Plain,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

impl Archive {
    /// By the name's ending alone: what a planner can know.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        if name.ends_with(".gz") || name.ends_with(".gzip") {
            Self::Gzip
        } else if name.ends_with(".zst") || name.ends_with(".zstd") {
            Self::Zstd
        } else {
            Self::Plain
        }
    }

    /// By the first bytes, which decide; no JSON text starts like an archive. Where they fit
    /// nothing the name decides, so a damaged first byte is not taken for JSON, unless the
    /// bytes start as JSON does (some stores inflate what they hand out).
    #[must_use]
    pub fn detect(name: &str, head: &[u8]) -> Self {
        if head.starts_with(&GZIP_MAGIC) {
            return Self::Gzip;
        }
        if head.starts_with(&ZSTD_MAGIC) {
            return Self::Zstd;
        }
        let json = crate::parse::trim_blanks(head)
            .first()
            .is_none_or(|byte| matches!(byte, b'{' | b'[' | b'"' | 0xef));
        if json { Self::Plain } else { Self::of_name(name) }
    }
}

/// What of an archive could not be read.
#[derive(Debug, Clone)]
pub struct Broken {
    /// Why, in a few words.
    pub reason: String,
    /// Where in the packed bytes reading stopped.
    pub at: u64,
    /// The packed bytes from there, at most 1 MiB of them.
    pub kept: Vec<u8>,
    /// How many there are in all.
    pub bytes: u64,
    /// xxh3-128 of all of them.
    pub hash128: u128,
    /// xxh3-64 of all of them.
    pub hash64: u64,
}

impl Broken {
    /// The `detail` of the quarantined record that stands for the unreadable rest: JSON text.
    #[must_use]
    pub fn detail(&self, object: &str) -> String {
        serde_json::json!({
            "object": object,
            "at": self.at,
            "bytes": self.bytes,
            "reason": self.reason,
            "xxh3_128": format!("{:032x}", self.hash128),
        })
        .to_string()
    }
}

/// Hashes bytes that are too many to keep, and keeps their start.
#[derive(Default)]
pub(crate) struct Rest {
    pub(crate) kept: Vec<u8>,
    pub(crate) bytes: u64,
    hash64: Xxh3,
    hash128: Xxh3,
}

impl Rest {
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        let room = KEPT_OF_TOO_LARGE.saturating_sub(self.kept.len());
        self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.bytes += bytes.len() as u64;
        self.hash64.update(bytes);
        self.hash128.update(bytes);
    }

    pub(crate) fn hash64(&self) -> u64 {
        self.hash64.digest()
    }

    pub(crate) fn hash128(&self) -> u128 {
        self.hash128.digest128()
    }
}

/// Counts what is taken, and remembers a failure that is the store's, not the archive's.
struct Counted<B> {
    inner: B,
    taken: u64,
}

impl<B: BufRead> Counted<B> {
    fn fill(&mut self) -> io::Result<&[u8]> {
        loop {
            match self.inner.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(_) => break,
            }
        }
        self.inner.fill_buf()
    }

    fn take(&mut self, count: usize) {
        self.inner.consume(count);
        self.taken += count as u64;
    }
}

enum Codec {
    Plain,
    /// `fresh`: no byte of the current member was read yet.
    Gzip {
        state: Box<Decompress>,
        fresh: bool,
    },
    /// `wanted`: bytes to feed next, so that one call unpacks one block and a bad block takes
    /// none of the good ones before it along.
    Zstd {
        state: Box<Decoder<'static>>,
        wanted: usize,
        fresh: bool,
    },
    Ended,
}

/// Reads packed bytes as if they were not. [`Read::read`] fails only where the store fails.
pub struct Inflate<B> {
    input: Counted<B>,
    codec: Codec,
    broken: Option<Broken>,
}

/// How a step of a codec ended.
enum Step {
    Wrote(usize),
    Again,
    Ended,
    Broke(String),
}

impl<B: BufRead> Inflate<B> {
    /// Reads `input`, which is packed as `archive` says.
    pub fn new(input: B, archive: Archive) -> Self {
        let codec = match archive {
            Archive::Plain => Codec::Plain,
            Archive::Gzip => {
                Codec::Gzip { state: Box::new(Decompress::new_gzip(GZIP_WINDOW_BITS)), fresh: true }
            }
            Archive::Zstd => zstd_codec().unwrap_or(Codec::Ended),
        };
        Self { input: Counted { inner: input, taken: 0 }, codec, broken: None }
    }

    /// What could not be read, once [`Read::read`] has returned 0.
    #[must_use]
    pub fn broken(&mut self) -> Option<Broken> {
        self.broken.take()
    }

    /// Takes the packed bytes that are left: they stand for what is lost.
    fn give_up(&mut self, reason: String) -> io::Result<()> {
        self.codec = Codec::Ended;
        let at = self.input.taken;
        let mut rest = Rest::default();
        loop {
            let block = self.input.fill()?;
            if block.is_empty() {
                break;
            }
            rest.add(block);
            let count = block.len();
            self.input.take(count);
        }
        self.broken = Some(Broken {
            reason,
            at,
            bytes: rest.bytes,
            hash128: rest.hash128(),
            hash64: rest.hash64(),
            kept: rest.kept,
        });
        Ok(())
    }
}

fn zstd_codec() -> Option<Codec> {
    Some(Codec::Zstd { state: Box::new(Decoder::new().ok()?), wanted: ZSTD_MAGIC.len(), fresh: true })
}

impl<B: BufRead> Read for Inflate<B> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            let step = match &mut self.codec {
                Codec::Ended => return Ok(0),
                Codec::Plain => return self.input.inner.read(out),
                Codec::Gzip { state, fresh } => gzip_step(&mut self.input, state, fresh, out)?,
                Codec::Zstd { state, wanted, fresh } => {
                    zstd_step(&mut self.input, state, wanted, fresh, out)?
                }
            };
            match step {
                Step::Wrote(count) => return Ok(count),
                Step::Again => {}
                Step::Ended => self.codec = Codec::Ended,
                Step::Broke(reason) => self.give_up(reason)?,
            }
        }
    }
}

/// One call of zlib. What a failing call wrote before it failed is good: its check sum is not,
/// or the block behind it.
fn gzip_step<B: BufRead>(
    input: &mut Counted<B>,
    state: &mut Decompress,
    fresh: &mut bool,
    out: &mut [u8],
) -> io::Result<Step> {
    let block = input.fill()?;
    if block.is_empty() {
        return Ok(if *fresh { Step::Ended } else { Step::Broke("ends inside a gzip member".into()) });
    }
    if *fresh && !GZIP_MAGIC.starts_with(&block[..1]) {
        return Ok(Step::Broke("bytes that are no gzip member".into()));
    }
    let (read, written) = (state.total_in(), state.total_out());
    let result = state.decompress(block, out, FlushDecompress::None);
    let (read, written) = (state.total_in() - read, state.total_out() - written);
    #[allow(clippy::cast_possible_truncation, reason = "no more than the buffers given")]
    let (read, written) = (read as usize, written as usize);
    input.take(read);
    *fresh = false;
    match result {
        Ok(Status::StreamEnd) => {
            // `reset` keeps neither window nor gzip mode in every release: make it anew.
            *state = Decompress::new_gzip(GZIP_WINDOW_BITS);
            *fresh = true;
        }
        Ok(_) if written == 0 && read == 0 => return Ok(Step::Broke("corrupt gzip data".into())),
        Ok(_) => {}
        Err(error) if written > 0 => {
            // Hand out what is good; the next call fails again without writing.
            let _ = error;
        }
        Err(error) => return Ok(Step::Broke(format!("corrupt gzip data: {error}"))),
    }
    Ok(if written == 0 { Step::Again } else { Step::Wrote(written) })
}

fn zstd_step<B: BufRead>(
    input: &mut Counted<B>,
    state: &mut Decoder<'static>,
    wanted: &mut usize,
    fresh: &mut bool,
    out: &mut [u8],
) -> io::Result<Step> {
    let block = input.fill()?;
    let ended = block.is_empty();
    if ended && *fresh {
        return Ok(Step::Ended);
    }
    if *fresh && !starts_frame(block) {
        return Ok(Step::Broke("bytes that are no zstd frame".into()));
    }
    let feed = &block[..block.len().min((*wanted).max(1))];
    let mut from = InBuffer::around(feed);
    let mut to = OutBuffer::around(out);
    let result = state.run(&mut from, &mut to);
    let (read, written) = (from.pos(), to.pos());
    match result {
        Err(error) => return Ok(Step::Broke(format!("corrupt zstd data: {error}"))),
        Ok(0) => {
            *fresh = true;
            *wanted = ZSTD_MAGIC.len();
        }
        Ok(hint) => {
            *fresh = false;
            *wanted = hint;
        }
    }
    input.take(read);
    if written > 0 {
        return Ok(Step::Wrote(written));
    }
    if ended && !*fresh {
        return Ok(Step::Broke("ends inside a zstd frame".into()));
    }
    Ok(Step::Again)
}

/// Whether a frame, or a skippable one (magic 0x184D2A50 to 5F), can start with these bytes.
fn starts_frame(block: &[u8]) -> bool {
    let head = &block[..block.len().min(ZSTD_MAGIC.len())];
    ZSTD_MAGIC.starts_with(head) || (0x50..=0x5f).contains(&head[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn text() -> Vec<u8> {
        (0..40_000)
            .flat_map(|n| format!("{{\"index\":{n},\"x\":{}}}\n", n * 7919 % 10_007).into_bytes())
            .collect()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        to.write_all(bytes).unwrap();
        to.finish().unwrap()
    }

    fn zst(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 3).unwrap()
    }

    fn read(packed: &[u8], name: &str, block: usize) -> (Vec<u8>, Option<Broken>) {
        let archive = Archive::detect(name, &packed[..packed.len().min(4)]);
        let mut inflate = Inflate::new(packed, archive);
        let (mut all, mut out) = (Vec::new(), vec![0; block]);
        loop {
            let count = inflate.read(&mut out).unwrap();
            if count == 0 {
                return (all, inflate.broken());
            }
            all.extend_from_slice(&out[..count]);
        }
    }

    #[test]
    fn members_and_frames_follow_one_another() {
        let text = text();
        let (one, two) = text.split_at(text.len() / 3);
        for (name, packed) in [
            ("x.gz", [gzip(one), gzip(b""), gzip(two)].concat()),
            ("x.zst", [zst(one), zst(b""), zst(two)].concat()),
            ("x.json", text.clone()),
            // The bytes decide, not the name.
            ("x.json", gzip(&text)),
            ("x.gz", zst(&text)),
            ("x.gz", text.clone()),
        ] {
            for block in [13, 4096, 1 << 20] {
                let (all, broken) = read(&packed, name, block);
                assert!(all == text && broken.is_none(), "{name} {block} {broken:?}");
            }
        }
    }

    #[test]
    fn a_truncated_archive_keeps_its_good_part() {
        let text = text();
        for (name, packed) in [("x.gz", gzip(&text)), ("x.zst", zst(&text))] {
            for share in [1, 30, 60, 90, 99] {
                let cut = &packed[..packed.len() * share / 100];
                let (all, broken) = read(cut, name, 4096);
                assert!(text.starts_with(&all));
                let broken = broken.unwrap();
                assert!(broken.reason.contains("ends inside"), "{}", broken.reason);
                // Blocks of zstd are up to 128 KiB: little is lost of what could be unpacked.
                assert!(share < 60 || all.len() > text.len() / 4, "{name} {share}: {}", all.len());
            }
        }
    }

    #[test]
    fn a_corrupt_archive_keeps_its_good_part_and_the_packed_rest() {
        let text = text();
        for (name, mut packed) in [("x.gz", gzip(&text)), ("x.zst", zst(&text))] {
            let at = packed.len() * 3 / 4;
            for byte in &mut packed[at..at + 64] {
                *byte ^= 0xa5;
            }
            let (all, broken) = read(&packed, name, 4096);
            let broken = broken.unwrap();
            assert!(all.len() > text.len() / 3, "{name}: {} of {}", all.len(), text.len());
            assert_eq!(broken.at + broken.bytes, packed.len() as u64);
            assert_eq!(broken.kept, packed[broken.at as usize..]);
        }
    }

    #[test]
    fn trailing_rubbish_is_reported() {
        let text = text();
        for (name, packed) in [("x.gz", gzip(&text)), ("x.zst", zst(&text))] {
            for rubbish in [&b"rubbish"[..], b"\0\0", b"{"] {
                let (all, broken) = read(&[&packed, rubbish].concat(), name, 4096);
                assert!(all == text, "{name}");
                let broken = broken.unwrap();
                assert_eq!((broken.kept.as_slice(), broken.at), (rubbish, packed.len() as u64));
                assert!(broken.detail(name).contains(&format!("\"bytes\":{}", rubbish.len())));
            }
        }
    }

    #[test]
    fn a_damaged_head_is_no_json() {
        let mut packed = gzip(b"{}");
        packed[0] = 0;
        let (all, broken) = read(&packed, "x.json.gz", 64);
        assert!(all.is_empty());
        assert_eq!(broken.unwrap().kept, packed);
    }
}
