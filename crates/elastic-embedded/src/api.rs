//! The endpoints.

mod aliases;
mod bulk;
mod cluster;
mod document;
mod index;
mod limits;
mod pipeline;
mod search;

use axum::http::Method;

use crate::call::{Call, Reply};
use crate::failure::{Failure, Result};
use crate::store::Node;

/// Answers one request.
///
/// # Errors
/// 501 with method and path if there is no such endpoint here; else the endpoint's own.
pub(crate) fn dispatch(node: &Node, call: &Call) -> Result<Reply> {
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    let method = Verb::of(&call.method);
    let of_cluster = path.first().is_none_or(|first| first.starts_with('_') && *first != "_all");
    let reply = if of_cluster {
        cluster_wide(node, call, method, &path)
    } else {
        of_index(node, call, method, &path)
    };
    reply.unwrap_or_else(|| Err(Failure::unsupported(format!("[{} /{}]", call.method, call.path.join("/")))))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Get,
    Put,
    Post,
    Delete,
    Other,
}

impl Verb {
    fn of(method: &Method) -> Self {
        match *method {
            Method::GET => Verb::Get,
            Method::PUT => Verb::Put,
            Method::POST => Verb::Post,
            Method::DELETE => Verb::Delete,
            _ => Verb::Other,
        }
    }
}

fn cluster_wide(node: &Node, call: &Call, verb: Verb, path: &[&str]) -> Option<Result<Reply>> {
    Some(match (verb, path) {
        (Verb::Get, []) => cluster::root(node, call),
        (Verb::Get, ["_nodes"] | ["_nodes", "_local" | "_all"]) => cluster::nodes(node, call),
        (Verb::Get, ["_cluster", "health"]) => cluster::health(node, call),
        (Verb::Get, ["_cat", "indices"]) => cluster::cat_indices(node, call, "*"),
        (Verb::Get, ["_cat", "indices", names]) => cluster::cat_indices(node, call, names),
        (Verb::Post | Verb::Put, ["_bulk"]) => bulk::bulk(node, call, None),
        (Verb::Get | Verb::Post, ["_search"]) => search::search(node, call, None),
        (Verb::Get | Verb::Post, ["_count"]) => search::count(node, call, "_all"),
        (Verb::Delete, ["_pit"]) => search::close_pit(node, call),
        (Verb::Get | Verb::Post, ["_refresh"]) => index::refresh(node, call, "_all"),
        (Verb::Get, ["_mapping"]) => index::get_mapping(node, call, "_all"),
        (Verb::Get, ["_settings"]) => index::get_settings(node, call, "_all"),
        (Verb::Get, ["_ingest", "pipeline"]) => pipeline::all(call),
        (Verb::Get, ["_ingest", "pipeline", _]) => pipeline::named(call),
        (Verb::Post, ["_aliases"]) => aliases::update(node, call),
        (Verb::Get, ["_alias"]) => aliases::get(node, call, ("_all", "*")),
        (Verb::Get, ["_alias", alias]) => aliases::get(node, call, ("_all", alias)),
        _ => return None,
    })
}

fn of_index(node: &Node, call: &Call, verb: Verb, path: &[&str]) -> Option<Result<Reply>> {
    Some(match (verb, path) {
        (Verb::Put, [name]) => index::create(node, call, name),
        (Verb::Get, [names]) => index::get(node, call, names),
        (Verb::Delete, [names]) => index::delete(node, call, names),
        (Verb::Get, [names, "_mapping"]) => index::get_mapping(node, call, names),
        (Verb::Put | Verb::Post, [names, "_mapping"]) => index::put_mapping(node, call, names),
        (Verb::Get, [names, "_settings"]) => index::get_settings(node, call, names),
        (Verb::Put, [names, "_settings"]) => index::put_settings(node, call, names),
        (Verb::Get | Verb::Post, [names, "_refresh"]) => index::refresh(node, call, names),
        (Verb::Get, [names, "_alias" | "_aliases"]) => aliases::get(node, call, (names, "*")),
        (Verb::Get, [names, "_alias", alias]) => aliases::get(node, call, (names, alias)),
        (Verb::Put | Verb::Post, [names, "_alias" | "_aliases", alias]) => {
            aliases::put(node, call, (names, alias))
        }
        (Verb::Delete, [names, "_alias" | "_aliases", alias]) => aliases::delete(node, call, (names, alias)),
        (Verb::Post | Verb::Put, [name, "_bulk"]) => bulk::bulk(node, call, Some(name)),
        (Verb::Get | Verb::Post, [names, "_search"]) => search::search(node, call, Some(names)),
        (Verb::Get | Verb::Post, [names, "_count"]) => search::count(node, call, names),
        (Verb::Post, [names, "_pit"]) => search::open_pit(node, call, names),
        (Verb::Get, [name, "_doc", id]) => document::get(node, call, (name, id)),
        (Verb::Get, [name, "_source", id]) => document::get_source(node, call, (name, id)),
        (Verb::Post, [name, "_doc"]) => document::add(node, call, name),
        (Verb::Put | Verb::Post, [name, "_doc", id]) => document::index(node, call, (name, id)),
        (Verb::Put | Verb::Post, [name, "_create", id]) => document::create(node, call, (name, id)),
        (Verb::Post, [name, "_update", id]) => document::update(node, call, (name, id)),
        (Verb::Delete, [name, "_doc", id]) => document::delete(node, call, (name, id)),
        _ => return None,
    })
}
