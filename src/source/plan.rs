//! What a run will read: ranges of object names, or files; never one row an object.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

use super::layout::{self, Object, Partition, SUFFIXES};

pub use super::planning::{Ask, plan_landing, plan_objects};

/// Format version of a plan's JSON; another one is refused.
pub const LANDING_PLAN_VERSION: u32 = 1;

/// Names that are listed one by one when they are passed over; more are only counted.
const SKIPPED_SHOWN: usize = 100;

/// What is to be read of a landing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LandingPlan {
    /// [`LANDING_PLAN_VERSION`].
    pub version: u32,
    /// Name of the kind.
    pub kind: String,
    /// The landing.
    pub url: String,
    /// `log` or `files`.
    pub layout: String,
    /// Raised by configuration when a landing is made anew.
    #[serde(default)]
    pub epoch: i32,
    /// Whether everything was listed, whatever was read before: marks then start anew.
    #[serde(default)]
    pub full: bool,
    /// Objects or files to read.
    pub objects: u64,
    /// Partitions, layout `log`.
    #[serde(default)]
    pub parts: Vec<PartPlan>,
    /// Files, layout `files`.
    #[serde(default)]
    pub files: Vec<FilePlan>,
    /// What is passed over, and why.
    #[serde(default)]
    pub skipped: Vec<Skipped>,
    /// How many are passed over beyond those in `skipped`.
    #[serde(default)]
    pub skipped_more: u64,
}

/// What is to be read of a partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartPlan {
    /// Topic.
    pub topic: String,
    /// Partition.
    pub part: u64,
    /// Folder below the landing.
    pub dir: String,
    /// Objects in the order of their offsets.
    pub ranges: Vec<Range>,
    /// The object with the greatest offset, if it is new.
    pub last: Option<Last>,
}

/// Objects at equal distances: offsets `first`, `first + step`, …, `count` of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "FlatRange", into = "FlatRange")]
pub struct Range {
    /// Its first object.
    pub first: Object,
    /// How many objects.
    pub count: u64,
    /// From one offset to the next.
    pub step: u64,
}

/// A range as it stands in JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct FlatRange {
    first: u64,
    count: u64,
    step: u64,
    digits: u8,
    suffix: String,
}

impl TryFrom<FlatRange> for Range {
    type Error = String;

    fn try_from(flat: FlatRange) -> Result<Self, String> {
        let suffix = SUFFIXES
            .iter()
            .position(|known| *known == flat.suffix)
            .and_then(|at| u8::try_from(at).ok())
            .ok_or_else(|| format!("unknown ending {:?}", flat.suffix))?;
        if flat.count == 0 || (flat.count > 1 && flat.step == 0) || flat.digits == 0 {
            return Err(format!("a range of {} objects, {} apart", flat.count, flat.step));
        }
        let last = (flat.count - 1).checked_mul(flat.step).and_then(|span| span.checked_add(flat.first));
        if last.is_none_or(|last| i64::try_from(last).is_err()) {
            return Err("a range beyond the last offset there can be".into());
        }
        Ok(Self {
            first: Object { offset: flat.first, digits: flat.digits, suffix },
            count: flat.count,
            step: flat.step,
        })
    }
}

impl From<Range> for FlatRange {
    fn from(range: Range) -> Self {
        Self {
            first: range.first.offset,
            count: range.count,
            step: range.step,
            digits: range.first.digits,
            suffix: SUFFIXES.get(usize::from(range.first.suffix)).copied().unwrap_or_default().into(),
        }
    }
}

impl Range {
    /// The object at a place of the range.
    #[must_use]
    pub fn object(&self, at: u64) -> Object {
        Object { offset: self.first.offset + at * self.step, ..self.first }
    }

    /// Its objects in order.
    pub fn objects(self) -> impl Iterator<Item = Object> + Send {
        (0..self.count).map(move |at| self.object(at))
    }
}

/// An object by its name in the partition's folder, and what its content is known by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Last {
    /// Name without folder.
    pub name: String,
    /// ETag, see [`super::Store::content_etag`].
    pub etag: String,
}

/// A file, or the lines of it that start in a range of its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePlan {
    /// Name below the landing; empty if the landing is the file.
    pub name: String,
    /// Its bytes.
    pub size: u64,
    /// What changes when it does.
    pub etag: String,
    /// First byte of the range.
    pub start: u64,
    /// One past the last byte of the range.
    pub end: u64,
    /// Last change, µs since 1970 UTC.
    #[serde(default)]
    pub modified: i64,
}

/// A file or object that is passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Name below the landing.
    pub name: String,
    /// Why.
    pub why: String,
}

impl LandingPlan {
    /// Reads a plan or a task.
    ///
    /// # Errors
    /// [`Error::Config`] if it is not JSON of the known version.
    pub fn from_json(text: &str) -> Result<Self> {
        let plan: Self =
            serde_json::from_str(text).map_err(|error| Error::Config(format!("landing plan: {error}")))?;
        if plan.version != LANDING_PLAN_VERSION {
            return Err(Error::Config(format!(
                "landing plan of version {}: this release reads version {LANDING_PLAN_VERSION}",
                plan.version
            )));
        }
        Ok(plan)
    }

    /// The plan as JSON text.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The plan without what it names: what a reader needs that is given the objects.
    #[must_use]
    pub fn frame(&self) -> Self {
        Self {
            version: self.version,
            kind: self.kind.clone(),
            url: self.url.clone(),
            layout: self.layout.clone(),
            epoch: self.epoch,
            ..Self::default()
        }
    }

    /// URLs of all objects and files, in order: what another reader is to be given.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        let mut urls = Vec::new();
        let mut name = String::new();
        for part in &self.parts {
            let stem = part.partition().stem();
            for object in part.ranges.iter().flat_map(|range| range.objects()) {
                layout::write_name(&mut name, &part.dir, &stem, object);
                urls.push(format!("{}/{name}", self.url));
            }
        }
        for file in &self.files {
            let url =
                if file.name.is_empty() { self.url.clone() } else { format!("{}/{}", self.url, file.name) };
            if urls.last() != Some(&url) {
                urls.push(url);
            }
        }
        urls
    }

    pub(super) fn skip(&mut self, name: String, why: &str) {
        if self.skipped.len() < SKIPPED_SHOWN {
            self.skipped.push(Skipped { name, why: why.into() });
        } else {
            self.skipped_more += 1;
        }
    }
}

impl PartPlan {
    /// The partition it is of.
    #[must_use]
    pub fn partition(&self) -> Partition {
        Partition { topic: self.topic.clone(), part: self.part, dir: self.dir.clone() }
    }
}

/// Joins objects, in order, into ranges.
#[must_use]
pub fn to_ranges(objects: &[Object]) -> Vec<Range> {
    let mut ranges: Vec<Range> = Vec::new();
    for &object in objects {
        if let Some(range) = ranges.last_mut() {
            let alike = range.first.digits == object.digits && range.first.suffix == object.suffix;
            let before = range.object(range.count - 1).offset;
            let step = object.offset - before;
            if alike && step > 0 && (range.count == 1 || step == range.step) {
                range.step = step;
                range.count += 1;
                continue;
            }
        }
        ranges.push(Range { first: object, count: 1, step: 1 });
    }
    ranges
}
