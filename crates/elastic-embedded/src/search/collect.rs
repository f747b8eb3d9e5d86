//! Collecting: the best hits of every segment, in one pass over what matches.

use serde_json::Value;
use tantivy::columnar::Column;
use tantivy::query::{EnableScoring, Weight};
use tantivy::{DocAddress, DocId, Score, SegmentReader};

use super::aggregation::{Aggregation, Running};
use super::sort::{Keys, MAX_KEYS, Part, Resolved};
use crate::failure::Result;
use crate::query::BoxQuery;
use crate::store::{View, sequence};

type Key = [i128; MAX_KEYS];

/// What is to be collected from one index.
pub(super) struct Plan<'a> {
    pub(super) view: usize,
    pub(super) query: BoxQuery,
    pub(super) sort: &'a [Resolved],
    pub(super) after: Option<&'a [Value]>,
    pub(super) slice: Option<(u64, u64)>,
    pub(super) scores: bool,
}

/// What a hit is compared by, the lesser the earlier.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Order {
    /// Keys that mean the same in every segment.
    Numbers(Key),
    /// Keys of which some are text.
    Parts(Vec<Part>),
}

/// A document among the best.
#[derive(Debug)]
pub(super) struct Hit {
    pub(super) order: Order,
    pub(super) view: usize,
    pub(super) address: DocAddress,
    pub(super) score: f32,
}

/// The best hits so far, over all indices.
pub(super) struct Top<'a> {
    limit: usize,
    pub(super) aggregations: Option<Running<'a>>,
    pub(super) hits: Vec<Hit>,
    pub(super) total: usize,
}

impl<'a> Top<'a> {
    pub(super) fn new(limit: usize, asked: &'a [Aggregation]) -> Self {
        let aggregations = (!asked.is_empty()).then(|| Running::new(asked));
        Top { limit, aggregations, hits: Vec::new(), total: 0 }
    }

    fn add(&mut self, hits: Vec<Hit>) {
        if hits.is_empty() {
            return;
        }
        self.hits.extend(hits);
        self.hits.sort_unstable_by(|a, b| (&a.order, a.view).cmp(&(&b.order, b.view)));
        self.hits.truncate(self.limit);
    }

    /// The key that a document must stay below to be among the best, if numbers alone decide.
    fn bound(&self, plan: &Plan<'_>) -> Option<Key> {
        let last = self.hits.last().filter(|_| self.hits.len() >= self.limit)?;
        if last.view != plan.view {
            return None;
        }
        match &last.order {
            Order::Numbers(key) => Some(*key),
            Order::Parts(_) => None,
        }
    }
}

/// Adds the best hits of one index.
pub(super) fn collect(view: &View, plan: &Plan<'_>, top: &mut Top<'_>) -> Result<()> {
    let resolved = top.aggregations.as_mut().map(|running| running.enter(view)).transpose()?;
    let scoring = if plan.scores {
        EnableScoring::enabled_from_searcher(&view.searcher)
    } else {
        EnableScoring::disabled_from_searcher(&view.searcher)
    };
    let weight = plan.query.weight(scoring)?;
    for (ord, segment) in view.searcher.segment_readers().iter().enumerate() {
        let mut collector = Collector::new(segment, plan, top)?;
        collector.run(weight.as_ref(), plan.scores)?;
        top.total += collector.total;
        if let (Some(running), Some(resolved)) = (&mut top.aggregations, &resolved) {
            running.add(resolved, segment, &collector.matched)?;
        }
        let hits = collector.hits(plan, ord as u32)?;
        top.add(hits);
    }
    Ok(())
}

/// One segment's pass.
struct Collector<'a> {
    segment: &'a SegmentReader,
    keys: Vec<Keys>,
    after: Option<(Key, usize)>,
    slice: Option<(u64, u64, Column<u64>)>,
    limit: usize,
    bound: Option<Key>,
    found: Vec<(Key, DocId, Score)>,
    total: usize,
    /// Every match, if aggregations want them.
    matched: Vec<DocId>,
    keep_matched: bool,
}

impl<'a> Collector<'a> {
    fn new(segment: &'a SegmentReader, plan: &Plan<'_>, top: &Top<'_>) -> Result<Self> {
        let keys = plan.sort.iter().map(|sort| sort.keys(segment)).collect::<Result<Vec<_>>>()?;
        let after = plan.after.map(|values| after(plan.sort, &keys, values)).transpose()?;
        let slice = plan
            .slice
            .map(|(id, max)| Ok::<_, crate::failure::Failure>((id, max, sequence(segment)?)))
            .transpose()?;
        Ok(Collector {
            segment,
            keys,
            after,
            slice,
            limit: top.limit,
            bound: top.bound(plan),
            found: Vec::new(),
            total: 0,
            matched: Vec::new(),
            keep_matched: top.aggregations.is_some(),
        })
    }

    fn run(&mut self, weight: &dyn Weight, scores: bool) -> Result<()> {
        let segment = self.segment;
        if scores {
            weight.for_each(segment, &mut |doc, score| self.see(doc, score))?;
        } else {
            weight.for_each_no_score(segment, &mut |docs| docs.iter().for_each(|doc| self.see(*doc, 1.0)))?;
        }
        Ok(())
    }

    fn see(&mut self, doc: DocId, score: Score) {
        if self.segment.is_deleted(doc) {
            return;
        }
        if let Some((id, max, sequence)) = &self.slice
            && sequence.first(doc).unwrap_or_default() % max != *id
        {
            return;
        }
        self.total += 1;
        if self.keep_matched {
            self.matched.push(doc);
        }
        if self.limit > 0 {
            self.weigh(doc, score);
        }
    }

    /// Keeps the document if it is among the best; later criteria are read only where earlier ones tie.
    fn weigh(&mut self, doc: DocId, score: Score) {
        let mut key = [0; MAX_KEYS];
        let (mut past, mut inside) = (self.after.is_none(), self.bound.is_none());
        for (at, keys) in self.keys.iter().enumerate() {
            key[at] = keys.key(doc, score);
            if !past {
                let (after, length) =
                    self.after.as_ref().map_or((&key, 0), |(after, length)| (after, *length));
                match key[at].cmp(&after[at]) {
                    std::cmp::Ordering::Less => return,
                    std::cmp::Ordering::Equal if at + 1 >= length => return,
                    std::cmp::Ordering::Equal => {}
                    std::cmp::Ordering::Greater => past = true,
                }
            }
            if let Some(bound) = self.bound.as_ref().filter(|_| !inside) {
                match key[at].cmp(&bound[at]) {
                    std::cmp::Ordering::Greater => return,
                    std::cmp::Ordering::Equal => {}
                    std::cmp::Ordering::Less => inside = true,
                }
            }
        }
        self.found.push((key, doc, score));
        if self.found.len() >= 2 * self.limit.max(64) {
            self.shrink();
        }
    }

    fn shrink(&mut self) {
        if self.found.len() > self.limit {
            self.found.select_nth_unstable_by(self.limit - 1, |a, b| a.0.cmp(&b.0));
            self.found.truncate(self.limit);
            self.bound = self.found.last().map(|(key, ..)| *key);
        }
    }

    fn hits(mut self, plan: &Plan<'_>, ord: u32) -> Result<Vec<Hit>> {
        self.shrink();
        let text = plan.sort.iter().any(Resolved::is_text);
        let hit = |(key, doc, score): &(Key, DocId, Score)| {
            let order = if text { Order::Parts(self.parts(key)?) } else { Order::Numbers(*key) };
            Ok(Hit { order, view: plan.view, address: DocAddress::new(ord, *doc), score: *score })
        };
        self.found.iter().map(hit).collect()
    }

    fn parts(&self, key: &Key) -> Result<Vec<Part>> {
        self.keys.iter().zip(key).map(|(keys, key)| keys.part(*key)).collect()
    }
}

/// The keys of `search_after` in this segment, and how many of them were given.
fn after(sorts: &[Resolved], keys: &[Keys], values: &[Value]) -> Result<(Key, usize)> {
    let mut after = [0; MAX_KEYS];
    for (at, ((sort, keys), value)) in sorts.iter().zip(keys).zip(values).enumerate() {
        after[at] = if sort.is_text() { keys.after_text(value)? } else { sort.after_number(value)? };
    }
    Ok((after, values.len()))
}
