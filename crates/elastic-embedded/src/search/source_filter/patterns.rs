//! Members by patterns of their paths, in which `*` stands for any characters, dots too.

use serde_json::{Map, Value};

use crate::filter_path::wildcard;

/// Which members of a document are kept: those that are included, or all if none is, without those that are excluded.
#[derive(Debug, Clone)]
pub(crate) struct Patterns {
    pub(super) includes: Vec<String>,
    pub(super) excludes: Vec<String>,
}

/// What patterns say of a path.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
enum Fit {
    No,
    /// Something below it may fit.
    Below,
    /// It fits, and with it all below.
    Whole,
}

/// Whether all that is below a member is included.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Scope {
    Everything,
    AsPatternsSay,
}

impl Patterns {
    /// The part of a document that is kept.
    pub(super) fn apply(&self, document: Map<String, Value>) -> Map<String, Value> {
        let scope = if self.includes.is_empty() { Scope::Everything } else { Scope::AsPatternsSay };
        self.members("", document, scope)
    }

    fn members(&self, parent: &str, members: Map<String, Value>, scope: Scope) -> Map<String, Value> {
        let mut kept = Map::new();
        for (name, value) in members {
            let path = format!("{parent}{name}");
            if let Some(value) = self.member(&path, value, scope) {
                kept.insert(name, value);
            }
        }
        kept
    }

    fn member(&self, path: &str, value: Value, scope: Scope) -> Option<Value> {
        let included = self.included(path, scope);
        let excluded = fit(&self.excludes, path);
        if included == Fit::No || excluded == Fit::Whole {
            return None;
        }
        let below = format!("{path}.");
        let mut scope = scope;
        if included == Fit::Whole {
            if excluded == Fit::No || fit(&self.excludes, &below) == Fit::No {
                return Some(value);
            }
            scope = Scope::Everything;
        }
        let (value, is_empty) = match value {
            Value::Object(members) => {
                let kept = self.members(&below, members, scope);
                let is_empty = kept.is_empty();
                (Value::Object(kept), is_empty)
            }
            Value::Array(items) => {
                let kept = self.items(path, items, scope);
                let is_empty = kept.is_empty();
                (Value::Array(kept), is_empty)
            }
            leaf => (leaf, true),
        };
        (included == Fit::Whole || !is_empty).then_some(value)
    }

    /// The items of a list of which something is left.
    fn items(&self, path: &str, items: Vec<Value>, scope: Scope) -> Vec<Value> {
        let is_included = self.included(path, scope) == Fit::Whole;
        let kept = items.into_iter().filter_map(|item| match item {
            Value::Object(members) => {
                let kept = self.members(&format!("{path}."), members, scope);
                (!kept.is_empty()).then_some(Value::Object(kept))
            }
            Value::Array(items) => {
                let kept = self.items(path, items, scope);
                (!kept.is_empty()).then_some(Value::Array(kept))
            }
            leaf => is_included.then_some(leaf),
        });
        kept.collect()
    }

    fn included(&self, path: &str, scope: Scope) -> Fit {
        match scope {
            Scope::Everything => Fit::Whole,
            Scope::AsPatternsSay => fit(&self.includes, path),
        }
    }
}

/// The most that one of the patterns says.
fn fit(patterns: &[String], path: &str) -> Fit {
    let of_one = |pattern: &String| {
        let mut ends = path.match_indices('.').map(|(end, _)| end).chain([path.len()]);
        if ends.any(|end| wildcard(pattern, &path[..end])) {
            return Fit::Whole;
        }
        let mut starts = pattern.char_indices().map(|(at, _)| &pattern[..at]);
        if starts.any(|start| wildcard(start, path)) { Fit::Below } else { Fit::No }
    };
    patterns.iter().map(of_one).fold(Fit::No, |most, one| if one > most { one } else { most })
}
