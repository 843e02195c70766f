//! Which objects of a partition are new: listed behind what was read, and inside open gaps.
//!
//! In a bucket names sort by bytes, so "behind" is one LIST only within names of one width, and
//! only below 10¹⁰ for names padded to 10 digits; beyond that the partition is listed whole and
//! offsets are compared as numbers. A local folder is always read whole, names only.

use crate::error::Result;

use super::Store;
use super::layout::{LONG, Object, Partition, SHORT, parse_name};
use super::location::is_hidden;
use super::marks::PartMarks;
use super::names::Names;

/// First offset that does not fit names of 10 digits.
const SHORT_END: u64 = 10_000_000_000;

/// Offsets before [`SHORT_END`] from where on longer names, which sort elsewhere, may have begun.
const SHORT_MARGIN: u64 = 100_000_000;

/// Objects of a whole listing that are listed one page after the other before it is cut into
/// slices that are listed at once.
const SLICE_FROM: usize = 3_000;

/// Slices of a large listing.
const SLICES: u64 = 64;

/// What a listing brought.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Objects to read, in any order.
    pub objects: Vec<Object>,
    /// Names that are none of the partition's.
    pub odd: Vec<String>,
}

/// What a name is.
enum Entry {
    Object(Object),
    Odd(String),
}

fn entry(stem: &str, name: &str) -> Option<Entry> {
    if is_hidden(name) {
        return None;
    }
    Some(parse_name(stem, name).map_or_else(|| Entry::Odd(name.to_owned()), Entry::Object))
}

/// Lists what is new; everything without marks.
///
/// # Errors
/// Where the store fails.
pub(super) fn list(store: &Store, partition: &Partition, marks: Option<&PartMarks>) -> Result<Found> {
    let stem = partition.stem();
    let everything = Names { dir: &partition.dir, ..Names::default() };
    let entries = match marks {
        Some(marks) if store.local_path("").is_none() => match by_name(marks) {
            Some(widths) => list_new(store, partition, marks, &widths)?,
            None => list_all(store, everything, &stem)?,
        },
        Some(_) => store.names(everything, |name| entry(&stem, name))?,
        None => list_all(store, everything, &stem)?,
    };
    let mut found = Found::default();
    for entry in entries {
        match entry {
            Entry::Object(object) => {
                if marks.is_none_or(|marks| marks.wants(object.offset)) {
                    found.objects.push(object);
                }
            }
            Entry::Odd(name) => found.odd.push(name),
        }
    }
    found.odd.sort_unstable();
    Ok(found)
}

/// The widths of names by which what is new can be listed; `None`: only as a whole.
fn by_name(marks: &PartMarks) -> Option<Vec<u8>> {
    let high = marks.high();
    let read = &marks.digits;
    if read.iter().all(|digits| *digits == LONG) && high >= SHORT_END - SHORT_MARGIN {
        return Some(vec![LONG]);
    }
    let known = read.iter().all(|digits| [SHORT, LONG].contains(digits));
    (known && high < SHORT_END - SHORT_MARGIN).then(|| vec![SHORT, LONG])
}

fn padded(stem: &str, offset: u64, digits: u8) -> String {
    let width = usize::from(digits);
    format!("{stem}{offset:0width$}")
}

/// What all names of `digits` digits from `from` to before `to` start with.
fn shared(stem: &str, from: u64, to: u64, digits: u8) -> String {
    let first = padded(stem, from, digits);
    let last = padded(stem, to.saturating_sub(1).max(from), digits);
    let same = first.bytes().zip(last.bytes()).take_while(|(a, b)| a == b).count();
    first[..same.max(stem.len())].to_owned()
}

fn list_new(store: &Store, partition: &Partition, marks: &PartMarks, widths: &[u8]) -> Result<Vec<Entry>> {
    let stem = partition.stem();
    let mut entries = Vec::new();
    for &digits in widths {
        let after = padded(&stem, marks.high(), digits);
        // Below 10^10 all long names start with ten zeros: short ones do not come in between.
        let zeros = widths.len() > 1 && digits == LONG;
        let prefix = if zeros { format!("{stem}{:010}", 0) } else { String::new() };
        let names = Names { dir: &partition.dir, prefix: &prefix, after: Some(&after), ..Names::default() };
        entries.append(&mut store.names(names, |name| entry(&stem, name))?);
        if digits != LONG || marks.digits.contains(&LONG) {
            list_gaps(store, partition, marks, digits, &mut entries)?;
        }
    }
    Ok(entries)
}

/// Each gap costs one LIST while nothing came, of no more names than the gap has room for.
fn list_gaps(
    store: &Store,
    partition: &Partition,
    marks: &PartMarks,
    digits: u8,
    entries: &mut Vec<Entry>,
) -> Result<()> {
    let stem = partition.stem();
    for gap in &marks.gaps {
        let after = padded(&stem, gap.from, digits);
        let until = padded(&stem, gap.to, digits);
        let prefix = shared(&stem, gap.from, gap.to, digits);
        let mut names = Names {
            dir: &partition.dir,
            prefix: &prefix,
            after: Some(&after),
            until: Some(&until),
            limit: 0,
        };
        names.limit = room(gap.to - gap.from);
        let mut came = store.names(names, |name| entry(&stem, name))?;
        if came.len() >= names.limit && names.limit > 0 {
            names.limit = 0;
            came = store.names(names, |name| entry(&stem, name))?;
        }
        entries.append(&mut came);
    }
    Ok(())
}

/// Names to ask for: two an offset would be twins, one more is the first behind the gap.
fn room(offsets: u64) -> usize {
    usize::try_from(offsets).map_or(0, |offsets| if offsets < 1_000 { offsets + 1 } else { 0 })
}

fn list_all(store: &Store, everything: Names<'_>, stem: &str) -> Result<Vec<Entry>> {
    if store.local_path("").is_some() {
        return store.names(everything, |name| entry(stem, name));
    }
    let mut last = String::new();
    let start = Names { limit: SLICE_FROM, ..everything };
    let mut seen = 0_usize;
    let mut entries = store.names(start, |name| {
        last.clear();
        last.push_str(name);
        seen += 1;
        entry(stem, name)
    })?;
    if seen < SLICE_FROM {
        return Ok(entries);
    }
    let rest = Names { after: Some(&last), ..everything };
    let cuts = slices(store, rest, stem, parse_name(stem, &last))?;
    entries.append(&mut store.names_sliced(rest, &cuts, |name| entry(stem, name))?);
    Ok(entries)
}

/// Where to cut the rest of a large listing: equal steps of offsets up to the greatest there is.
fn slices(store: &Store, rest: Names<'_>, stem: &str, last: Option<Object>) -> Result<Vec<String>> {
    let Some(last) = last.filter(|last| [SHORT, LONG].contains(&last.digits)) else {
        return Ok(Vec::new());
    };
    let (mut low, mut high) = (last.offset, last.offset.max(1));
    // Doubling finds a bound, halving makes it close enough: some forty LISTs of one key.
    while anything_behind(store, rest, stem, high, last.digits)? {
        low = high;
        high = high.saturating_mul(2);
        if last.digits == SHORT && high >= SHORT_END {
            high = SHORT_END - 1;
            break;
        }
    }
    while high - low > (high - last.offset) / SLICES + 1 {
        let middle = low + (high - low) / 2;
        if anything_behind(store, rest, stem, middle, last.digits)? {
            low = middle;
        } else {
            high = middle;
        }
    }
    let step = (high - last.offset) / SLICES + 1;
    let mut cuts = Vec::new();
    let mut at = last.offset + step;
    while at < high {
        cuts.push(padded(stem, at, last.digits));
        at += step;
    }
    Ok(cuts)
}

fn anything_behind(store: &Store, rest: Names<'_>, stem: &str, offset: u64, digits: u8) -> Result<bool> {
    let after = padded(stem, offset, digits);
    let behind = Names { prefix: stem, after: Some(&after), limit: 1, ..rest };
    Ok(!store.names(behind, |_| Some(()))?.is_empty())
}
