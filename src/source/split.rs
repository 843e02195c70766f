//! Cuts a plan into tasks: whole objects of a log by number, files by bytes.

use super::archive::Archive;
use super::form;
use super::plan::{FilePlan, LandingPlan, PartPlan, Range};

/// Bytes below which a file is not cut: opening and seeking cost more than reading them.
const MIN_SPLIT: u64 = 8 << 20;

/// What opening a file costs, in bytes read: many small files make tasks too.
const OPEN_COST: u64 = 1 << 20;

/// Cuts a plan into at most `tasks` tasks of about equal work, in order; fewer where there is
/// little to read, none where there is nothing.
#[must_use]
pub fn split(plan: &LandingPlan, tasks: usize) -> Vec<LandingPlan> {
    let tasks = tasks.max(1) as u64;
    let mut out = split_parts(plan, tasks);
    out.append(&mut split_files(plan, tasks));
    out
}

fn split_parts(plan: &LandingPlan, tasks: u64) -> Vec<LandingPlan> {
    let total: u64 = plan.parts.iter().flat_map(|part| &part.ranges).map(|range| range.count).sum();
    let share = total.div_ceil(tasks).max(1);
    let mut out: Vec<LandingPlan> = Vec::new();
    let mut room = 0;
    for part in &plan.parts {
        for range in &part.ranges {
            let mut from = 0;
            while from < range.count {
                if room == 0 {
                    out.push(plan.frame());
                    room = share;
                }
                let count = room.min(range.count - from);
                if let Some(task) = out.last_mut() {
                    add(task, part, Range { first: range.object(from), count, ..*range });
                }
                from += count;
                room -= count;
            }
        }
    }
    out
}

fn add(task: &mut LandingPlan, part: &PartPlan, range: Range) {
    task.objects += range.count;
    if let Some(last) = task.parts.last_mut()
        && (&last.topic, last.part) == (&part.topic, part.part)
    {
        last.ranges.push(range);
        return;
    }
    task.parts.push(PartPlan { ranges: vec![range], last: None, ..part.clone() });
}

fn split_files(plan: &LandingPlan, tasks: u64) -> Vec<LandingPlan> {
    let cost = |file: &FilePlan| file.end - file.start + OPEN_COST;
    let total: u64 = plan.files.iter().map(cost).sum();
    let share = total.div_ceil(tasks).max(1);
    let pieces: Vec<FilePlan> = plan.files.iter().flat_map(|file| pieces(file, share)).collect();
    let total: u64 = pieces.iter().map(cost).sum();
    let share = total.div_ceil(tasks).max(1);
    let mut out: Vec<LandingPlan> = Vec::new();
    let mut used = share;
    for piece in pieces {
        // A task takes what begins before its share is full, so no more tasks come than asked.
        if used >= share {
            out.push(plan.frame());
            used = 0;
        }
        used += cost(&piece);
        if let Some(task) = out.last_mut() {
            task.objects += 1;
            task.files.push(piece);
        }
    }
    out
}

/// The parts a file is read in: only plain lines can be cut.
fn pieces(file: &FilePlan, share: u64) -> Vec<FilePlan> {
    let lines = form::is_lines(&file.name) && Archive::of_name(&file.name) == Archive::Plain;
    let size = file.end - file.start;
    let step = share.max(MIN_SPLIT);
    if !lines || size < 2 * MIN_SPLIT || size <= step {
        return vec![file.clone()];
    }
    let count = size.div_ceil(step);
    let step = size.div_ceil(count);
    (0..count)
        .map(|at| FilePlan {
            start: file.start + at * step,
            end: (file.start + (at + 1) * step).min(file.end),
            ..file.clone()
        })
        .collect()
}
