//! One document: get, index, create, update, delete.

use serde_json::{Map, Value};

use super::pipeline;
use crate::call::{Call, Reply};
use crate::failure::{Failure, Result};
use crate::identity;
use crate::options::Options;
use crate::search::SourceFilter;
use crate::store::{Action, Condition, Index, Node, Operation, Outcome, Source, Update, Written};
use crate::tree::{Tree, object};

const WRITING: [&str; 7] =
    ["refresh", "if_seq_no", "if_primary_term", "op_type", "timeout", "wait_for_active_shards", "pipeline"];
const MAX_ID_BYTES: usize = 512;

/// Index and id.
type At<'a> = (&'a str, &'a str);

pub(super) fn get(node: &Node, call: &Call, (name, id): At<'_>) -> Result<Reply> {
    call.allow(&["_source", "_source_includes", "_source_excludes", "realtime", "refresh", "preference"])?;
    let index = node.index(name)?;
    refresh_before(call, &index)?;
    let mut tree = object! { "_index" => index.meta().name.clone(), "_id" => id };
    let Some(found) = index.get(id)? else {
        tree.push("found", false);
        return Ok(Reply::new(404, tree));
    };
    tree.push("_version", found.version);
    tree.push("_seq_no", found.seq);
    tree.push("_primary_term", 1);
    tree.push("found", true);
    let filter = source_filter(call);
    if filter.wants_any() {
        tree.push("_source", filter.apply(crate::search::raw(found.source)?)?);
    }
    Ok(tree.into())
}

pub(super) fn get_source(node: &Node, call: &Call, (name, id): At<'_>) -> Result<Reply> {
    call.allow(&["_source", "_source_includes", "_source_excludes", "realtime", "refresh", "preference"])?;
    let index = node.index(name)?;
    let filter = source_filter(call);
    if !filter.wants_any() {
        return Err(Failure::new(
            400,
            "action_request_validation_exception",
            "Validation Failed: 1: fetching source can not be disabled;",
        ));
    }
    refresh_before(call, &index)?;
    match index.get(id)? {
        Some(found) => Ok(filter.apply(crate::search::raw(found.source)?)?.into()),
        None => {
            let reason = format!("Document not found [{}]/[{id}]", index.meta().name);
            Err(Failure::new(404, "resource_not_found_exception", reason))
        }
    }
}

fn refresh_before(call: &Call, index: &Index) -> Result<()> {
    if call.parameter("realtime") == Some("false") {
        return Err(Failure::unsupported("[realtime=false]"));
    }
    if call.flag("refresh") { index.refresh() } else { Ok(()) }
}

fn source_filter(call: &Call) -> SourceFilter {
    let parameter = |key: &str| call.parameter(key).map(str::to_owned);
    SourceFilter::from_parameters(
        parameter("_source"),
        parameter("_source_includes"),
        parameter("_source_excludes"),
    )
    .unwrap_or_default()
}

pub(super) fn add(node: &Node, call: &Call, name: &str) -> Result<Reply> {
    let source = source(call)?;
    write(
        node,
        call,
        name,
        Operation { id: identity::unique(), action: Action::Add(source), condition: None },
    )
}

pub(super) fn index(node: &Node, call: &Call, (name, id): At<'_>) -> Result<Reply> {
    let action = match call.parameter("op_type") {
        None | Some("index") => Action::Index(source(call)?),
        Some("create") => Action::Create(source(call)?),
        Some(other) => {
            return Err(Failure::argument(format!("opType must be 'create' or 'index', found: [{other}]")));
        }
    };
    write(node, call, name, Operation { id: id.to_owned(), action, condition: condition(call)? })
}

pub(super) fn create(node: &Node, call: &Call, (name, id): At<'_>) -> Result<Reply> {
    write(
        node,
        call,
        name,
        Operation { id: id.to_owned(), action: Action::Create(source(call)?), condition: None },
    )
}

pub(super) fn delete(node: &Node, call: &Call, (name, id): At<'_>) -> Result<Reply> {
    node.index(name)?;
    write(
        node,
        call,
        name,
        Operation { id: id.to_owned(), action: Action::Delete, condition: condition(call)? },
    )
}

pub(super) fn update(node: &Node, call: &Call, (name, id): At<'_>) -> Result<Reply> {
    let body = call.json()?;
    let action = update_action(&body)?;
    write(node, call, name, Operation { id: id.to_owned(), action, condition: condition(call)? })
}

/// Reads the body of an update: `doc`, `doc_as_upsert`, `upsert`, `detect_noop`.
pub(super) fn update_action(body: &Value) -> Result<Action> {
    let mut options = Options::new("update", body)?;
    let doc = options.take("doc").map(object_of).transpose()?;
    let as_upsert = options.flag("doc_as_upsert")?.unwrap_or(false);
    let upsert = options.take("upsert").map(object_of).transpose()?;
    let detect_noop = options.flag("detect_noop")?.unwrap_or(true);
    options.finish()?;
    let doc = doc.ok_or_else(|| invalid("script or doc is missing"))?;
    let upsert = if as_upsert { Some(doc.clone()) } else { upsert };
    Ok(Action::Update(Update { doc, upsert, detect_noop }))
}

fn object_of(value: &Value) -> Result<Map<String, Value>> {
    value
        .as_object()
        .cloned()
        .ok_or_else(|| Failure::parsing(format!("a document must be an object but is {value}")))
}

fn source(call: &Call) -> Result<Source> {
    if call.body.is_empty() {
        return Err(Failure::parsing("request body is required"));
    }
    parse_source(call.body.clone())
}

/// Reads a document.
pub(super) fn parse_source(bytes: bytes::Bytes) -> Result<Source> {
    match serde_json::from_slice(&bytes) {
        Ok(parsed) => Ok(Source { bytes, parsed }),
        Err(error) => Err(Failure::new(400, "document_parsing_exception", "failed to parse")
            .caused_by(Failure::new(400, "json_parse_exception", error.to_string()))),
    }
}

fn condition(call: &Call) -> Result<Option<Condition>> {
    both(call.number("if_seq_no")?, call.number("if_primary_term")?)
}

/// Both halves of a condition, or neither.
pub(super) fn both(seq: Option<u64>, term: Option<u64>) -> Result<Option<Condition>> {
    match (seq, term) {
        (None, None) => Ok(None),
        (Some(seq), Some(term)) => Ok(Some(Condition::Seen { seq, term })),
        (Some(_), None) => Err(invalid("ifSeqNo is set, but primary term is [0]")),
        (None, Some(term)) => Err(invalid(&format!("ifSeqNo is unassigned, but primary term is [{term}]"))),
    }
}

/// A version that another system keeps.
pub(super) fn external(version: Option<u64>, kind: Option<&str>) -> Result<Option<Condition>> {
    match (version, kind) {
        (None, None | Some("internal")) => Ok(None),
        (Some(version), Some("external" | "external_gt")) => {
            Ok(Some(Condition::External { version, or_equal: false }))
        }
        (Some(version), Some("external_gte")) => Ok(Some(Condition::External { version, or_equal: true })),
        (Some(_), None | Some("internal")) => Err(invalid(
            "internal versioning can not be used for optimistic concurrency control. Please use `if_seq_no` and `if_primary_term` \
             instead",
        )),
        (None, Some(_)) => Err(invalid("illegal version value [-3] for version type [EXTERNAL]")),
        (_, Some(other)) => Err(Failure::argument(format!("No version type match [{other}]"))),
    }
}

/// Refuses ids that the real one refuses.
pub(super) fn check_id(id: &str) -> Result<()> {
    if id.len() > MAX_ID_BYTES {
        let length = id.len();
        return Err(invalid(&format!(
            "id [{id}] is too long, must be no longer than {MAX_ID_BYTES} bytes but was: {length}"
        )));
    }
    Ok(())
}

fn invalid(problem: &str) -> Failure {
    Failure::new(400, "action_request_validation_exception", format!("Validation Failed: 1: {problem};"))
}

fn write(node: &Node, call: &Call, name: &str, operation: Operation) -> Result<Reply> {
    call.allow(&WRITING)?;
    pipeline::refused(call)?;
    check_id(&operation.id)?;
    let refresh = Refresh::read(call)?;
    let id = operation.id.clone();
    let index = node.index_or_create(name)?;
    let written =
        index.write(vec![operation])?.pop().unwrap_or_else(|| Err(Failure::internal("no result")))?;
    if refresh != Refresh::No {
        index.refresh()?;
    }
    Ok(Reply::new(status(written.outcome), describe(&index, &id, written, refresh)))
}

/// When a write is to become visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refresh {
    No,
    Now,
    Wait,
}

impl Refresh {
    pub(super) fn read(call: &Call) -> Result<Self> {
        match call.parameter("refresh") {
            None | Some("false") => Ok(Refresh::No),
            Some("" | "true") => Ok(Refresh::Now),
            Some("wait_for") => Ok(Refresh::Wait),
            Some(other) => Err(Failure::argument(format!("Unknown value for refresh: [{other}]."))),
        }
    }
}

/// The status of an outcome.
pub(super) fn status(outcome: Outcome) -> u16 {
    match outcome {
        Outcome::Created => 201,
        Outcome::NotFound => 404,
        _ => 200,
    }
}

/// What the answer tells of one write.
pub(super) fn describe(index: &Index, id: &str, written: Written, refresh: Refresh) -> Tree {
    let meta = index.meta();
    let result = match written.outcome {
        Outcome::Created => "created",
        Outcome::Updated => "updated",
        Outcome::Deleted => "deleted",
        Outcome::NotFound => "not_found",
        Outcome::Noop => "noop",
    };
    let mut tree = object! { "_index" => meta.name.clone(), "_id" => id, "_version" => written.version, "result" => result };
    if refresh == Refresh::Now {
        tree.push("forced_refresh", true);
    }
    tree.push("_shards", object! { "total" => meta.settings.copies(), "successful" => 1, "failed" => 0 });
    tree.push("_seq_no", written.seq);
    tree.push("_primary_term", 1);
    tree
}
