//! Gathering: documents of one segment into buckets and metrics.

use std::collections::HashMap;
use std::hash::Hash;

use tantivy::columnar::Column;
use tantivy::{DocId, SegmentReader};

use super::state::{Bucket, Key, Place, State, Values};
use super::{Resolved, What};
use crate::failure::Result;
use crate::store::Columns;

/// An aggregation with its column in one segment.
pub(super) struct Bound<'a> {
    what: &'a What,
    column: Columns,
    subs: Vec<Bound<'a>>,
}

impl<'a> Bound<'a> {
    pub(super) fn open(resolved: &'a Resolved, segment: &SegmentReader) -> Result<Self> {
        let column = match &resolved.field {
            Some((path, field)) => Columns::open(segment, path, field)?,
            None => Columns::Empty,
        };
        let subs = resolved.subs.iter().map(|sub| Bound::open(sub, segment)).collect::<Result<_>>()?;
        Ok(Bound { what: &resolved.what, column, subs })
    }

    pub(super) fn collect(&self, docs: &[DocId], state: &mut State) {
        match (self.what, state) {
            (What::Metric(_), State::Metric(values)) => self.measure(docs, values),
            (What::Terms(_), State::Terms(buckets, empty)) => {
                for (key, docs) in self.terms(docs) {
                    self.fill(buckets.entry(key).or_insert_with(|| Bucket::new(empty)), &docs);
                }
            }
            (What::Histogram { interval, offset, .. }, State::Histogram(buckets, empty)) => {
                let place = |value: f64| Place::of((value - offset) / interval);
                for (key, docs) in self.histogram(docs, place) {
                    self.fill(buckets.entry(key).or_insert_with(|| Bucket::new(empty)), &docs);
                }
            }
            _ => {}
        }
    }

    fn fill(&self, bucket: &mut Bucket, docs: &[DocId]) {
        bucket.count += docs.len() as u64;
        for (sub, state) in self.subs.iter().zip(&mut bucket.subs) {
            sub.collect(docs, state);
        }
    }

    fn measure(&self, docs: &[DocId], values: &mut Values) {
        match &self.column {
            Columns::Whole(column) => each(column, docs, |_, value| values.add(value as f64)),
            Columns::Fraction(column) => each(column, docs, |_, value| values.add(value)),
            // Only a count takes text, and it does not look at the value.
            Columns::Text(column) => each(column.ords(), docs, |_, _| values.add(0.0)),
            Columns::Empty => {}
        }
    }

    fn terms(&self, docs: &[DocId]) -> Vec<(Key, Vec<DocId>)> {
        match &self.column {
            Columns::Whole(column) => grouped(column, docs, Key::Whole),
            Columns::Fraction(column) => grouped(column, docs, |value| Key::Fraction(sortable(value))),
            Columns::Text(column) => {
                let groups = group(column.ords(), docs, |ord| ord);
                let mut text = String::new();
                let named = groups.into_iter().filter_map(|(ord, docs)| {
                    column.ord_to_str(ord, &mut text).ok().filter(|found| *found)?;
                    Some((Key::Text(text.clone()), docs))
                });
                named.collect()
            }
            Columns::Empty => Vec::new(),
        }
    }

    fn histogram(&self, docs: &[DocId], place: impl Fn(f64) -> Place) -> HashMap<Place, Vec<DocId>> {
        match &self.column {
            Columns::Whole(column) => group(column, docs, |value| place(value as f64)),
            Columns::Fraction(column) => group(column, docs, place),
            Columns::Text(_) | Columns::Empty => HashMap::new(),
        }
    }
}

trait Cell: PartialOrd + Copy + std::fmt::Debug + Send + Sync + 'static {}
impl<T: PartialOrd + Copy + std::fmt::Debug + Send + Sync + 'static> Cell for T {}

fn each<T: Cell>(column: &Column<T>, docs: &[DocId], mut see: impl FnMut(DocId, T)) {
    for doc in docs {
        column.values_for_doc(*doc).for_each(|value| see(*doc, value));
    }
}

/// Documents by what their values are taken for; a document stands once under each key.
fn group<T: Cell, K: Hash + Eq>(
    column: &Column<T>,
    docs: &[DocId],
    key: impl Fn(T) -> K,
) -> HashMap<K, Vec<DocId>> {
    let mut groups: HashMap<K, Vec<DocId>> = HashMap::new();
    each(column, docs, |doc, value| {
        let group = groups.entry(key(value)).or_default();
        if group.last() != Some(&doc) {
            group.push(doc);
        }
    });
    groups
}

fn grouped<T: Cell>(column: &Column<T>, docs: &[DocId], key: impl Fn(T) -> Key) -> Vec<(Key, Vec<DocId>)> {
    group(column, docs, key).into_iter().collect()
}

/// The bits of a fraction, so that they are ordered as it is.
fn sortable(value: f64) -> u64 {
    tantivy::f64_to_u64(value)
}
