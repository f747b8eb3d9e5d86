//! Fetching: what the answer shows of each hit.

use std::collections::HashMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::collect::{Hit, Order};
use super::doc_values::{self, Wanted};
use super::request::Request;
use super::sort::Resolved;
use super::{highlight, score};
use crate::failure::{Failure, Result};
use crate::filter_path::FilterPath;
use crate::mapping::{IGNORED, IGNORED_FIELD};
use crate::query::{self, Context, Fragment};
use crate::store::{Columns, View, sequence, stored, versions};
use crate::tree::{Tree, object};

/// What the hits are fetched from, and for whom.
pub(super) struct Fetch<'a> {
    pub(super) views: &'a [View],
    /// The order of hits in each view.
    pub(super) orders: &'a [Vec<Resolved>],
    pub(super) request: &'a Request,
    pub(super) filter: &'a FilterPath,
}

/// What is the same for all hits of one view.
struct PerView {
    doc_values: Vec<Wanted>,
    fragments: Vec<Fragment>,
}

/// The `hits` array.
pub(super) fn hits(fetch: &Fetch<'_>, hits: &[Hit]) -> Result<Tree> {
    if hits.is_empty() || !fetch.filter.wants(&["hits", "hits"]) {
        return Ok(Tree::Array(Vec::new()));
    }
    let mut per_view = Vec::new();
    for view in fetch.views {
        let doc_values = doc_values::resolve(&fetch.request.doc_values, view)?;
        let context = Context::new(&view.meta.mapping, view.fields);
        let fragments = fragments(context, fetch.request);
        per_view.push(PerView { doc_values, fragments });
    }
    let shows_ignored = fetch.request.stored && fetch.wants(IGNORED);
    let (mut columns, mut ignored) = (HashMap::new(), HashMap::new());
    let mut fetched = Vec::with_capacity(hits.len());
    for hit in hits {
        let own = &per_view[hit.view];
        let mut tree = one(fetch, hit, own)?;
        if shows_ignored {
            add_ignored(fetch, hit, (&mut ignored, &mut tree))?;
        }
        if !own.doc_values.is_empty() && fetch.wants("fields") {
            let key = (hit.view, hit.address.segment_ord);
            let columns = match columns.entry(key) {
                std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
                std::collections::hash_map::Entry::Vacant(entry) => {
                    let segment = fetch.views[hit.view].searcher.segment_reader(hit.address.segment_ord);
                    entry.insert(doc_values::open(&own.doc_values, segment)?)
                }
            };
            let fields = doc_values::fields(&own.doc_values, columns, hit.address.doc_id)?;
            if !fields.is_empty() {
                tree.push("fields", Tree::Object(fields));
            }
        }
        finish(fetch, hit, &mut tree);
        fetched.push(tree);
    }
    Ok(Tree::Array(fetched))
}

impl Fetch<'_> {
    fn wants(&self, member: &str) -> bool {
        self.filter.wants(&["hits", "hits", member])
    }
}

/// Columns of what was not indexed, by view and segment.
type IgnoredColumns = HashMap<(usize, u32), Columns>;

/// Names the fields of a document that are not in the index, where there are some.
fn add_ignored(
    fetch: &Fetch<'_>,
    hit: &Hit,
    (columns, tree): (&mut IgnoredColumns, &mut Tree),
) -> Result<()> {
    let column = match columns.entry((hit.view, hit.address.segment_ord)) {
        std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
        std::collections::hash_map::Entry::Vacant(entry) => {
            let segment = fetch.views[hit.view].searcher.segment_reader(hit.address.segment_ord);
            entry.insert(Columns::open(segment, IGNORED, &IGNORED_FIELD)?)
        }
    };
    let names = doc_values::texts(column, hit.address.doc_id)?;
    if !names.is_empty() {
        tree.push(IGNORED, names);
    }
    Ok(())
}

fn one(fetch: &Fetch<'_>, hit: &Hit, own: &PerView) -> Result<Tree> {
    let Fetch { views, request, .. } = fetch;
    let view = &views[hit.view];
    let mut tree = object! { "_index" => view.meta.name.clone() };
    let source = request.stored && request.source.wants_any() && fetch.wants("_source");
    let marks = request.highlight.is_some() && fetch.wants("highlight");
    let document = if source || marks || (request.stored && fetch.wants("_id")) {
        Some(stored(&view.searcher, view.fields, hit.address)?)
    } else {
        None
    };
    if let Some((id, _)) = document.as_ref().filter(|_| request.stored) {
        tree.push("_id", id.clone());
    }
    let segment = view.searcher.segment_reader(hit.address.segment_ord);
    if request.version {
        tree.push("_version", versions(segment)?.first(hit.address.doc_id));
    }
    if request.seq_no {
        tree.push("_seq_no", sequence(segment)?.first(hit.address.doc_id));
        tree.push("_primary_term", 1);
    }
    tree.push("_score", if request.sorted_by_score() { score(hit.score) } else { Value::Null });
    if let Some((_, bytes)) = document {
        if source {
            tree.push("_source", request.source.apply(raw(bytes.clone())?)?);
        }
        if marks {
            add_highlight(fetch, &bytes, (view, own), &mut tree)?;
        }
    }
    Ok(tree)
}

fn add_highlight(
    fetch: &Fetch<'_>,
    source: &[u8],
    (view, own): (&View, &PerView),
    tree: &mut Tree,
) -> Result<()> {
    if let Some(asked) = &fetch.request.highlight {
        let source = serde_json::from_slice(source).map_err(Failure::internal)?;
        let marked = highlight::mark(asked, &own.fragments, &view.meta.mapping, &source);
        if !marked.is_empty() {
            tree.push("highlight", Tree::Object(marked));
        }
    }
    Ok(())
}

fn finish(fetch: &Fetch<'_>, hit: &Hit, tree: &mut Tree) {
    let request = fetch.request;
    let shown = match (&request.after, request.pit.is_some()) {
        _ if request.sort.is_empty() => return,
        (Some(after), _) => after.len(),
        (None, true) => usize::MAX,
        (None, false) => request.sort.len(),
    };
    let orders = fetch.orders[hit.view].iter().take(shown);
    let values: Vec<Value> = match &hit.order {
        Order::Numbers(keys) => orders.zip(keys).map(|(order, key)| order.show_number(*key)).collect(),
        Order::Parts(parts) => orders.zip(parts).map(|(order, part)| order.show(part)).collect(),
    };
    tree.push("sort", values);
}

/// A stored source, not parsed.
pub(crate) fn raw(source: Vec<u8>) -> Result<Box<RawValue>> {
    let text = String::from_utf8(source).map_err(Failure::internal)?;
    RawValue::from_string(text).map_err(Failure::internal)
}

/// What is marked in the index of a context: by the highlight's own query, or by that of the search.
fn fragments(context: Context<'_>, request: &Request) -> Vec<Fragment> {
    let Some(highlight) = &request.highlight else { return Vec::new() };
    highlight.fragments(context).unwrap_or_else(|| fragments_of(context, request))
}

/// What the query of the search marks in the index of a context.
fn fragments_of(context: Context<'_>, request: &Request) -> Vec<Fragment> {
    let mut fragments = query::fragments(context, &request.query);
    if let Some((text, _)) = &request.text {
        fragments.extend(query::fragments(context, &serde_json::json!({"query_string": {"query": text}})));
    }
    fragments
}
