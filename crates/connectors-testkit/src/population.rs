//! The books of a fixture whose documents are numbered.

use std::collections::BTreeMap;

/// Which numbered documents there are, and how often each was changed.
///
/// A fixture makes a document's fields from its number and revision alone, so that what must be indexed
/// is known without being kept: about 16 bytes a document.
#[derive(Debug, Clone, Default)]
pub struct Population {
    revisions: BTreeMap<usize, u32>,
    next: usize,
}

impl Population {
    /// `count` documents, numbered from 0, each at revision 0.
    #[must_use]
    pub fn of(count: usize) -> Self {
        Self { revisions: (0..count).map(|number| (number, 0)).collect(), next: count }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.revisions.len()
    }

    /// True when there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.revisions.is_empty()
    }

    /// Number and revision of each, in the order of numbers.
    pub fn iter(&self) -> impl Iterator<Item = (usize, u32)> + Send + '_ {
        self.revisions.iter().map(|(number, revision)| (*number, *revision))
    }

    /// Raises the revision of `count` documents, spread evenly, and returns their numbers and new revisions.
    pub fn change(&mut self, count: usize) -> Vec<(usize, u32)> {
        let chosen = self.spread(count, 0);
        chosen
            .into_iter()
            .filter_map(|number| {
                let revision = self.revisions.get_mut(&number)?;
                *revision += 1;
                Some((number, *revision))
            })
            .collect()
    }

    /// Takes out `count` documents, spread evenly, and returns their numbers.
    pub fn remove(&mut self, count: usize) -> Vec<usize> {
        let chosen = self.spread(count, 1);
        for number in &chosen {
            self.revisions.remove(number);
        }
        chosen
    }

    /// Adds `count` documents with numbers never used before, and returns these.
    pub fn add(&mut self, count: usize) -> Vec<usize> {
        let added: Vec<usize> = (self.next..self.next + count).collect();
        self.revisions.extend(added.iter().map(|number| (*number, 0)));
        self.next += count;
        added
    }

    /// `count` numbers at even distances; another `lane` of the same count gives others, as long as there are enough.
    fn spread(&self, count: usize, lane: usize) -> Vec<usize> {
        let step = (self.len() / count.max(1)).max(1);
        let first = if step > lane { lane } else { 0 };
        self.revisions.keys().copied().skip(first).step_by(step).take(count).collect()
    }
}
