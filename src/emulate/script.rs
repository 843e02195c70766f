//! The script of an emulation: what each slot holds and why. Pure; emitter and oracle share it.
//!
//! Emission `n` is meant for slot `n`. Faults of delivery move records to later slots, by at most
//! 1,024, so a slot follows from as many emissions before it.

use std::ops::Range;

use serde::Serialize;

use super::PostKind;
use super::damage::damage;
use super::faults::{Fault, FaultPlan, Faults, LOOK_BACK};
use super::order::{Order, OrderName};
use super::rows::Rows;
use crate::sink::{Batch, Entry};

/// What an emulation makes; the same settings make the same bytes.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Seed of order, made records and faults.
    pub seed: u64,
    /// In which order posts are sent.
    pub order: OrderName,
    /// What goes wrong on purpose.
    pub faults: Faults,
    /// The kinds that are sent, in the order in which a post's records are.
    pub kinds: Vec<PostKind>,
    /// How many posts; None: until the source ends, or without end.
    pub count: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 100,
            order: OrderName::default(),
            faults: Faults::default(),
            kinds: PostKind::ALL.to_vec(),
            count: None,
        }
    }
}

/// One record of a slot: what is sent, or was meant to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Planned {
    /// The slot it stands in.
    pub slot: u64,
    /// Its emission.
    pub n: u64,
    /// Its kind.
    pub kind: PostKind,
    /// Its index.
    pub index: u64,
    /// 0, or 1 for the copy of a duplicate.
    pub copy: u8,
    /// Whether it is sent; dropped and withheld records stand in the slot they were meant for.
    pub sent: bool,
    /// The fault of delivery.
    pub delivery: Option<Fault>,
    /// The fault of content.
    pub content: Option<Fault>,
}

/// Counts of one rendered range of slots.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tally {
    /// Records of each kind.
    pub kinds: [u64; 3],
    /// Records of each fault, as in [`Fault::ALL`]; a duplicate counts once.
    pub faults: [u64; Fault::ALL.len()],
    /// Records that are not sent on purpose.
    pub withheld: u64,
    /// Posts of which the source has some records, not all: sent alone.
    pub alone: u64,
    /// Posts of which the source has no record.
    pub absent: u64,
}

/// A script.
pub struct Script {
    rows: Box<dyn Rows>,
    order: Order,
    plan: FaultPlan,
    oversize_bytes: usize,
    kinds: Vec<PostKind>,
    count: Option<u64>,
    seed: u64,
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Script").field("order", &self.order).field("plan", &self.plan).finish_non_exhaustive()
    }
}

impl Script {
    /// The script of a source and settings.
    #[must_use]
    pub fn new(rows: Box<dyn Rows>, settings: &Settings) -> Self {
        let keys = rows.keys().map(<[u64]>::to_vec);
        Self {
            rows,
            order: Order::new(settings.order, settings.seed, keys),
            plan: FaultPlan::new(settings.seed, &settings.faults),
            oversize_bytes: settings.faults.oversize_bytes(),
            kinds: settings.kinds.clone(),
            count: settings.count,
            seed: settings.seed,
        }
    }

    /// The seed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The order.
    #[must_use]
    pub fn order(&self) -> &Order {
        &self.order
    }

    /// The kinds that are sent.
    #[must_use]
    pub fn kinds(&self) -> &[PostKind] {
        &self.kinds
    }

    /// What tells the source's content from another's.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.rows.fingerprint()
    }

    /// How many posts there are: the count asked for or the source's end, whichever is first.
    #[must_use]
    pub fn posts(&self) -> Option<u64> {
        match (self.count, self.order.len()) {
            (Some(count), Some(len)) => Some(count.min(len)),
            (count, len) => count.or(len),
        }
    }

    /// How many slots behind the last post may still hold records.
    #[must_use]
    pub fn tail(&self) -> u64 {
        if self.plan.shifts() { LOOK_BACK } else { 0 }
    }

    /// Appends a record as the source has it, without faults; `false` if it has none.
    pub fn record(&self, kind: PostKind, index: u64, out: &mut Vec<u8>) -> bool {
        self.rows.write(kind, index, out)
    }

    /// What slot `slot` holds, in the order of sending, when the emissions end before `posts`
    /// (None: they do not end).
    #[must_use]
    pub fn plan(&self, slot: u64, posts: Option<u64>) -> Vec<Planned> {
        let posts = posts.or(self.posts()).unwrap_or(u64::MAX);
        let first = slot.saturating_sub(self.tail());
        let mut held = Vec::new();
        if first >= posts {
            return held;
        }
        let indexes = self.order.indexes(first, slot.saturating_add(1).min(posts));
        for kind in &self.kinds {
            for (n, index) in (first..).zip(&indexes) {
                self.planned(n, *kind, *index, |planned| {
                    if planned.slot == slot {
                        held.push(planned);
                    }
                });
            }
        }
        held
    }

    /// All that becomes of emission `n` and a kind: each copy, or the record not sent.
    fn planned(&self, n: u64, kind: PostKind, index: u64, mut each: impl FnMut(Planned)) {
        let intent = self.plan.intent(n, kind, index);
        let mut planned = Planned {
            slot: n,
            n,
            kind,
            index,
            copy: 0,
            sent: intent.copies() > 0,
            delivery: intent.delivery,
            content: intent.content,
        };
        if !planned.sent {
            each(planned);
        }
        for (copy, slot) in intent.slots(n) {
            (planned.copy, planned.slot) = (copy, slot);
            each(planned);
        }
    }

    /// Renders some slots, as some emissions fill them, into a batch that is cleared first.
    pub fn render(&self, slots: &Range<u64>, emissions: &Range<u64>, batch: &mut Batch) -> Tally {
        batch.clear(self.kinds.len());
        let mut tally = Tally::default();
        // Meant for these slots, wherever they go.
        let meant = slots.start.max(emissions.start)..slots.end.min(emissions.end);
        let indexes = if meant.is_empty() { Vec::new() } else { self.order.indexes(meant.start, meant.end) };
        if self.plan.is_empty() {
            self.render_plain(&indexes, batch, &mut tally);
            return tally;
        }
        for planned in self.held(slots, emissions) {
            self.render_planned(&planned, batch, &mut tally);
        }
        for index in indexes {
            self.count_partners(index, &mut tally);
        }
        tally
    }

    fn render_plain(&self, indexes: &[u64], batch: &mut Batch, tally: &mut Tally) {
        for &index in indexes {
            let mut found = 0;
            for (topic, kind) in self.kinds.iter().enumerate() {
                let values = &mut batch.values[topic];
                let from = values.len();
                if self.rows.write(*kind, index, values) {
                    batch.close(Entry::new(topic, index), from);
                    tally.kinds[*kind as usize] += 1;
                    found += 1;
                }
            }
            self.count_found(found, tally);
        }
    }

    fn count_found(&self, found: usize, tally: &mut Tally) {
        tally.absent += u64::from(found == 0);
        tally.alone += u64::from(found > 0 && found < self.kinds.len());
    }

    fn count_partners(&self, index: u64, tally: &mut Tally) {
        if self.rows.keys().is_none() {
            return;
        }
        let mut scratch = Vec::new();
        let found = self.kinds.iter().filter(|kind| self.rows.write(**kind, index, &mut scratch)).count();
        self.count_found(found, tally);
    }

    /// What slots `start..end` hold, in the order of sending.
    #[must_use]
    pub fn planned_between(&self, start: u64, end: u64) -> Vec<Planned> {
        self.held(&(start..end), &(0..self.posts().unwrap_or(u64::MAX)))
    }

    fn held(&self, slots: &Range<u64>, emissions: &Range<u64>) -> Vec<Planned> {
        let first = slots.start.saturating_sub(self.tail()).max(emissions.start);
        let last = slots.end.min(emissions.end);
        let mut held = Vec::new();
        if first >= last {
            return held;
        }
        for (n, index) in (first..).zip(self.order.indexes(first, last)) {
            for kind in &self.kinds {
                self.planned(n, *kind, index, |planned| {
                    if slots.contains(&planned.slot) {
                        held.push(planned);
                    }
                });
            }
        }
        let mut place = [0; 3];
        for (at, kind) in self.kinds.iter().enumerate() {
            place[*kind as usize] = at;
        }
        held.sort_unstable_by_key(|one| (one.slot, place[one.kind as usize], one.n, one.copy));
        held
    }

    fn render_planned(&self, planned: &Planned, batch: &mut Batch, tally: &mut Tally) {
        let Some(topic) = self.kinds.iter().position(|kind| *kind == planned.kind) else {
            return;
        };
        let values = &mut batch.values[topic];
        let from = values.len();
        if !self.rows.write(planned.kind, planned.index, values) {
            return;
        }
        if planned.copy == 0 {
            for fault in planned.delivery.into_iter().chain(planned.content) {
                tally.faults[fault.place()] += 1;
            }
        }
        if !planned.sent {
            values.truncate(from);
            tally.withheld += 1;
            return;
        }
        if let Some(fault) = planned.content {
            let mut draws = self.plan.damage_draws(planned.n, planned.kind);
            damage(fault, &mut draws, self.oversize_bytes, from, values);
        }
        tally.kinds[planned.kind as usize] += 1;
        let mut entry = Entry::new(topic, planned.index);
        entry.null = planned.content == Some(Fault::NullValue);
        batch.close(entry, from);
    }
}

#[cfg(test)]
mod tests {
    use super::super::synthetic::Synthetic;
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn script(seed: u64, order: OrderName, shares: &[(&str, f64)], count: u64) -> Script {
        let faults = Faults::new(shares.iter().copied()).unwrap().with_oversize_bytes(2_000);
        let settings = Settings { seed, order, faults, count: Some(count), ..Settings::default() };
        Script::new(Box::new(Synthetic::new(seed)), &settings)
    }

    fn shares() -> impl Strategy<Value = Vec<(&'static str, f64)>> {
        let part = 0.0..0.12f64;
        prop::collection::vec(part, Fault::ALL.len())
            .prop_map(|shares| Fault::ALL.iter().map(|fault| fault.name()).zip(shares).collect())
    }

    fn orders() -> impl Strategy<Value = OrderName> {
        prop::sample::select(vec![OrderName::Permuted, OrderName::Sequential, OrderName::Seed100])
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn each_emission_appears_once_plus_duplicates_less_drops(
            seed: u64, order in orders(), shares in shares(), count in 1..1_500u64,
        ) {
            let script = script(seed, order, &shares, count);
            let mut seen: HashMap<(u64, PostKind), (u8, u8)> = HashMap::new();
            // All slots in one go; single slots are compared with it below.
            for planned in script.held(&(0..count + LOOK_BACK + 1), &(0..count)) {
                let (sent, withheld) = seen.entry((planned.n, planned.kind)).or_default();
                if planned.sent { *sent += 1 } else { *withheld += 1 }
            }
            prop_assert_eq!(seen.len() as u64, 3 * count);
            for ((n, kind), (sent, withheld)) in seen {
                let intent = script.plan.intent(n, kind, script.order.index(n));
                let (wanted, dropped) = match intent.delivery {
                    Some(Fault::Drop | Fault::Orphan) => (0, 1),
                    Some(Fault::Duplicate) => (2, 0),
                    _ => (1, 0),
                };
                prop_assert_eq!((sent, withheld), (wanted, dropped));
            }
        }

        #[test]
        fn a_slot_alone_equals_the_slot_among_others(
            seed: u64, order in orders(), shares in shares(), count in 1..1_500u64, at in 0..2_600u64,
        ) {
            let script = script(seed, order, &shares, count);
            let slot = at.min(count + LOOK_BACK);
            let start = slot.saturating_sub(3);
            let together: Vec<_> = script
                .held(&(start..slot + 4), &(0..count))
                .into_iter()
                .filter(|planned| planned.slot == slot)
                .collect();
            prop_assert_eq!(script.plan(slot, None), together);
        }

        #[test]
        fn ranges_of_slots_join_to_the_whole(
            seed: u64, order in orders(), shares in shares(), count in 1..900u64, cut in 0..1_900u64,
        ) {
            let script = script(seed, order, &shares, count);
            let end = count + script.tail();
            let cut = cut.min(end);
            let (mut whole, mut left, mut right) = <(Batch, Batch, Batch)>::default();
            script.render(&(0..end), &(0..count), &mut whole);
            script.render(&(0..cut), &(0..count), &mut left);
            script.render(&(cut..end), &(0..count), &mut right);
            for topic in 0..3 {
                let joined = [&left.values[topic][..], &right.values[topic]].concat();
                prop_assert_eq!(&whole.values[topic], &joined);
            }
            prop_assert_eq!(whole.entries.len(), left.entries.len() + right.entries.len());
            let newlines: usize =
                whole.values.iter().map(|values| values.iter().filter(|byte| **byte == b'\n').count()).sum();
            prop_assert_eq!(newlines, whole.entries.len());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn legs_of_emissions_send_what_one_run_sends(
            seed: u64, shares in shares(), count in 1..900u64, cut in 0..900u64,
        ) {
            let script = script(seed, OrderName::Permuted, &shares, count);
            let cut = cut.min(count);
            let mut sent: [Vec<Vec<u8>>; 2] = Default::default();
            for (side, cut) in [count, cut].into_iter().enumerate() {
                for leg in [0..cut, cut..count] {
                    let mut batch = Batch::default();
                    script.render(&(leg.start..leg.end + script.tail()), &leg, &mut batch);
                    sent[side].extend(batch.entries.iter().map(|entry| batch.value(entry).to_vec()));
                }
                sent[side].sort();
            }
            prop_assert!(sent[0] == sent[1]);
        }
    }

    #[test]
    fn entries_point_at_their_records() {
        let script = script(9, OrderName::Permuted, &[("null_value", 0.5)], 50);
        let mut batch = Batch::default();
        let tally = script.render(&(0..50), &(0..50), &mut batch);
        assert_eq!(batch.entries.len(), 150);
        assert_eq!(tally.kinds, [50, 50, 50]);
        for entry in &batch.entries {
            let value = batch.value(entry);
            assert_eq!(entry.null, value == b"null");
            if !entry.null {
                let text = std::str::from_utf8(value).unwrap();
                assert!(text.starts_with('{') && text.contains(&format!(": {},", entry.key)), "{text}");
            }
        }
    }
}
