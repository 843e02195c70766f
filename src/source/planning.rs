//! Finds what is new in a landing: a log's objects by marks, files by name and ETag.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Error, Result};
use crate::kind::Kind;

use super::layout::{self, Layout, Object, Partition, SUFFIXES};
use super::listing::{self, Found};
use super::marks::Marks;
use super::plan::{FilePlan, LANDING_PLAN_VERSION, LandingPlan, Last, PartPlan, to_ranges};
use super::{Meta, Options, Store, form};

/// Why a file is passed over.
const NO_RECORDS: &str = "not a file of records by its ending";

/// What [`plan_landing`] is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ask<'a> {
    /// What was read before.
    pub marks: Option<&'a Marks>,
    /// List and read everything, whatever was read before.
    pub full: bool,
    /// Raised by configuration when a landing is made anew.
    pub epoch: i32,
}

/// Plans what is new in a landing.
///
/// # Errors
/// [`Error::NotFound`] if the landing is not there, [`Error::Source`] if it holds nothing of the
/// kind, was made anew or lost a partition that was read, [`Error::Config`] for an epoch below the
/// one that the marks are of.
pub fn plan_landing(kind: &Kind, url: &str, ask: Ask<'_>, options: &Options) -> Result<LandingPlan> {
    let store = Store::open(url, options)?;
    let known = ask.marks.map(|marks| marks.of_epoch(ask.epoch)).transpose()?.flatten();
    let mut plan = LandingPlan {
        version: LANDING_PLAN_VERSION,
        kind: kind.name.clone(),
        url: store.location().url().to_owned(),
        epoch: ask.epoch,
        full: ask.full,
        ..LandingPlan::default()
    };
    if let Some(file) = store.stat("")? {
        plan.layout = "files".into();
        let read = known.is_some_and(|marks| marks.has_file("", &file.etag)) && !ask.full;
        plan.files.extend((!read).then(|| whole(&file)));
        plan.objects = plan.files.len() as u64;
        return Ok(plan);
    }
    let layout = layout::detect(&store, kind)?;
    if let Some(known) = known.filter(|_| !ask.full) {
        check_parts(&plan.url, &layout, known)?;
    }
    match layout {
        Layout::Log(topics) => {
            plan.layout = "log".into();
            if topics.partitions.is_empty() {
                return nothing_of_kind(plan, kind, known, &topics.others);
            }
            for dir in topics.bare.into_iter().chain(topics.odd) {
                plan.skip(dir, "no folder partition=<n> while others are; give it as a landing of its own");
            }
            plan_log(&mut plan, &store, &topics.partitions, known, ask.full)?;
        }
        Layout::Files { dirs, others } => {
            plan.layout = "files".into();
            if !store.exists()? {
                return Err(nothing_there(&plan.url));
            }
            let mut files = Vec::new();
            for dir in &dirs {
                files.extend(walk_below(&store, dir, options)?);
            }
            if dirs.is_empty() {
                files = store.walk()?;
            } else if files.is_empty() {
                return nothing_of_kind(plan, kind, known, &others);
            }
            plan_files(&mut plan, &files, kind, !dirs.is_empty(), known.filter(|_| !ask.full))?;
        }
    }
    Ok(plan)
}

/// Plans every file of records below a place, or the file that it is, whatever kind it may be of: objects
/// as Firehose writes them.
///
/// # Errors
/// [`Error::NotFound`] if nothing is there, [`Error::Source`] for a table (CSV, Parquet), whose rows are
/// no records as they were sent.
pub fn plan_objects(url: &str, options: &Options) -> Result<LandingPlan> {
    let store = Store::open(url, options)?;
    let mut plan = LandingPlan {
        version: LANDING_PLAN_VERSION,
        url: store.location().url().to_owned(),
        layout: "files".into(),
        full: true,
        ..LandingPlan::default()
    };
    let files = match store.stat("")? {
        Some(file) => vec![file],
        None if store.exists()? => store.walk()?,
        None => return Err(nothing_there(&plan.url)),
    };
    for file in files {
        if !form::is_lines(&store.location().url_of(&file.name)) {
            let url = store.location().url_of(&file.name);
            return Err(Error::Source(format!(
                "{url}: a table, no object of JSON records; name a folder without it"
            )));
        }
        if form::is_readable(&file.name) {
            plan.files.push(whole(&file));
        } else {
            plan.skip(file.name, NO_RECORDS);
        }
    }
    plan.objects = plan.files.len() as u64;
    Ok(plan)
}

fn nothing_there(url: &str) -> Error {
    Error::NotFound(format!("{url}: no such file or folder"))
}

/// A log without the kind: an error, unless marks of what was read once are to be cleared.
fn nothing_of_kind(
    plan: LandingPlan,
    kind: &Kind,
    known: Option<&Marks>,
    others: &[String],
) -> Result<LandingPlan> {
    if known.is_some_and(|marks| !marks.parts.is_empty()) {
        return Ok(LandingPlan { layout: "log".into(), ..plan });
    }
    let found = if others.is_empty() { "none".into() } else { others.join(", ") };
    Err(Error::Source(format!(
        "{}: no topic of kind {1:?} that holds anything (a topic's last word is its kind, as in <user id>.{1}); \
         topics of other kinds: {found}",
        plan.url, kind.name
    )))
}

fn plan_log(
    plan: &mut LandingPlan,
    store: &Store,
    partitions: &[Partition],
    known: Option<&Marks>,
    full: bool,
) -> Result<()> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for partition in partitions {
        if let Some(other) = seen.insert(partition.key(), &partition.dir) {
            return Err(Error::Source(format!(
                "{}: partition {} of topic {} stands in two folders, {other} and {}; give one of them as the landing",
                plan.url, partition.part, partition.topic, partition.dir
            )));
        }
        let marks = known.and_then(|marks| marks.parts.get(&partition.key()));
        let marks = if full { None } else { marks };
        if let Some(last) = marks.and_then(|marks| marks.last.as_ref()) {
            check_last(store, partition, last)?;
        }
        let Found { mut objects, odd } = listing::list(store, partition, marks)?;
        if let (true, None, Some(name)) = (objects.is_empty(), marks, odd.first()) {
            return Err(no_known_name(&store.location().url_of(&partition.dir), partition, name, odd.len()));
        }
        for name in odd {
            plan.skip(format!("{}/{name}", partition.dir), "not a name of this partition's objects");
        }
        objects.sort_unstable();
        drop_twins(plan, partition, &mut objects);
        if objects.is_empty() {
            continue;
        }
        plan.objects += objects.len() as u64;
        let last = match objects.last() {
            Some(last) if marks.is_none_or(|marks| last.offset >= marks.high()) => {
                Some(describe_last(store, partition, *last)?)
            }
            _ => None,
        };
        plan.parts.push(PartPlan {
            topic: partition.topic.clone(),
            part: partition.part,
            dir: partition.dir.clone(),
            ranges: to_ranges(&objects),
            last,
        });
    }
    Ok(())
}

/// A partition that cannot be read at all must not look like one that is empty.
fn no_known_name(url: &str, partition: &Partition, name: &str, count: usize) -> Error {
    Error::Source(format!(
        "{url}: none of its {count} names, such as {name}, is one that is read: {}<offset> with .{}; rename them, \
         or give that folder as the landing, which reads them as files",
        partition.stem(),
        SUFFIXES.join(", .")
    ))
}

/// Two objects of one offset (10 and 20 digits, packed and not) hold the same records: the
/// first by digits and ending is read, so that what is read does not depend on when it is.
fn drop_twins(plan: &mut LandingPlan, partition: &Partition, objects: &mut Vec<Object>) {
    let mut twins = Vec::new();
    objects.dedup_by(|twin, kept| {
        let same = twin.offset == kept.offset;
        if same {
            twins.push(*twin);
        }
        same
    });
    let (mut name, stem) = (String::new(), partition.stem());
    for twin in twins {
        layout::write_name(&mut name, &partition.dir, &stem, twin);
        plan.skip(name.clone(), "another object of the same first offset is read");
    }
}

/// A partition that was read and is not listed any more has lost its last object too.
fn check_parts(url: &str, layout: &Layout, known: &Marks) -> Result<()> {
    let there: BTreeSet<String> = match layout {
        Layout::Log(topics) => topics.partitions.iter().map(Partition::key).collect(),
        Layout::Files { .. } => BTreeSet::new(),
    };
    let gone: Vec<&str> =
        known.parts.keys().map(String::as_str).filter(|key| !there.contains(*key)).collect();
    match gone.as_slice() {
        [] => Ok(()),
        [part] => Err(made_anew(&format!("{url}: {part} (topic/partition), read before, is gone"))),
        [part, ..] => {
            let what = format!("{url}: {part} and others (topic/partition), read before, are gone");
            Err(made_anew(&what))
        }
    }
}

fn made_anew(what: &str) -> Error {
    Error::Source(format!(
        "{what}: the landing was made anew, or its objects expire. \
         --full lists and reads everything again; raise `epoch` in the configuration if offsets started anew"
    ))
}

/// If the last object read has changed, offsets no longer mean what the marks say.
fn check_last(store: &Store, partition: &Partition, last: &Last) -> Result<()> {
    let name = format!("{}/{}", partition.dir, last.name);
    let found = store.content_etag(&name)?;
    if found.as_deref() == Some(last.etag.as_str()) {
        return Ok(());
    }
    let what = if found.is_some() { "has changed" } else { "is gone" };
    let url = store.location().url_of(&name);
    Err(made_anew(&format!("{url}: the last object read of this partition {what}")))
}

fn describe_last(store: &Store, partition: &Partition, last: Object) -> Result<Last> {
    let mut name = String::new();
    layout::write_name(&mut name, "", &partition.stem(), last);
    let path = format!("{}/{name}", partition.dir);
    let etag = store.content_etag(&path)?.ok_or_else(|| {
        Error::NotFound(format!("{}: vanished while listing", store.location().url_of(&path)))
    })?;
    Ok(Last { name, etag })
}

fn whole(meta: &Meta) -> FilePlan {
    FilePlan {
        name: meta.name.clone(),
        size: meta.size,
        etag: meta.etag.clone(),
        start: 0,
        end: meta.size,
        modified: meta.modified,
    }
}

/// Files below a folder, named from the store's place on.
fn walk_below(store: &Store, dir: &str, options: &Options) -> Result<Vec<Meta>> {
    let mut files = Store::at(store.location().join(dir), options)?.walk()?;
    for file in &mut files {
        file.name = format!("{dir}/{}", file.name);
    }
    Ok(files)
}

/// Plans the files that `known` does not have; `ours`: their folder says of which kind they are.
fn plan_files(
    plan: &mut LandingPlan,
    files: &[Meta],
    kind: &Kind,
    ours: bool,
    known: Option<&Marks>,
) -> Result<()> {
    if files.is_empty() {
        return Err(Error::Source(format!(
            "{}: nothing to read: no topics/<topic>/partition=<n>/… and no files",
            plan.url
        )));
    }
    let of = |file: &Meta| if ours { Some(true) } else { layout::file_is_of_kind(&file.name, kind) };
    let any = files.iter().any(|file| of(file).is_some());
    let mut of_kind = 0_u64;
    for file in files {
        match of(file) {
            // What names another kind is that kind's to read.
            Some(false) => {}
            _ if !form::is_readable(&file.name) => {
                plan.skip(file.name.clone(), NO_RECORDS);
            }
            None if any => plan.skip(file.name.clone(), "names no kind while others do"),
            _ => {
                of_kind += 1;
                if !known.is_some_and(|marks| marks.has_file(&file.name, &file.etag)) {
                    plan.files.push(whole(file));
                }
            }
        }
    }
    if of_kind == 0 {
        return Err(Error::Source(format!(
            "{}: none of its {} files is one of kind {:?} (its name, or a folder's, has that word, or no file has \
             the word of any kind)",
            plan.url,
            files.len(),
            kind.name
        )));
    }
    plan.objects = plan.files.len() as u64;
    Ok(())
}
