//! Search, count, and points in time.

use std::sync::Arc;

use super::limits;
use crate::call::{Call, Reply};
use crate::failure::{Failure, Result};
use crate::options::Options;
use crate::search::{self, Request, keep_alive, shards};
use crate::store::{Index, Node, View};
use crate::tree::object;

const PARAMETERS: [&str; 14] = [
    "q",
    "default_operator",
    "from",
    "size",
    "sort",
    "track_total_hits",
    "docvalue_fields",
    "_source",
    "_source_includes",
    "_source_excludes",
    "ignore_unavailable",
    "allow_no_indices",
    "expand_wildcards",
    "request_cache",
];

/// The indices of an expression, as the call's `ignore_unavailable`, `allow_no_indices` and
/// `expand_wildcards` want them.
pub(super) fn select(node: &Node, call: &Call, names: &str) -> Result<Vec<Arc<Index>>> {
    if let Some(other) = call.parameter("expand_wildcards").filter(|states| *states != "open") {
        return Err(Failure::unsupported(format!("[expand_wildcards={other}]")));
    }
    let mut chosen = Vec::new();
    for name in names.split(',') {
        match node.select(name) {
            Ok(found) => chosen.extend(found),
            Err(failure) if failure.status() == 404 && call.flag("ignore_unavailable") => {}
            Err(failure) => return Err(failure),
        }
    }
    if chosen.is_empty() && call.parameter("allow_no_indices") == Some("false") {
        return Err(Failure::index_not_found(names));
    }
    chosen.sort_by_key(|index| index.meta().name.clone());
    chosen.dedup_by_key(|index| index.meta().name.clone());
    Ok(chosen)
}

pub(super) fn search(node: &Node, call: &Call, names: Option<&str>) -> Result<Reply> {
    call.allow(&PARAMETERS)?;
    let body = call.json()?;
    limits::check(&body)?;
    let request = Request::read(&body, |key| call.parameter(key).map(str::to_owned))?;
    let views = match (&request.pit, names) {
        (Some(_), Some(_)) => {
            return Err(Failure::new(
                400,
                "action_request_validation_exception",
                "Validation Failed: 1: [indices] cannot be used with point in time. Do not specify any index with point in time.;",
            ));
        }
        (Some(pit), None) => node.pits.views(pit, request.keep_alive)?,
        (None, names) => views(node, call, names.unwrap_or("_all"))?,
    };
    Ok(search::run(&views, &request, &call.filter)?.into())
}

pub(super) fn count(node: &Node, call: &Call, names: &str) -> Result<Reply> {
    call.allow(&["q", "default_operator", "ignore_unavailable", "allow_no_indices", "expand_wildcards"])?;
    let body = call.json()?;
    limits::check(&body)?;
    let mut options = Options::new("count", &body)?;
    options.take("query");
    options.finish()?;
    let request = Request::read(&body, |key| call.parameter(key).map(str::to_owned))?;
    Ok(search::count(&views(node, call, names)?, &request)?.into())
}

pub(super) fn open_pit(node: &Node, call: &Call, names: &str) -> Result<Reply> {
    call.allow(&["keep_alive", "ignore_unavailable", "allow_no_indices", "expand_wildcards", "preference"])?;
    let time = call.parameter("keep_alive").ok_or_else(|| {
        Failure::new(
            400,
            "action_request_validation_exception",
            "Validation Failed: 1: [keep_alive] is not specified;",
        )
    })?;
    let views = views(node, call, names)?;
    let count = views.len();
    let id = node.pits.open(views, keep_alive(time)?);
    Ok(object! { "id" => id, "_shards" => shards(count) }.into())
}

pub(super) fn close_pit(node: &Node, call: &Call) -> Result<Reply> {
    call.allow(&[])?;
    let body = call.json()?;
    let mut options = Options::new("close point in time", &body)?;
    let id = options.text("id")?.ok_or_else(|| Failure::argument("Required [id]"))?;
    options.finish()?;
    let closed = node.pits.close(id);
    Ok(Reply::new(
        if closed { 200 } else { 404 },
        object! { "succeeded" => true, "num_freed" => u64::from(closed) },
    ))
}

fn views(node: &Node, call: &Call, names: &str) -> Result<Vec<View>> {
    select(node, call, names)?.iter().map(|index| index.view()).collect()
}
