//! Aggregations: terms and histograms, metrics, and these inside those.

mod collect;
mod render;
mod state;

use serde_json::Value;
use tantivy::{DocId, SegmentReader};

use self::collect::Bound;
use self::state::State;
use super::field_data::{no_doc_values, no_field_data};
use crate::failure::{Failure, Result};
use crate::mapping::{Field, Kind};
use crate::options::Options;
use crate::store::View;
use crate::tree::Tree;

const MAX_DEPTH: usize = 10;
/// As many buckets as the real one allows in one answer.
const MAX_BUCKETS: usize = 65_536;

/// One aggregation, as it was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Aggregation {
    name: String,
    field: String,
    what: What,
    subs: Vec<Aggregation>,
}

#[derive(Debug, Clone)]
enum What {
    Terms(Terms),
    Histogram { interval: f64, offset: f64, min_doc_count: u64 },
    Metric(Metric),
}

#[derive(Debug, Clone)]
struct Terms {
    size: usize,
    /// As many buckets are found; those with too few documents are left out of these.
    shard_size: usize,
    order: Vec<Order>,
    min_doc_count: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Metric {
    Count,
    Sum,
    Min,
    Max,
    Average,
}

#[derive(Debug, Clone)]
struct Order {
    by: By,
    descending: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum By {
    Count,
    Key,
    Metric(String),
}

/// Reads the `aggs` of a search or of a bucket.
pub(super) fn read(value: &Value) -> Result<Vec<Aggregation>> {
    read_level(value, 0)
}

fn read_level(value: &Value, depth: usize) -> Result<Vec<Aggregation>> {
    if depth == MAX_DEPTH {
        return Err(Failure::unsupported(format!("aggregations nested more than {MAX_DEPTH} levels deep")));
    }
    let members = value.as_object().ok_or_else(|| Failure::parsing("[aggs] must be an object"))?;
    members.iter().map(|(name, value)| read_one(name, value, depth)).collect()
}

fn read_one(name: &str, value: &Value, depth: usize) -> Result<Aggregation> {
    let mut options = Options::new(name, value)?;
    let subs = [options.take("aggs"), options.take("aggregations")].into_iter().flatten().next();
    let subs = subs.map(|subs| read_level(subs, depth + 1)).transpose()?.unwrap_or_default();
    let (kind, body) = options
        .only()
        .map_err(|_| Failure::parsing(format!("Missing definition for aggregation [{name}]")))?;
    let mut options = Options::new(kind, body)?;
    let field = options
        .text("field")?
        .ok_or_else(|| Failure::unsupported(format!("the aggregation [{kind}] without a field")))?;
    let what = match kind {
        "terms" => terms(&mut options)?,
        "histogram" => histogram(name, &mut options)?,
        "value_count" => What::Metric(Metric::Count),
        "sum" => What::Metric(Metric::Sum),
        "min" => What::Metric(Metric::Min),
        "max" => What::Metric(Metric::Max),
        "avg" => What::Metric(Metric::Average),
        other => return Err(Failure::unsupported(format!("the aggregation [{other}]"))),
    };
    options.finish()?;
    check_order(&what, &subs)?;
    if matches!(what, What::Metric(_)) && !subs.is_empty() {
        return Err(Failure::new(
            400,
            "aggregation_initialization_exception",
            format!("Aggregator [{name}] of type [{kind}] cannot accept sub-aggregations"),
        ));
    }
    Ok(Aggregation { name: name.to_owned(), field: field.to_owned(), what, subs })
}

/// # Errors
/// If buckets are ordered by a sub-aggregation that is not there.
fn check_order(what: &What, subs: &[Aggregation]) -> Result<()> {
    let What::Terms(Terms { order, .. }) = what else { return Ok(()) };
    for Order { by, .. } in order {
        if let By::Metric(name) = by
            && !subs.iter().any(|sub| sub.name == *name && matches!(sub.what, What::Metric(_)))
        {
            return Err(Failure::argument(format!(
                "Invalid aggregation order path [{name}]. Cannot find aggregation named [{name}]"
            )));
        }
    }
    Ok(())
}

fn terms(options: &mut Options<'_>) -> Result<What> {
    let size = options.count("size")?.unwrap_or(10);
    if size == 0 {
        return Err(Failure::argument("[size] must be greater than 0. Found [0] in [terms]"));
    }
    let shard_size = options.count("shard_size")?;
    let mut order = Vec::new();
    for item in options.list("order") {
        for (by, direction) in
            item.as_object().ok_or_else(|| Failure::parsing("[order] must be an object"))?
        {
            let by = match by.as_str() {
                "_count" => By::Count,
                "_key" => By::Key,
                metric => By::Metric(metric.to_owned()),
            };
            let descending = match direction.as_str() {
                Some("desc") => true,
                Some("asc") => false,
                _ => return Err(Failure::parsing(format!("Unknown order direction [{direction}]"))),
            };
            order.push(Order { by, descending });
        }
        if order.is_empty() {
            return Err(Failure::parsing("Must specify at least one field for [order]"));
        }
    }
    if order.is_empty() {
        order.push(Order { by: By::Count, descending: true });
    }
    let by_key = order.first().is_some_and(|first| first.by == By::Key);
    let usual = if by_key { size } else { size + size / 2 + 10 };
    let shard_size = shard_size.unwrap_or(usual).max(size);
    let min_doc_count = options.count("min_doc_count")?.unwrap_or(1) as u64;
    if min_doc_count == 0 {
        return Err(Failure::unsupported("[terms] with min_doc_count 0"));
    }
    Ok(What::Terms(Terms { size, shard_size, order, min_doc_count }))
}

fn histogram(name: &str, options: &mut Options<'_>) -> Result<What> {
    let interval = options.double("interval")?.unwrap_or(0.0);
    if interval.is_nan() || interval <= 0.0 {
        return Err(Failure::new(
            400,
            "x_content_parse_exception",
            "[histogram] failed to parse field [interval]",
        )
        .caused_by(Failure::argument(format!("[interval] must be >0 for histogram aggregation [{name}]"))));
    }
    let offset = options.double("offset")?.unwrap_or(0.0);
    let min_doc_count = options.count("min_doc_count")?.unwrap_or(0) as u64;
    Ok(What::Histogram { interval, offset, min_doc_count })
}

/// The aggregations of a search while documents are collected.
pub(super) struct Running<'a> {
    asked: &'a [Aggregation],
    states: Vec<State>,
    /// The type of each aggregation's field, by the order of a walk; the first index that maps it decides.
    kinds: Vec<Option<Kind>>,
}

impl<'a> Running<'a> {
    pub(super) fn new(asked: &'a [Aggregation]) -> Self {
        Running { asked, states: state::of(asked), kinds: Vec::new() }
    }

    /// Prepares for the documents of an index.
    ///
    /// # Errors
    /// If a field can't be aggregated.
    pub(super) fn enter(&mut self, view: &View) -> Result<Vec<Resolved>> {
        let resolved = resolve(self.asked, view)?;
        let mut kinds = Vec::new();
        walk(&resolved, &mut kinds);
        if self.kinds.is_empty() {
            self.kinds = kinds;
        } else {
            self.kinds.iter_mut().zip(kinds).for_each(|(known, kind)| *known = known.or(kind));
        }
        Ok(resolved)
    }

    /// Adds the matching documents of one segment.
    pub(super) fn add(
        &mut self,
        resolved: &[Resolved],
        segment: &SegmentReader,
        docs: &[DocId],
    ) -> Result<()> {
        let bound = resolved.iter().map(|one| Bound::open(one, segment)).collect::<Result<Vec<_>>>()?;
        for (bound, state) in bound.iter().zip(&mut self.states) {
            bound.collect(docs, state);
        }
        Ok(())
    }

    /// The `aggregations` object.
    pub(super) fn finish(self) -> Result<Tree> {
        render::render(self.asked, self.states, &self.kinds)
    }
}

/// An aggregation against the mapping of one index.
pub(super) struct Resolved {
    what: What,
    field: Option<(String, Field)>,
    subs: Vec<Resolved>,
}

fn resolve(asked: &[Aggregation], view: &View) -> Result<Vec<Resolved>> {
    asked
        .iter()
        .map(|one| {
            let field = field(one, view)?;
            Ok(Resolved { what: one.what.clone(), field, subs: resolve(&one.subs, view)? })
        })
        .collect()
}

fn field(one: &Aggregation, view: &View) -> Result<Option<(String, Field)>> {
    if one.field == "_id" {
        return Err(Failure::argument(
            "Fielddata access on the _id field is disallowed, you can re-enable it by updating the dynamic cluster \
             setting: indices.id_field_data.enabled",
        ));
    }
    let Some(found) = view.meta.mapping.field(&one.field) else {
        return Ok(None);
    };
    let name = match one.what {
        What::Histogram { .. } => Some("histogram"),
        What::Metric(Metric::Sum) => Some("sum"),
        What::Metric(Metric::Min) => Some("min"),
        What::Metric(Metric::Max) => Some("max"),
        What::Metric(Metric::Average) => Some("avg"),
        What::Metric(Metric::Count) | What::Terms(_) => None,
    };
    match (found.field.kind, name) {
        (Kind::Text, _) => Err(no_field_data(&found.path, &view.meta.name)),
        (Kind::GeoPoint, name) => Err(Failure::argument(format!(
            "Field [{}] of type [geo_point] is not supported for aggregation [{}]",
            found.path,
            name.unwrap_or("terms")
        ))),
        _ if !found.field.doc_values => Err(no_doc_values(&found.path)),
        (Kind::Keyword, Some(name)) => Err(Failure::argument(format!(
            "Field [{}] of type [keyword] is not supported for aggregation [{name}]",
            found.path
        ))),
        _ => Ok(Some((found.path, found.field.clone()))),
    }
}

fn walk(resolved: &[Resolved], kinds: &mut Vec<Option<Kind>>) {
    for one in resolved {
        kinds.push(one.field.as_ref().map(|(_, field)| field.kind));
        walk(&one.subs, kinds);
    }
}
