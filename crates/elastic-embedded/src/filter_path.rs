//! `filter_path`: which members of an answer the client wants, or `_source`: which of a document.

use crate::tree::Tree;

/// The parsed parameter: paths to keep and, with a leading `-`, paths to leave out.
#[derive(Debug, Clone, Default)]
pub(crate) struct FilterPath {
    keep: Vec<Vec<String>>,
    drop: Vec<Vec<String>>,
    names: Names,
}

/// What a dot in the name of a member is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum Names {
    #[default]
    Whole,
    /// The name is a path, as the fields of a document are named.
    Dotted,
}

impl FilterPath {
    pub(crate) fn parse(text: &str) -> Self {
        let mut filter = FilterPath::default();
        for path in text.split(',').map(str::trim).filter(|path| !path.is_empty()) {
            match path.strip_prefix('-') {
                Some(path) => filter.drop.push(segments(path)),
                None => filter.keep.push(segments(path)),
            }
        }
        filter
    }

    /// The filter of a document: with `includes` nothing else is kept. Names with dots in them are paths.
    pub(crate) fn of_document(includes: &[String], excludes: &[String]) -> Self {
        let paths = |texts: &[String]| texts.iter().map(|text| segments(text)).collect();
        FilterPath { keep: paths(includes), drop: paths(excludes), names: Names::Dotted }
    }

    /// True if anything at or below this path would reach the client; used to spare work.
    pub(crate) fn wants(&self, path: &[&str]) -> bool {
        let keeps = self.keep.is_empty() || self.keep.iter().any(|pattern| touches(pattern, path));
        keeps && !self.drop.iter().any(|pattern| covers(pattern, path))
    }

    /// The answer without what was not asked for.
    pub(crate) fn apply(&self, mut tree: Tree) -> Tree {
        if !self.keep.is_empty() {
            let patterns: Vec<&[String]> = self.keep.iter().map(Vec::as_slice).collect();
            tree = self.names.keep(tree, &patterns).unwrap_or(Tree::Object(Vec::new()));
        }
        if !self.drop.is_empty() {
            let patterns: Vec<&[String]> = self.drop.iter().map(Vec::as_slice).collect();
            tree = self.names.remove(tree, &patterns).unwrap_or(Tree::Object(Vec::new()));
        }
        tree
    }
}

fn segments(path: &str) -> Vec<String> {
    path.split('.').map(str::to_owned).collect()
}

fn touches(pattern: &[String], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (_, None) | (None, _) => true,
        (Some((first, _)), _) if first == "**" => true,
        (Some((first, rest)), Some((name, below))) => wildcard(first, name) && touches(rest, below),
    }
}

fn covers(pattern: &[String], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, _) => true,
        (_, None) => false,
        (Some((first, rest)), Some((name, below))) => {
            (first == "**" && (covers(rest, below) || covers(pattern, below)))
                || (wildcard(first, name) && covers(rest, below))
        }
    }
}

/// What the patterns mean one level below `name`; `None` if one of them ends there. `**` stands for one level or more.
fn descend<'a>(patterns: &[&'a [String]], name: &str) -> Option<Vec<&'a [String]>> {
    let mut below = Vec::new();
    for pattern in patterns {
        let (first, rest) = pattern.split_first()?;
        if !wildcard(first, name) {
            continue;
        }
        if rest.is_empty() {
            return None;
        }
        below.push(rest);
        if first == "**" {
            below.push(pattern);
        }
    }
    Some(below)
}

impl Names {
    /// As [`descend`], member by member of a name with dots in it.
    fn descend<'a>(self, patterns: &[&'a [String]], name: &str) -> Option<Vec<&'a [String]>> {
        match name.split_once('.') {
            Some((first, rest)) if self == Names::Dotted && !first.is_empty() && !rest.is_empty() => {
                self.descend(&descend(patterns, first)?, rest)
            }
            _ => descend(patterns, name),
        }
    }

    fn keep(self, tree: Tree, patterns: &[&[String]]) -> Option<Tree> {
        match parsed(tree) {
            Tree::Object(members) => {
                let kept: Vec<_> = members
                    .into_iter()
                    .filter_map(|(name, value)| match self.descend(patterns, &name) {
                        None => Some((name, value)),
                        Some(below) if below.is_empty() => None,
                        Some(below) => self.keep(value, &below).map(|value| (name, value)),
                    })
                    .collect();
                (!kept.is_empty()).then_some(Tree::Object(kept))
            }
            Tree::Array(items) => {
                let kept: Vec<_> = items.into_iter().filter_map(|item| self.keep(item, patterns)).collect();
                (!kept.is_empty()).then_some(Tree::Array(kept))
            }
            _ => None,
        }
    }

    /// Objects and lists of which nothing is left are left out as well.
    fn remove(self, tree: Tree, patterns: &[&[String]]) -> Option<Tree> {
        match parsed(tree) {
            Tree::Object(members) => {
                let had = !members.is_empty();
                let kept: Vec<_> = members
                    .into_iter()
                    .filter_map(|(name, value)| match self.descend(patterns, &name) {
                        None => None,
                        Some(below) if below.is_empty() => Some((name, value)),
                        Some(below) => self.remove(value, &below).map(|value| (name, value)),
                    })
                    .collect();
                (!had || !kept.is_empty()).then_some(Tree::Object(kept))
            }
            Tree::Array(items) => {
                let had = !items.is_empty();
                let kept: Vec<_> = items.into_iter().filter_map(|item| self.remove(item, patterns)).collect();
                (!had || !kept.is_empty()).then_some(Tree::Array(kept))
            }
            leaf => Some(leaf),
        }
    }
}

/// Opens one level of a value, so that objects and arrays are met in one form.
fn parsed(tree: Tree) -> Tree {
    let value = match tree {
        Tree::Json(value) => value,
        Tree::Raw(_) => tree.into_value(),
        other => return other,
    };
    match value {
        serde_json::Value::Object(members) => {
            Tree::Object(members.into_iter().map(|(name, value)| (name.into(), Tree::Json(value))).collect())
        }
        serde_json::Value::Array(items) => items.into_iter().map(Tree::Json).collect(),
        leaf => Tree::Json(leaf),
    }
}

/// Matches a name against a pattern in which `*` stands for any characters.
pub(crate) fn wildcard(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut at, mut seen) = (0, 0);
    let mut star = None;
    while seen < name.len() {
        if pattern.get(at) == Some(&b'*') {
            star = Some((at, seen));
            at += 1;
        } else if pattern.get(at) == Some(&name[seen]) {
            at += 1;
            seen += 1;
        } else if let Some((after, from)) = star {
            star = Some((after, from + 1));
            at = after + 1;
            seen = from + 1;
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests;
