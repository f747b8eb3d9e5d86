//! What aggregations have gathered so far, over segments and indices.

use std::collections::{BTreeMap, HashMap};

use super::{Aggregation, What};

/// What one aggregation has gathered.
#[derive(Debug, Clone)]
pub(super) enum State {
    Terms(HashMap<Key, Bucket>, Vec<State>),
    Histogram(BTreeMap<Place, Bucket>, Vec<State>),
    Metric(Values),
}

/// The key of a bucket of terms. Fractions are ordered as their bits are.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Key {
    Whole(i64),
    Fraction(u64),
    Text(String),
}

/// How many intervals a bucket of a histogram lies from the offset: a whole number, which may be beyond any integer.
/// Places are ordered as their numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Place(u64);

impl Place {
    pub(super) fn of(number: f64) -> Self {
        // One zero is the other.
        Place(tantivy::f64_to_u64(number.floor() + 0.0))
    }

    pub(super) fn number(self) -> f64 {
        tantivy::u64_to_f64(self.0)
    }
}

/// Documents that share a key.
#[derive(Debug, Clone, Default)]
pub(super) struct Bucket {
    pub(super) count: u64,
    pub(super) subs: Vec<State>,
}

/// Values that a metric has seen. The sum is compensated, as the real one's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values {
    pub(super) count: u64,
    sum: f64,
    lost: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Default for Values {
    fn default() -> Self {
        Values { count: 0, sum: 0.0, lost: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY }
    }
}

impl Values {
    pub(super) fn add(&mut self, value: f64) {
        self.count += 1;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        let corrected = value - self.lost;
        let sum = self.sum + corrected;
        self.lost = (sum - self.sum) - corrected;
        self.sum = sum;
    }

    pub(super) fn sum(&self) -> f64 {
        self.sum
    }
}

impl Bucket {
    pub(super) fn new(subs: &[State]) -> Self {
        Bucket { count: 0, subs: subs.to_vec() }
    }
}

/// The empty states of aggregations; a bucket starts from a copy of its subs'.
pub(super) fn of(asked: &[Aggregation]) -> Vec<State> {
    asked
        .iter()
        .map(|one| match one.what {
            What::Terms(_) => State::Terms(HashMap::new(), of(&one.subs)),
            What::Histogram { .. } => State::Histogram(BTreeMap::new(), of(&one.subs)),
            What::Metric(_) => State::Metric(Values::default()),
        })
        .collect()
}
