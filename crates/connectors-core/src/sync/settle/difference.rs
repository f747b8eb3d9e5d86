//! How an index differs from what it should hold.

use crate::elastic::scan::Mark;

/// How the index differs from what it should hold, by id.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct IndexDifference {
    /// What it should hold and does not.
    pub(crate) missing: Vec<Mark>,
    /// What it holds and should not.
    pub(crate) extra: Vec<Mark>,
}

impl IndexDifference {
    /// Between what the index should hold and what it holds, both sorted.
    pub(crate) fn between(expected: &[Mark], found: &[Mark]) -> Self {
        Self { missing: minus(expected, found), extra: minus(found, expected) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.extra.is_empty()
    }
}

/// The marks that the first holds and the second does not, or less often; both sorted.
fn minus(one: &[Mark], other: &[Mark]) -> Vec<Mark> {
    let (mut left, mut rest) = (Vec::new(), other);
    for mark in one {
        let skipped = rest.partition_point(|known| known < mark);
        rest = &rest[skipped..];
        match rest.split_first() {
            Some((first, behind)) if first == mark => rest = behind,
            _ => left.push(*mark),
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_is_there_twice_is_one_too_many() {
        let marks = |ids: &[i64]| -> Vec<Mark> { ids.iter().map(|id| Mark { id: *id, mark: 1 }).collect() };
        let (one, other) = (marks(&[1, 2, 2, 4]), marks(&[2, 3, 4]));
        assert_eq!((minus(&one, &other), minus(&other, &one)), (marks(&[1, 2]), marks(&[3])));
        assert_eq!(minus(&one, &one), []);
    }
}
