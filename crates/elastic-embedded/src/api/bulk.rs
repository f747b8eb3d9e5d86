//! Bulk: many operations in one request.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use serde_json::Value;

use super::document::{self, Refresh};
use super::pipeline;
use crate::call::{Call, Reply};
use crate::failure::{Failure, Result};
use crate::identity;
use crate::options::Options;
use crate::store::{Action, Condition, Index, Node, Operation, Written};
use crate::tree::{Tree, object};

/// One operation of a bulk and what became of it.
struct Item {
    kind: &'static str,
    index: String,
    id: String,
    /// True where the name must be an alias; then the operation makes no index either.
    requires_alias: bool,
    operation: Option<Operation>,
    result: Result<Written>,
}

pub(super) fn bulk(node: &Node, call: &Call, default: Option<&str>) -> Result<Reply> {
    call.allow(&["refresh", "timeout", "wait_for_active_shards", "pipeline", "require_alias"])?;
    let started = Instant::now();
    let refresh = Refresh::read(call)?;
    let defaults = Defaults { index: default, requires_alias: call.flag("require_alias") };
    let mut items = parse(&call.body, defaults)?;
    if let Err(refused) = pipeline::refused(call) {
        for item in items.iter_mut().filter(|item| item.kind != "delete" && item.operation.is_some()) {
            (item.operation, item.result) = (None, Err(refused.clone()));
        }
    }
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, item) in items.iter().enumerate().filter(|(_, item)| item.operation.is_some()) {
        groups.entry(item.index.clone()).or_default().push(at);
    }
    let mut indices = BTreeMap::new();
    for (name, members) in groups {
        if let Some(index) = write(node, &name, &members, &mut items)? {
            if refresh != Refresh::No {
                index.refresh()?;
            }
            indices.insert(name, index);
        }
    }
    let errors = items.iter().any(|item| item.result.is_err());
    let mut answer = object! { "errors" => errors, "took" => started.elapsed().as_millis() as u64 };
    if call.filter.wants(&["items"]) {
        answer
            .push("items", items.into_iter().map(|item| item.describe(&indices, refresh)).collect::<Tree>());
    }
    Ok(answer.into())
}

/// Carries out the operations on one index. Each failure is its item's own.
fn write(node: &Node, name: &str, members: &[usize], items: &mut [Item]) -> Result<Option<Arc<Index>>> {
    let only_deletes = members.iter().all(|at| items[*at].is_plain_delete());
    let keeps_off = members.iter().any(|at| items[*at].requires_alias);
    if keeps_off && !node.is_alias(name) {
        let why = format!("[require_alias] request flag is [true] and [{name}] is not an alias");
        let failure = Failure::index_not_found_as(name, &format!("no such index [{name}] and {why}"));
        for at in members {
            let item = &mut items[*at];
            if item.requires_alias {
                (item.operation, item.result) = (None, Err(failure.clone()));
            }
        }
    }
    let members: Vec<usize> = members.iter().copied().filter(|at| items[*at].operation.is_some()).collect();
    let index = match if only_deletes || keeps_off { node.index(name) } else { node.index_or_create(name) } {
        Ok(index) => index,
        Err(failure) => {
            members.iter().for_each(|at| items[*at].result = Err(failure.clone()));
            return Ok(None);
        }
    };
    let operations = members.iter().filter_map(|at| items[*at].operation.take()).collect();
    for (at, result) in members.iter().zip(index.write(operations)?) {
        items[*at].result = result;
    }
    Ok(Some(index))
}

impl Item {
    /// A delete makes no index, unless it brings a version that has to be kept.
    fn is_plain_delete(&self) -> bool {
        let external =
            |operation: &Operation| matches!(operation.condition, Some(Condition::External { .. }));
        self.kind == "delete" && !self.operation.as_ref().is_some_and(external)
    }

    fn describe(self, indices: &BTreeMap<String, Arc<Index>>, refresh: Refresh) -> Tree {
        let body = match (self.result, indices.get(&self.index)) {
            (Ok(written), Some(index)) => {
                let mut body = document::describe(index, &self.id, written, refresh);
                body.push("status", document::status(written.outcome));
                body
            }
            (Ok(_), None) => object! {},
            (Err(failure), _) => object! {
                "_index" => self.index, "_id" => self.id, "status" => failure.status(), "error" => failure.object(),
            },
        };
        Tree::Object(vec![(self.kind.into(), body)])
    }
}

/// Reads the lines of a body.
fn parse(body: &Bytes, defaults: Defaults<'_>) -> Result<Vec<Item>> {
    if body.is_empty() {
        return Err(Failure::parsing("request body is required"));
    }
    if body.last() != Some(&b'\n') {
        return Err(Failure::argument("The bulk request must be terminated by a newline [\\n]"));
    }
    let mut lines = Lines { body, from: 0, number: 0 };
    let mut items = Vec::new();
    while let Some(line) = lines.next() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        items.push(item(&line, &mut lines, defaults)?);
    }
    if items.is_empty() {
        return Err(Failure::new(
            400,
            "action_request_validation_exception",
            "Validation Failed: 1: no requests added;",
        ));
    }
    Ok(items)
}

struct Lines<'a> {
    body: &'a Bytes,
    from: usize,
    number: usize,
}

impl Lines<'_> {
    fn next(&mut self) -> Option<Bytes> {
        let rest = self.body.get(self.from..).filter(|rest| !rest.is_empty())?;
        let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let line = self.body.slice(self.from..self.from + length);
        self.from += length + 1;
        self.number += 1;
        Some(if line.last() == Some(&b'\r') { line.slice(..line.len() - 1) } else { line })
    }
}

/// What holds for operations that do not say otherwise.
#[derive(Clone, Copy)]
struct Defaults<'a> {
    index: Option<&'a str>,
    requires_alias: bool,
}

/// The line that names an operation.
struct Head {
    kind: &'static str,
    index: String,
    id: Option<String>,
    condition: Option<Condition>,
    requires_alias: bool,
}

fn item(line: &Bytes, lines: &mut Lines<'_>, defaults: Defaults<'_>) -> Result<Item> {
    let Head { kind, index, id, condition, requires_alias } = head(line, lines.number, defaults)?;
    let action = match kind {
        "delete" => Ok(Action::Delete),
        _ => {
            let source = lines.next().ok_or_else(|| malformed(lines.number, "a document for it"))?;
            action(kind, id.is_none(), source)
        }
    };
    if id.is_none() && matches!(kind, "delete" | "update") {
        return Err(Failure::new(
            400,
            "action_request_validation_exception",
            "Validation Failed: 1: id is missing;",
        ));
    }
    let id = id.unwrap_or_else(identity::unique);
    document::check_id(&id)?;
    let checked = if id.is_empty() {
        Err(Failure::argument("if _id is specified it must not be empty"))
    } else {
        action
    };
    let (operation, result) = match checked {
        Ok(action) => {
            let operation = Operation { id: id.clone(), action, condition };
            (Some(operation), Err(Failure::internal("the operation was not carried out")))
        }
        Err(failure) if failure.status() == 501 => return Err(failure),
        Err(failure) => (None, Err(failure)),
    };
    Ok(Item { kind, index, id, requires_alias, operation, result })
}

fn action(kind: &str, fresh: bool, source: Bytes) -> Result<Action> {
    if kind == "update" {
        let body: Value = serde_json::from_slice(&source)
            .map_err(|error| Failure::new(400, "x_content_parse_exception", error.to_string()))?;
        return document::update_action(&body);
    }
    let source = document::parse_source(source)?;
    Ok(match kind {
        _ if fresh => Action::Add(source),
        "create" => Action::Create(source),
        _ => Action::Index(source),
    })
}

fn head(line: &Bytes, number: usize, defaults: Defaults<'_>) -> Result<Head> {
    let value: Value = serde_json::from_slice(line).map_err(|_| malformed(number, "START_OBJECT"))?;
    let mut options = Options::new("bulk", &value).map_err(|_| malformed(number, "START_OBJECT"))?;
    let (kind, body) = options.only().map_err(|_| malformed(number, "FIELD_NAME"))?;
    let kind = match kind {
        "index" => "index",
        "create" => "create",
        "update" => "update",
        "delete" => "delete",
        other => {
            return Err(Failure::argument(format!(
                "Malformed action/metadata line [{number}], expected field [create], [delete], [index] or [update] but found [{other}]"
            )));
        }
    };
    let mut options = Options::new(kind, body).map_err(|_| malformed(number, "START_OBJECT"))?;
    let index = options.text("_index")?.or(defaults.index).map(str::to_owned);
    let index = index.ok_or_else(|| {
        Failure::new(400, "action_request_validation_exception", "Validation Failed: 1: index is missing;")
    })?;
    let id = options.take("_id").map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned));
    let number_of = |value: Option<usize>| value.map(|value| value as u64);
    let condition =
        document::both(number_of(options.count("if_seq_no")?), number_of(options.count("if_primary_term")?))?;
    let version = document::external(number_of(options.count("version")?), options.text("version_type")?)?;
    if version.is_some() && matches!(kind, "create" | "update") {
        return Err(Failure::argument(format!("[{kind}] operations only support internal versioning")));
    }
    let condition = condition.or(version);
    options.count("retry_on_conflict")?;
    let asked = options.flag("require_alias")?.unwrap_or(defaults.requires_alias);
    options.finish()?;
    Ok(Head { kind, index, id, condition, requires_alias: asked && kind != "delete" })
}

fn malformed(line: usize, expected: &str) -> Failure {
    Failure::argument(format!("Malformed action/metadata line [{line}], expected {expected}"))
}
