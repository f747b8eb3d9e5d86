//! Indices: create, look at, change, delete, refresh.

use serde_json::{Map, Value, json};

use crate::call::{Call, Reply};
use crate::failure::{Failure, Result};
use crate::mapping::Mapping;
use crate::options::Options;
use crate::search::shards;
use crate::store::{Creation, Index, Meta, Node, Settings};
use crate::tree::object;

const SELECTION: [&str; 3] = ["ignore_unavailable", "allow_no_indices", "expand_wildcards"];

pub(super) fn create(node: &Node, call: &Call, name: &str) -> Result<Reply> {
    call.allow(&["wait_for_active_shards", "timeout", "master_timeout"])?;
    let body = call.json()?;
    let mut options = Options::new("create index", &body)?;
    let mut creation = Creation::default();
    if let Some(settings) = options.take("settings") {
        creation.settings = Settings::read(settings)?;
    }
    if let Some(mappings) = options.take("mappings") {
        creation.mapping = Mapping::read(mappings).map_err(in_mapping)?;
    }
    if let Some(aliases) = options.take("aliases") {
        let aliases = aliases.as_object().ok_or_else(|| Failure::parsing("[aliases] must be an object"))?;
        aliases.values().try_for_each(super::aliases::check)?;
        creation.aliases = aliases.clone();
    }
    options.finish()?;
    node.create(name, creation)?;
    Ok(Reply::ok(object! { "acknowledged" => true, "shards_acknowledged" => true, "index" => name }))
}

/// A mapping that can't be read, as the creation of an index reports it.
fn in_mapping(cause: Failure) -> Failure {
    if cause.status() == 501 {
        return cause;
    }
    Failure::new(400, "mapper_parsing_exception", format!("Failed to parse mapping: {}", cause.reason()))
        .caused_by(cause)
}

pub(super) fn get(node: &Node, call: &Call, names: &str) -> Result<Reply> {
    call.allow(&SELECTION)?;
    let describe = |meta: &Meta| json!({"aliases": meta.aliases, "mappings": meta.mapping.write(), "settings": settings(meta)});
    by_name(node, call, names, describe)
}

pub(super) fn get_mapping(node: &Node, call: &Call, names: &str) -> Result<Reply> {
    call.allow(&SELECTION)?;
    by_name(node, call, names, |meta| json!({"mappings": meta.mapping.write()}))
}

pub(super) fn get_settings(node: &Node, call: &Call, names: &str) -> Result<Reply> {
    call.allow(&SELECTION)?;
    by_name(node, call, names, |meta| json!({"settings": settings(meta)}))
}

fn by_name(node: &Node, call: &Call, names: &str, describe: impl Fn(&Meta) -> Value) -> Result<Reply> {
    let chosen = super::search::select(node, call, names)?;
    Ok(Reply::ok(Value::Object(
        chosen.iter().map(|index| index.meta()).map(|meta| (meta.name.clone(), describe(&meta))).collect(),
    )))
}

/// All settings, nested as the API shows them.
fn settings(meta: &Meta) -> Value {
    let mut flat = meta.settings.flat();
    for (key, value) in [
        ("number_of_shards", "1"),
        ("number_of_replicas", "1"),
        ("provided_name", &meta.name),
        ("uuid", &meta.uuid),
    ] {
        flat.entry(format!("index.{key}")).or_insert_with(|| value.into());
    }
    flat.insert("index.creation_date".into(), meta.created.to_string().into());
    let mut nested = Map::new();
    for (key, value) in flat {
        let mut level = &mut nested;
        let mut names = key.split('.').peekable();
        while let Some(name) = names.next() {
            if names.peek().is_none() {
                level.insert(name.to_owned(), value);
                break;
            }
            match level.entry(name).or_insert_with(|| json!({})).as_object_mut() {
                Some(below) => level = below,
                None => break,
            }
        }
    }
    Value::Object(nested)
}

pub(super) fn put_mapping(node: &Node, call: &Call, names: &str) -> Result<Reply> {
    call.allow(&SELECTION)?;
    let mapping = Mapping::read(&call.json()?)?;
    on_each(node, call, names, |index| index.change_mapping(mapping.clone()))
}

pub(super) fn put_settings(node: &Node, call: &Call, names: &str) -> Result<Reply> {
    call.allow(&SELECTION)?;
    let body = call.json()?;
    let settings = Settings::read(body.get("settings").unwrap_or(&body))?;
    on_each(node, call, names, |index| index.change_settings(settings.clone()))
}

fn on_each(node: &Node, call: &Call, names: &str, change: impl Fn(&Index) -> Result<()>) -> Result<Reply> {
    let chosen = super::search::select(node, call, names)?;
    if chosen.is_empty() {
        return Err(Failure::index_not_found(names));
    }
    chosen.iter().try_for_each(|index| change(index))?;
    Ok(Reply::ok(object! { "acknowledged" => true }))
}

pub(super) fn delete(node: &Node, call: &Call, names: &str) -> Result<Reply> {
    call.allow(&["ignore_unavailable", "allow_no_indices", "timeout", "master_timeout"])?;
    if names == "_all" || names.contains('*') {
        return Err(Failure::argument("Wildcard expressions or all indices are not allowed"));
    }
    let names: Vec<_> = names.split(',').filter(|name| !name.is_empty()).collect();
    let lenient = call.flag("ignore_unavailable");
    for name in &names {
        match node.index(name) {
            Err(_) if !node.damaged(name).is_empty() => {}
            Ok(index) if index.meta().name != *name => {
                return Err(Failure::argument(format!(
                    "The provided expression [{name}] matches an alias, specify the corresponding concrete indices instead."
                )));
            }
            Err(failure) if !lenient => return Err(failure),
            _ => {}
        }
    }
    for name in names {
        match node.delete(name) {
            Err(failure) if !(lenient && failure.status() == 404) => return Err(failure),
            _ => {}
        }
    }
    Ok(Reply::ok(object! { "acknowledged" => true }))
}

pub(super) fn refresh(node: &Node, call: &Call, names: &str) -> Result<Reply> {
    call.allow(&SELECTION)?;
    let chosen = super::search::select(node, call, names)?;
    chosen.iter().try_for_each(|index| index.refresh())?;
    Ok(Reply::ok(object! { "_shards" => shards(chosen.len()) }))
}
