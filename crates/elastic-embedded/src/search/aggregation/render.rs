//! From what was gathered to the answer.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::state::{Bucket, Key, Place, State, Values};
use super::{Aggregation, By, MAX_BUCKETS, Metric, Order, Terms, What};
use crate::dates;
use crate::failure::{Failure, Result};
use crate::mapping::Kind;
use crate::tree::{Tree, object};

/// The `aggregations` object. `kinds` are the types of the fields in the order of a walk.
pub(super) fn render(asked: &[Aggregation], states: Vec<State>, kinds: &[Option<Kind>]) -> Result<Tree> {
    let mut left = MAX_BUCKETS;
    Rendering { left: &mut left }.level(asked, states, kinds)
}

struct Rendering<'a> {
    /// How many more buckets the answer may hold.
    left: &'a mut usize,
}

/// An aggregation with the types of its field and of those below it.
#[derive(Clone, Copy)]
struct Typed<'a> {
    one: &'a Aggregation,
    kinds: &'a [Option<Kind>],
}

impl Typed<'_> {
    fn kind(&self) -> Option<Kind> {
        self.kinds.first().copied().flatten()
    }
}

impl Rendering<'_> {
    fn level(&mut self, asked: &[Aggregation], states: Vec<State>, kinds: &[Option<Kind>]) -> Result<Tree> {
        let mut tree = object! {};
        let mut at = 0;
        for (one, state) in asked.iter().zip(states) {
            let typed = Typed { one, kinds: kinds.get(at..).unwrap_or_default() };
            at += size(one);
            let rendered = match (state, &one.what) {
                (State::Metric(values), What::Metric(metric)) => metric_of(*metric, &values, typed.kind()),
                (State::Terms(buckets, _), What::Terms(terms)) => {
                    self.terms(typed, terms, sorted(one, buckets, &terms.order))?
                }
                (State::Histogram(buckets, empty), What::Histogram { min_doc_count, .. }) => {
                    let filled = if *min_doc_count == 0 { self.filled(buckets, &empty)? } else { buckets };
                    self.histogram(typed, filled)?
                }
                _ => object! {},
            };
            tree.push(one.name.clone(), rendered);
        }
        Ok(tree)
    }

    fn terms(&mut self, typed: Typed<'_>, terms: &Terms, mut buckets: Vec<(Key, Bucket)>) -> Result<Tree> {
        let count = |buckets: &[(Key, Bucket)]| buckets.iter().map(|(_, bucket)| bucket.count).sum::<u64>();
        let beyond = buckets.split_off(buckets.len().min(terms.shard_size));
        // Another shard might have more of a term than this one, if counts do not decide which terms it gives.
        let error = if buckets.len() < terms.shard_size || terms.is_sure() { 0 } else { -1 };
        buckets.retain(|(_, bucket)| bucket.count >= terms.min_doc_count);
        let left = buckets.split_off(buckets.len().min(terms.size));
        let mut shown = Vec::new();
        for (key, bucket) in buckets {
            let mut tree = object! {};
            add_key(&mut tree, &key, typed.kind());
            shown.push(self.bucket(typed, tree, bucket)?);
        }
        Ok(object! {
            "doc_count_error_upper_bound" => error,
            "sum_other_doc_count" => count(&beyond) + count(&left),
            "buckets" => Tree::Array(shown),
        })
    }

    fn histogram(&mut self, typed: Typed<'_>, buckets: BTreeMap<Place, Bucket>) -> Result<Tree> {
        let What::Histogram { interval, offset, min_doc_count } = &typed.one.what else {
            return Ok(object! {});
        };
        let mut shown = Vec::new();
        for (place, bucket) in buckets {
            if bucket.count >= *min_doc_count {
                let key = place.number() * interval + offset;
                let mut tree = object! {};
                if let Some(text) = as_string(key, typed.kind()) {
                    tree.push("key_as_string", text);
                }
                tree.push("key", key);
                shown.push(self.bucket(typed, tree, bucket)?);
            }
        }
        Ok(object! { "buckets" => Tree::Array(shown) })
    }

    fn bucket(&mut self, typed: Typed<'_>, mut tree: Tree, bucket: Bucket) -> Result<Tree> {
        *self.left = self.left.checked_sub(1).ok_or_else(too_many)?;
        tree.push("doc_count", bucket.count);
        let below = typed.kinds.get(1..).unwrap_or_default();
        if let Tree::Object(members) = self.level(&typed.one.subs, bucket.subs, below)? {
            members.into_iter().for_each(|(name, value)| tree.push(name, value));
        }
        Ok(tree)
    }

    /// The buckets with the empty ones between them.
    fn filled(
        &self,
        mut buckets: BTreeMap<Place, Bucket>,
        empty: &[State],
    ) -> Result<BTreeMap<Place, Bucket>> {
        let (Some(first), Some(last)) = (buckets.keys().next(), buckets.keys().last()) else {
            return Ok(buckets);
        };
        let (first, last) = (first.number(), last.number());
        if last - first >= *self.left as f64 {
            return Err(too_many());
        }
        for step in 0..(last - first) as usize {
            buckets.entry(Place::of(first + step as f64)).or_insert_with(|| Bucket::new(empty));
        }
        Ok(buckets)
    }
}

/// How many aggregations a walk over this one meets.
fn size(one: &Aggregation) -> usize {
    1 + one.subs.iter().map(size).sum::<usize>()
}

impl Terms {
    /// True if the first buckets of a shard are known to be the first of all, or at least counted.
    fn is_sure(&self) -> bool {
        self.order.first().is_some_and(|first| match first.by {
            By::Key => true,
            By::Count => first.descending,
            By::Metric(_) => false,
        })
    }
}

fn sorted(one: &Aggregation, buckets: HashMap<Key, Bucket>, order: &[Order]) -> Vec<(Key, Bucket)> {
    let mut buckets: Vec<_> = buckets.into_iter().collect();
    buckets.sort_by(|a, b| {
        let compared = order.iter().map(|order| {
            let natural = match &order.by {
                By::Count => a.1.count.cmp(&b.1.count),
                By::Key => a.0.cmp(&b.0),
                By::Metric(name) => {
                    let (a, b) = (measured(one, &a.1, name), measured(one, &b.1, name));
                    // What is no number comes last in either direction.
                    match (a.is_nan(), b.is_nan()) {
                        (false, false) => a.total_cmp(&b),
                        (a, b) => return a.cmp(&b),
                    }
                }
            };
            if order.descending { natural.reverse() } else { natural }
        });
        compared.fold(Ordering::Equal, Ordering::then).then_with(|| a.0.cmp(&b.0))
    });
    buckets
}

/// The value of a sub-aggregation that buckets are ordered by.
fn measured(one: &Aggregation, bucket: &Bucket, name: &str) -> f64 {
    let found = one.subs.iter().zip(&bucket.subs).find(|(sub, _)| sub.name == name);
    match found.map(|(sub, state)| (&sub.what, state)) {
        Some((What::Metric(metric), State::Metric(values))) => {
            value_of(*metric, values).unwrap_or(match metric {
                Metric::Min => f64::INFINITY,
                Metric::Max => f64::NEG_INFINITY,
                _ => f64::NAN,
            })
        }
        _ => f64::NAN,
    }
}

fn value_of(metric: Metric, values: &Values) -> Option<f64> {
    match metric {
        Metric::Count => Some(values.count as f64),
        Metric::Sum => Some(values.sum()),
        _ if values.count == 0 => None,
        Metric::Min => Some(values.min),
        Metric::Max => Some(values.max),
        Metric::Average => Some(values.sum() / values.count as f64),
    }
}

fn metric_of(metric: Metric, values: &Values, kind: Option<Kind>) -> Tree {
    if metric == Metric::Count {
        return object! { "value" => values.count };
    }
    let value = value_of(metric, values);
    let mut tree = object! { "value" => value };
    if let Some(text) = value.and_then(|value| as_string(value, kind)) {
        tree.push("value_as_string", text);
    }
    tree
}

/// A number as the text of a date or a boolean; `None` for other types.
fn as_string(value: f64, kind: Option<Kind>) -> Option<String> {
    match kind {
        Some(Kind::Date) => Some(dates::print(value as i64)),
        Some(Kind::Boolean) => Some((value != 0.0).to_string()),
        _ => None,
    }
}

fn add_key(tree: &mut Tree, key: &Key, kind: Option<Kind>) {
    match key {
        Key::Text(text) => tree.push("key", text.clone()),
        Key::Fraction(bits) => tree.push("key", Value::from(tantivy::u64_to_f64(*bits))),
        Key::Whole(number) => {
            tree.push("key", *number);
            match kind {
                Some(Kind::Date) => tree.push("key_as_string", dates::print(*number)),
                Some(Kind::Boolean) => tree.push("key_as_string", (*number != 0).to_string()),
                _ => {}
            }
        }
    }
}

fn too_many() -> Failure {
    let cause = Failure::new(
        400,
        "too_many_buckets_exception",
        format!(
            "Trying to create too many buckets. Must be less than or equal to: [{MAX_BUCKETS}] but this number of \
             buckets was exceeded. This limit can be set by changing the [search.max_buckets] cluster level setting."
        ),
    );
    Failure::new(400, "search_phase_execution_exception", "")
        .with("phase", "fetch")
        .with("grouped", true)
        .with("failed_shards", Value::Array(Vec::new()))
        .caused_by(cause.with("max_buckets", MAX_BUCKETS))
}
