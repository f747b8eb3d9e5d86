//! Search: from a request to the answer's tree.

mod aggregation;
mod collect;
mod doc_values;
mod fetch;
mod field_data;
mod highlight;
mod pit;
mod request;
mod sort;
mod source_filter;

use std::time::Instant;

use serde_json::Value;

use self::collect::{Plan, Top};
use self::fetch::Fetch;
pub(crate) use self::fetch::raw;
pub(crate) use self::pit::{Pits, keep_alive};
pub(crate) use self::request::Request;
use self::sort::Resolved;
pub(crate) use self::source_filter::SourceFilter;
use crate::failure::{Failure, Result};
use crate::filter_path::FilterPath;
use crate::query::{self, Context};
use crate::store::View;
use crate::tree::{Tree, object};

/// Runs a search over the views of one or more indices.
///
/// # Errors
/// The request's own, or that of the first index that fails.
pub(crate) fn run(views: &[View], request: &Request, filter: &FilterPath) -> Result<Tree> {
    let started = Instant::now();
    let mut top = Top::new(request.window(), &request.aggregations);
    let mut orders = Vec::with_capacity(views.len());
    for (ord, view) in views.iter().enumerate() {
        let order = collect_view(ord, view, request, &mut top);
        orders.push(order.map_err(|failure| failure.of_shard(&view.meta.name))?);
    }
    let hits = top.hits.get(request.from..).unwrap_or_default();
    let fetched = fetch::hits(&Fetch { views, orders: &orders, request, filter }, hits)?;
    let mut answer = object! {};
    if let Some(pit) = &request.pit {
        answer.push("pit_id", pit.clone());
    }
    answer.push("took", started.elapsed().as_millis() as u64);
    answer.push("timed_out", false);
    answer.push("_shards", shards(views.len()));
    answer.push("hits", hits_of(request, &top, (views.len(), fetched)));
    if let Some(running) = top.aggregations.filter(|_| !views.is_empty()) {
        answer.push("aggregations", running.finish()?);
    }
    Ok(answer)
}

/// How many documents match.
pub(crate) fn count(views: &[View], request: &Request) -> Result<Tree> {
    let mut total = 0;
    for view in views {
        let query = query_of(Context::new(&view.meta.mapping, view.fields), request);
        let query = query.map_err(|failure| failure.of_shard(&view.meta.name))?;
        total += view.searcher.search(&query, &tantivy::collector::Count)?;
    }
    Ok(object! { "count" => total, "_shards" => shards(views.len()) })
}

/// Collects from one view and tells the order of its hits.
fn collect_view(ord: usize, view: &View, request: &Request, top: &mut Top<'_>) -> Result<Vec<Resolved>> {
    let limit = view.meta.settings.max_result_window();
    if request.window() > limit {
        return Err(window_too_large(request.window(), limit));
    }
    let order = sort::resolve(&request.sort, view, request.pit.is_some())?;
    let context = Context::new(&view.meta.mapping, view.fields);
    if let Some(highlight) = &request.highlight {
        highlight.check(context)?;
    }
    let plan = Plan {
        view: ord,
        query: query_of(context, request)?,
        sort: &order,
        after: request.after.as_deref(),
        slice: request.slice,
        scores: request.scores(),
    };
    collect::collect(view, &plan, top)?;
    Ok(order)
}

fn query_of(context: Context<'_>, request: &Request) -> Result<query::BoxQuery> {
    match &request.text {
        Some((text, and)) => query::from_text(context, text, *and),
        None => query::build(context, &request.query),
    }
}

fn hits_of(request: &Request, top: &Top<'_>, (indices, fetched): (usize, Tree)) -> Tree {
    let mut hits = object! {};
    match request.track_total {
        None => {}
        Some(_) if indices == 0 => hits.push("total", object! { "value" => 0, "relation" => "eq" }),
        Some(limit) if top.total > limit || (limit == 0 && request.size == 0) => {
            hits.push("total", object! { "value" => limit, "relation" => "gte" })
        }
        Some(_) => hits.push("total", object! { "value" => top.total, "relation" => "eq" }),
    }
    let best = match indices {
        // Where nothing was searched, the best of all is 0.
        0 => Some(0.0),
        _ if request.sort.is_empty() => top.hits.iter().map(|hit| hit.score).reduce(f32::max),
        _ => None,
    };
    hits.push("max_score", best.map_or(Value::Null, score));
    hits.push("hits", fetched);
    hits
}

/// A score as it is printed: the shortest text of the 32-bit number.
fn score(score: f32) -> Value {
    score
        .to_string()
        .parse::<f64>()
        .ok()
        .and_then(serde_json::Number::from_f64)
        .map_or(Value::Null, Value::Number)
}

/// Every index is one shard, and none of them fails alone.
pub(crate) fn shards(count: usize) -> Tree {
    object! { "total" => count, "successful" => count, "skipped" => 0, "failed" => 0 }
}

fn window_too_large(asked: usize, limit: usize) -> Failure {
    Failure::argument(format!(
        "Result window is too large, from + size must be less than or equal to: [{limit}] but was [{asked}]. See the \
         scroll api for a more efficient way to request large data sets. This limit can be set by changing the \
         [index.max_result_window] index level setting."
    ))
}
