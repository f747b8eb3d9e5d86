//! What the index holds, and what of it the listing has named: 16 bytes and three bits per document.
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

/// In place of the mark of a document that was deleted; no mark is negative.
const GONE: i64 = -1;

/// What the index knows of a listed document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// It holds just this.
    Unchanged,
    /// It holds another version.
    Changed,
    /// It does not hold it.
    New,
    /// It holds several documents whose ids have this hash, and none of them is just this.
    Contested,
    /// Nobody looked.
    Unknown,
}

/// Some marks that were not listed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unseen {
    /// By id.
    pub(crate) marks: Vec<Mark>,
    /// How many marks, seen or not, lie from the first to the last.
    pub(crate) between: usize,
    /// Where to go on.
    pub(crate) next: usize,
}

/// The marks of an index, by id, with a bit for those that were listed.
#[derive(Debug, Default)]
pub(crate) struct Inventory {
    marks: Vec<Mark>,
    places: Places,
    seen: Vec<u64>,
    fresh: Fresh,
    /// Hashes for which something else holds than what was listed or written: their marks, or none where
    /// nobody knows.
    amended: BTreeMap<i64, Option<Vec<i64>>>,
    repeated: u64,
    restarts: u32,
    is_unknown: bool,
    is_changed: bool,
}

impl Inventory {
    /// Over these marks, which must be sorted.
    pub(crate) fn new(marks: Vec<Mark>) -> Self {
        let seen = vec![0; marks.len().div_ceil(64)];
        let places = Places::of(&marks);
        Self { marks, places, seen, ..Self::default() }
    }

    /// Of an index that was not read: an incremental sync needs no comparison.
    pub(crate) fn unknown() -> Self {
        Self { is_unknown: true, ..Self::default() }
    }

    /// False for an index that was not read.
    pub(crate) fn is_known(&self) -> bool {
        !self.is_unknown
    }

    /// Takes note that the marks were not all kept from the last sync.
    pub(crate) fn differs_from_file(&mut self) {
        self.is_changed = true;
    }

    /// True when what was kept from the last sync is not what the index should hold now.
    pub(crate) fn is_changed(&self) -> bool {
        self.is_changed
    }

    /// Reads about where these hashes lie, so that the memory is near when they are asked for: one by one, each search
    /// would wait for it.
    pub(crate) fn read_ahead(&self, ids: impl Iterator<Item = i64>) {
        if self.marks.is_empty() {
            return;
        }
        // Hashed beforehand, so that nothing but reading lies between one place and the next.
        let ids: Vec<i64> = ids.collect();
        let mark = |id: &i64| self.marks.get(self.places.guess(&self.marks, *id).1);
        black_box(ids.iter().filter_map(mark).fold(0, |sum, mark| sum ^ mark.id));
    }

    /// True, and noted, for a document that the index holds just so.
    pub(crate) fn meet(&mut self, mark: Mark) -> bool {
        let (start, run) = self.find(mark.id);
        let exact = self.marks[start..start + run].iter().position(|known| *known == mark);
        exact.inspect(|place| self.see(start + place)).is_some()
    }

    /// True for a document that was listed just so before the listing began anew, as often as this.
    pub(crate) fn was_met(&mut self, mark: Mark, restarts: u32) -> bool {
        if restarts > self.restarts {
            self.restarts = restarts;
            self.fresh.seal();
        }
        let (start, run) = self.find(mark.id);
        (start..start + run).any(|place| self.marks[place] == mark && self.is_seen(place))
            || self.fresh.contains(mark)
    }

    /// Takes note of a listed document, which will be written unless it is unchanged.
    pub(crate) fn look(&mut self, mark: Mark) -> Known {
        if self.is_unknown {
            return Known::Unknown;
        }
        if self.meet(mark) {
            return Known::Unchanged;
        }
        self.is_changed = true;
        match self.find(mark.id) {
            (_, 0) => {
                self.fresh.push(mark);
                Known::New
            }
            (start, 1) => {
                // The index will hold this, so that a later listing of the id is compared with it.
                self.marks[start] = mark;
                self.see(start);
                Known::Changed
            }
            _ => {
                self.doubt(mark.id);
                Known::Contested
            }
        }
    }

    /// Takes note that nobody knows what the index holds for this hash: a write was refused, or several
    /// documents share it.
    pub(crate) fn doubt(&mut self, id: i64) {
        self.amend(id, None);
    }

    /// Takes note of what the index holds for a hash, whatever was listed or written.
    pub(crate) fn amend(&mut self, id: i64, marks: Option<Vec<i64>>) {
        self.is_changed = true;
        self.amended.insert(id, marks);
    }

    /// Takes note of a document that is deleted.
    pub(crate) fn forget(&mut self, mark: Mark) {
        let (start, run) = self.find(mark.id);
        let gone = self.marks[start..start + run].iter_mut().find(|known| **known == mark);
        gone.into_iter().for_each(|known| known.mark = GONE);
        self.is_changed = true;
    }

    /// Hashes of which nobody knows what the index holds.
    pub(crate) fn doubtful(&self) -> Vec<i64> {
        self.amended.iter().filter(|(_, marks)| marks.is_none()).map(|(id, _)| *id).collect()
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

    /// Puts what came in order, once everything has come; hands back how often an id was listed after its first
    /// time.
    pub(crate) fn settle(&mut self) -> u64 {
        self.fresh.sort();
        let (mut last, mut repeated, mut differing): (Option<Mark>, _, _) = (None, self.repeated, Vec::new());
        for mark in self.fresh.iter() {
            if let Some(before) = last.replace(mark).filter(|before| before.id == mark.id) {
                repeated += 1;
                differing.extend((before != mark).then_some(mark.id));
            }
        }
        // Which of them came last is not kept.
        differing.into_iter().for_each(|id| self.doubt(id));
        repeated
    }

    /// What the index should hold, by id, hashes in doubt left out; only after [`settle`](Self::settle).
    pub(crate) fn expected(&self) -> impl Iterator<Item = Mark> + '_ {
        let is_plain = |mark: &Mark| self.amended.is_empty() || !self.amended.contains_key(&mark.id);
        let kept = self.marks.iter().copied().filter(|mark| mark.mark != GONE);
        let mut last = None;
        let fresh = self.fresh.iter().filter(move |mark| last.replace(*mark) != Some(*mark));
        let plain = merge(kept, fresh).filter(is_plain);
        let amended = self
            .amended
            .iter()
            .flat_map(|(id, marks)| marks.iter().flatten().map(|mark| Mark { id: *id, mark: *mark }));
        merge(plain, amended)
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
