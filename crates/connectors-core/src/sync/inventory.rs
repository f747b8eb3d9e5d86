//! What the index holds, and what of it the listing has named: 16 bytes and one bit per document.

use crate::elastic::scan::Mark;

/// What the index knows of a listed document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
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

/// The marks of an index, sorted, with a bit for those that were listed.
#[derive(Debug, Default)]
pub(super) struct Inventory {
    marks: Vec<Mark>,
    seen: Vec<u64>,
    fresh: Vec<i64>,
    repeated: u64,
    is_unknown: bool,
}

impl Inventory {
    /// Over these marks, which must be sorted.
    pub(super) fn new(marks: Vec<Mark>) -> Self {
        let seen = vec![0; marks.len().div_ceil(64)];
        Self { marks, seen, ..Self::default() }
    }

    /// Of an index that was not read: an incremental sync needs no comparison.
    pub(super) fn unknown() -> Self {
        Self { is_unknown: true, ..Self::default() }
    }

    /// False for an index that was not read.
    pub(super) fn is_known(&self) -> bool {
        !self.is_unknown
    }

    /// Takes note of a listed document.
    pub(super) fn look(&mut self, mark: Mark) -> Known {
        if self.is_unknown {
            return Known::Unknown;
        }
        let start = self.marks.partition_point(|known| known.id < mark.id);
        let run = self.marks[start..].iter().take_while(|known| known.id == mark.id).count();
        let exact = self.marks[start..start + run].iter().position(|known| *known == mark);
        match (exact, run) {
            (Some(place), _) => self.see(start + place, Known::Unchanged),
            (None, 0) => {
                self.fresh.push(mark.id);
                Known::New
            }
            (None, 1) => {
                // The index will hold this, so that a later listing of the id is compared with it.
                self.marks[start] = mark;
                self.see(start, Known::Changed)
            }
            (None, _) => Known::Contested,
        }
    }

    /// What is known of a document, without taking note of it.
    pub(super) fn holds(&self, mark: Mark) -> bool {
        self.marks.binary_search(&mark).is_ok()
    }

    /// The marks that were not listed.
    pub(super) fn unseen(&self) -> Vec<Mark> {
        let is_unseen = |place: &usize| self.seen[place / 64] & (1 << (place % 64)) == 0;
        (0..self.marks.len()).filter(is_unseen).map(|place| self.marks[place]).collect()
    }

    /// Documents that were listed more than once.
    pub(super) fn repeated(&mut self) -> u64 {
        self.fresh.sort_unstable();
        let fresh = self.fresh.windows(2).filter(|pair| pair[0] == pair[1]).count();
        self.repeated + fresh as u64
    }

    fn see(&mut self, place: usize, known: Known) -> Known {
        let (word, bit) = (place / 64, 1 << (place % 64));
        self.repeated += u64::from(self.seen[word] & bit != 0);
        self.seen[word] |= bit;
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(id: i64, mark: i64) -> Mark {
        Mark { id, mark }
    }

    #[test]
    fn each_listed_document_is_told_apart() {
        let mut inventory = Inventory::new(vec![mark(-5, 1), mark(1, 1), mark(2, 7), mark(2, 8), mark(9, 9)]);
        assert_eq!(inventory.look(mark(-5, 1)), Known::Unchanged);
        assert_eq!(inventory.look(mark(1, 2)), Known::Changed);
        assert_eq!(inventory.look(mark(3, 3)), Known::New);
        assert_eq!(inventory.look(mark(2, 8)), Known::Unchanged, "ids with one hash differ in their marks");
        assert_eq!(inventory.look(mark(2, 9)), Known::Contested);
        assert_eq!(inventory.unseen(), [mark(2, 7), mark(9, 9)]);
        assert_eq!(inventory.repeated(), 0);
        assert!(inventory.holds(mark(9, 9)) && !inventory.holds(mark(9, 8)));
    }

    #[test]
    fn an_index_that_was_not_read_is_unknown_and_costs_nothing() {
        let mut inventory = Inventory::unknown();
        assert_eq!(inventory.look(mark(1, 1)), Known::Unknown);
        assert!(!inventory.holds(mark(1, 1)) && inventory.unseen().is_empty());
        assert_eq!((inventory.repeated(), inventory.fresh.capacity()), (0, 0));
    }

    #[test]
    fn documents_listed_twice_are_counted() {
        let mut inventory = Inventory::new(vec![mark(1, 1)]);
        for listed in [mark(1, 1), mark(1, 2), mark(4, 4), mark(5, 5), mark(4, 4)] {
            inventory.look(listed);
        }
        assert_eq!(inventory.repeated(), 2);
        assert!(inventory.unseen().is_empty());
    }

    #[test]
    fn a_document_is_compared_with_what_was_listed_last() {
        let mut inventory = Inventory::new(vec![mark(1, 1), mark(2, 2)]);
        let known = [1, 5, 5, 1].map(|version| inventory.look(mark(1, version)));
        assert_eq!(known, [Known::Unchanged, Known::Changed, Known::Unchanged, Known::Changed]);
        assert_eq!(inventory.unseen(), [mark(2, 2)]);
    }

    #[test]
    fn many_marks_cost_sixteen_bytes_and_a_bit_each() {
        assert_eq!(size_of::<Mark>(), 16);
        let mut inventory = Inventory::new((0..1000).map(|id| mark(id, id)).collect());
        assert_eq!(inventory.seen.len(), 16);
        for id in (0..1000).filter(|id| id % 3 != 0) {
            inventory.look(mark(id, id));
        }
        assert_eq!(inventory.unseen().len(), 334);
    }
}
