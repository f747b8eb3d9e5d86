//! Aliases: other names of indices.

use serde_json::{Map, Value, json};

use crate::call::{Call, Reply};
use crate::failure::{Failure, Result};
use crate::filter_path::wildcard;
use crate::options::Options;
use crate::store::Node;
use crate::tree::object;

/// Refuses what an alias may be given and this server would not honour.
pub(super) fn check(options: &Value) -> Result<()> {
    let mut options = Options::new("alias", options)?;
    options.flag("is_write_index")?;
    options.finish()
}

pub(super) fn get(node: &Node, call: &Call, (names, pattern): (&str, &str)) -> Result<Reply> {
    call.allow(&["ignore_unavailable", "allow_no_indices", "expand_wildcards"])?;
    let fits = |alias: &str| pattern == "_all" || pattern.split(',').any(|pattern| wildcard(pattern, alias));
    let mut found = Map::new();
    let mut any = false;
    for index in super::search::select(node, call, names)? {
        let meta = index.meta();
        let aliases: Map<_, _> = meta.aliases.clone().into_iter().filter(|(alias, _)| fits(alias)).collect();
        any |= !aliases.is_empty();
        if !aliases.is_empty() || pattern == "*" {
            found.insert(meta.name.clone(), json!({"aliases": aliases}));
        }
    }
    if any || pattern.contains('*') || pattern == "_all" {
        return Ok(Reply::ok(Value::Object(found)));
    }
    Ok(Reply::new(404, object! { "error" => format!("alias [{pattern}] missing"), "status" => 404 }))
}

pub(super) fn put(node: &Node, call: &Call, (names, alias): (&str, &str)) -> Result<Reply> {
    call.allow(&["timeout", "master_timeout"])?;
    let options = call.json()?;
    check(&options)?;
    add(node, names, alias, &options)?;
    Ok(acknowledged())
}

pub(super) fn delete(node: &Node, call: &Call, (names, alias): (&str, &str)) -> Result<Reply> {
    call.allow(&["timeout", "master_timeout"])?;
    remove(node, names, alias)?;
    Ok(acknowledged())
}

/// `POST /_aliases`: a list of actions.
pub(super) fn update(node: &Node, call: &Call) -> Result<Reply> {
    call.allow(&["timeout", "master_timeout"])?;
    let body = call.json()?;
    let mut options = Options::new("aliases", &body)?;
    let actions = options.list("actions");
    options.finish()?;
    for action in actions {
        let mut kinds = Options::new("actions", action)?;
        let (kind, action) = kinds.only()?;
        let mut action = Options::new(kind, action)?;
        let names = texts(action.list("index").into_iter().chain(action.list("indices")));
        let aliases = texts(action.list("alias").into_iter().chain(action.list("aliases")));
        let settings = action
            .flag("is_write_index")?
            .map_or_else(|| json!({}), |write| json!({"is_write_index": write}));
        action.finish()?;
        for name in &names {
            match kind {
                "add" => aliases.iter().try_for_each(|alias| add(node, name, alias, &settings))?,
                "remove" => aliases.iter().try_for_each(|alias| remove(node, name, alias))?,
                "remove_index" => node.delete(name)?,
                other => return Err(Failure::unsupported(format!("the alias action [{other}]"))),
            }
        }
    }
    Ok(acknowledged())
}

fn texts<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<String> {
    values.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn add(node: &Node, names: &str, alias: &str, options: &Value) -> Result<()> {
    if node.index(alias).is_ok_and(|index| index.meta().name == alias) {
        return Err(Failure::new(
            400,
            "invalid_alias_name_exception",
            format!(
                "Invalid alias name [{alias}]: an index or data stream exists with the same name as the alias"
            ),
        ));
    }
    for index in node.select(names)? {
        index.change(|meta| {
            meta.aliases.insert(alias.to_owned(), options.clone());
            Ok(())
        })?;
    }
    Ok(())
}

fn remove(node: &Node, names: &str, pattern: &str) -> Result<()> {
    let mut removed = false;
    for index in node.select(names)? {
        index.change(|meta| {
            let before = meta.aliases.len();
            meta.aliases.retain(|alias, _| !wildcard(pattern, alias));
            removed |= meta.aliases.len() < before;
            Ok(())
        })?;
    }
    if removed {
        return Ok(());
    }
    Err(Failure::new(404, "aliases_not_found_exception", format!("aliases [{pattern}] missing")))
}

fn acknowledged() -> Reply {
    Reply::ok(object! { "acknowledged" => true, "errors" => false })
}
