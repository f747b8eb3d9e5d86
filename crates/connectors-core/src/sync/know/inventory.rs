//! The marks of an index, and which of them were listed: 16 bytes and three bits per document.
//!
//! While documents are sent it becomes what the index should hold at the end.

mod fresh;
mod places;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::hint::black_box;

use self::fresh::Fresh;
use self::places::Places;
use crate::elastic::digest::Digest;
use crate::elastic::scan::Mark;

/// The mark of a deleted document; no other mark is negative.
const DELETED: i64 = -1;

/// What the index holds of a listed document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// This version.
    Unchanged,
    /// Another version.
    Changed,
    /// Nothing.
    New,
    /// Several documents whose ids have this hash, and none of them in this version.
    Ambiguous,
    /// The index was not read.
    Unknown,
}

/// A batch of marks that were not listed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unseen {
    /// By id.
    pub(crate) marks: Vec<Mark>,
    /// How many marks, seen or not, lie from the first to the last.
    pub(crate) between: usize,
    /// Where the next batch begins.
    pub(crate) next: usize,
}

/// The marks of an index, by id, with a bit for those that were listed.
#[derive(Debug, Default)]
pub(crate) struct Inventory {
    marks: Vec<Mark>,
    places: Places,
    seen: Vec<u64>,
    fresh: Fresh,
    /// Hashes for which the index holds something else than was listed or written: their marks, or none where
    /// those are unknown.
    corrections: BTreeMap<i64, Option<Vec<i64>>>,
    repeated: u64,
    restarts: u32,
    is_unread: bool,
    is_changed: bool,
}

impl Inventory {
    /// An inventory of these marks, which must be sorted.
    pub(crate) fn new(marks: Vec<Mark>) -> Self {
        let seen = vec![0; marks.len().div_ceil(64)];
        let places = Places::of(&marks);
        Self { marks, places, seen, ..Self::default() }
    }

    /// The inventory of an index that was not read, for an incremental sync, which compares nothing.
    pub(crate) fn unread() -> Self {
        Self { is_unread: true, ..Self::default() }
    }

    /// False for an index that was not read.
    pub(crate) fn is_known(&self) -> bool {
        !self.is_unread
    }

    /// Marks the inventory as different from what the last sync saved.
    pub(crate) fn mark_changed(&mut self) {
        self.is_changed = true;
    }

    /// Whether the index should hold something else than the last sync saved.
    pub(crate) fn is_changed(&self) -> bool {
        self.is_changed
    }

    /// Prefetches the memory in which these hashes lie: without it, each search would wait for memory by itself.
    pub(crate) fn read_ahead(&self, ids: impl Iterator<Item = i64>) {
        if self.marks.is_empty() {
            return;
        }
        // Collected first, so that nothing but reads lies between one place and the next.
        let ids: Vec<i64> = ids.collect();
        let mark = |id: &i64| self.marks.get(self.places.guess(&self.marks, *id).1);
        black_box(ids.iter().filter_map(mark).fold(0, |sum, mark| sum ^ mark.id));
    }

    /// Marks a document as listed if the index holds this version of it, and returns whether it does.
    pub(crate) fn mark_if_unchanged(&mut self, mark: Mark) -> bool {
        let (start, run) = self.find(mark.id);
        let exact = self.marks[start..start + run].iter().position(|known| *known == mark);
        exact.inspect(|place| self.see(start + place)).is_some()
    }

    /// Whether this version was already listed before the listing restarted, for this number of restarts.
    pub(crate) fn is_repeat(&mut self, mark: Mark, restarts: u32) -> bool {
        if restarts > self.restarts {
            self.restarts = restarts;
            self.fresh.seal();
        }
        let (start, run) = self.find(mark.id);
        (start..start + run).any(|place| self.marks[place] == mark && self.is_seen(place))
            || self.fresh.contains(mark)
    }

    /// Marks a document as listed, and returns what the index holds of it; unless that is this version, it must be written.
    pub(crate) fn mark_listed(&mut self, mark: Mark) -> Known {
        if self.is_unread {
            return Known::Unknown;
        }
        if self.mark_if_unchanged(mark) {
            return Known::Unchanged;
        }
        self.is_changed = true;
        match self.find(mark.id) {
            (_, 0) => {
                self.fresh.push(mark);
                Known::New
            }
            (start, 1) => {
                // The index will hold this version: a later listing of the id is compared with it.
                self.marks[start] = mark;
                self.see(start);
                Known::Changed
            }
            _ => {
                self.mark_unknown(mark.id);
                Known::Ambiguous
            }
        }
    }

    /// Marks as unknown what the index holds for this hash: a write was refused, or several documents share it.
    pub(crate) fn mark_unknown(&mut self, id: i64) {
        self.correct(id, None);
    }

    /// Sets what the index holds for a hash, whatever was listed or written.
    pub(crate) fn correct(&mut self, id: i64, marks: Option<Vec<i64>>) {
        self.is_changed = true;
        self.corrections.insert(id, marks);
    }

    /// Removes a document that is deleted.
    pub(crate) fn remove(&mut self, mark: Mark) {
        let (start, run) = self.find(mark.id);
        let gone = self.marks[start..start + run].iter_mut().find(|known| **known == mark);
        gone.into_iter().for_each(|known| known.mark = DELETED);
        self.is_changed = true;
    }

    /// The hashes for which it is unknown what the index holds.
    pub(crate) fn unknown_ids(&self) -> Vec<i64> {
        self.corrections.iter().filter(|(_, marks)| marks.is_none()).map(|(id, _)| *id).collect()
    }

    /// How many documents the index held before the sync.
    pub(crate) fn held(&self) -> usize {
        self.marks.len()
    }

    /// True when a document with this hash was listed.
    pub(crate) fn is_listed(&self, id: i64) -> bool {
        let (start, run) = self.find(id);
        (start..start + run).any(|place| self.is_seen(place))
    }

    /// How many marks were not listed.
    pub(crate) fn unseen_count(&self) -> usize {
        self.marks.len() - self.seen.iter().map(|word| word.count_ones() as usize).sum::<usize>()
    }

    /// The marks that were not listed, from this place on, at most so many; none at the end.
    pub(crate) fn unseen(&self, from: usize, most: usize) -> Option<Unseen> {
        let is_unseen = |place: &usize| !self.is_seen(*place);
        let places: Vec<usize> = (from..self.marks.len()).filter(is_unseen).take(most).collect();
        let (first, last) = (*places.first()?, *places.last()?);
        let marks = places.iter().map(|place| self.marks[*place]).collect();
        Some(Unseen { marks, between: last - first + 1, next: last + 1 })
    }

    /// Sorts the marks of new documents, once all were listed, and returns how often an id was listed after its first
    /// time.
    pub(crate) fn sort(&mut self) -> u64 {
        self.fresh.sort();
        let (mut last, mut repeated, mut differing): (Option<Mark>, _, _) = (None, self.repeated, Vec::new());
        for mark in self.fresh.iter() {
            if let Some(before) = last.replace(mark).filter(|before| before.id == mark.id) {
                repeated += 1;
                differing.extend((before != mark).then_some(mark.id));
            }
        }
        // Their order is not kept, so which of them came last is unknown.
        differing.into_iter().for_each(|id| self.mark_unknown(id));
        repeated
    }

    /// What the index should hold, by id, without hashes marked as unknown; only after [`sort`](Self::sort).
    pub(crate) fn expected(&self) -> impl Iterator<Item = Mark> + '_ {
        let is_plain = |mark: &Mark| self.corrections.is_empty() || !self.corrections.contains_key(&mark.id);
        let kept = self.marks.iter().copied().filter(|mark| mark.mark != DELETED);
        let mut last = None;
        let fresh = self.fresh.iter().filter(move |mark| last.replace(*mark) != Some(*mark));
        let plain = merge(kept, fresh).filter(is_plain);
        let corrections = self
            .corrections
            .iter()
            .flat_map(|(id, marks)| marks.iter().flatten().map(|mark| Mark { id: *id, mark: *mark }));
        merge(plain, corrections)
    }

    /// The digest of what the index should hold, fine enough to be exact.
    pub(crate) fn digest(&self) -> Digest {
        let count = (self.marks.len() + self.fresh.len()) as u64;
        let of = |grid| Ok::<_, Infallible>(Digest::of(grid, self.expected()));
        let Ok(digest) = Digest::exact(count, of);
        digest
    }

    /// Where the marks of a hash begin, and how many there are: one search.
    fn find(&self, id: i64) -> (usize, usize) {
        let start = self.places.first_at_least(&self.marks, id);
        let run = self.marks[start..].iter().take_while(|known| known.id == id).count();
        (start, run)
    }

    fn see(&mut self, place: usize) {
        self.repeated += u64::from(self.is_seen(place));
        self.seen[place / 64] |= 1 << (place % 64);
    }

    fn is_seen(&self, place: usize) -> bool {
        self.seen[place / 64] & (1 << (place % 64)) != 0
    }
}

/// Two sequences by id as one.
fn merge(one: impl Iterator<Item = Mark>, other: impl Iterator<Item = Mark>) -> impl Iterator<Item = Mark> {
    let (mut one, mut other) = (one.peekable(), other.peekable());
    std::iter::from_fn(move || match (one.peek(), other.peek()) {
        (Some(first), Some(second)) if second.id < first.id => other.next(),
        (Some(_), _) => one.next(),
        (None, _) => other.next(),
    })
}

#[cfg(test)]
mod tests;
