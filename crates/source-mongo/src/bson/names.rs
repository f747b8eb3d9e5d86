//! Names of fields that every index takes, each once per object.

use std::collections::HashSet;

use connectors_core::{Body, DocumentId};

use super::reader::Element;

/// Longer names are cut: Lucene refuses terms of more than 32,766 bytes, and names stand in several of them.
const MAX_BYTES: usize = 512;

/// Below this many names, comparing each with each is faster than hashing.
const FEW: usize = 16;

/// The names to use instead of those of these fields, none at places that a later one of the same name overrides;
/// nothing when all can stay as they are.
///
/// A name that can stay does, whatever the others become: only those that are changed give way.
pub(super) fn renamed(fields: &[Element<'_>], root: bool) -> Option<Vec<Option<String>>> {
    let fits = |name: &[u8]| is_usual(name) || stays(name, root).is_some();
    let as_they_are = fields.iter().all(|(name, _)| fits(name)) && all_different(fields);
    (!as_they_are).then(|| unique(fields, root))
}

/// True for nearly all names: lowercase letters at the start and none of what [`stays`] must look for.
fn is_usual(name: &[u8]) -> bool {
    let starts = name.first().is_some_and(|byte| byte.is_ascii_lowercase() && *byte != b'i');
    starts && name.len() < 64 && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// The name as text when it needs no change.
fn stays(name: &[u8], root: bool) -> Option<&str> {
    let name = std::str::from_utf8(name).ok()?;
    let fits = name.len() <= MAX_BYTES && !name.contains('.') && !name.trim().is_empty();
    (fits && !(root && Body::is_reserved(name))).then_some(name)
}

fn all_different(fields: &[Element<'_>]) -> bool {
    if fields.len() > FEW {
        let mut seen = HashSet::with_capacity(fields.len());
        return fields.iter().all(|(name, _)| seen.insert(*name));
    }
    fields.iter().enumerate().all(|(index, (name, _))| fields[..index].iter().all(|(other, _)| name != other))
}

fn unique(fields: &[Element<'_>], root: bool) -> Vec<Option<String>> {
    let names: Vec<&[u8]> = fields.iter().map(|(name, _)| *name).collect();
    let mut taken: HashSet<String> =
        names.iter().filter_map(|name| stays(name, root)).map(str::to_owned).collect();
    let mut overridden = HashSet::new();
    let last: Vec<bool> = names.iter().rev().map(|name| overridden.insert(*name)).collect();
    let kept = names.iter().zip(last.into_iter().rev());
    kept.map(|(name, last)| last.then(|| free(name, root, &mut taken))).collect()
}

/// The name itself, or what it becomes, with `_` added while another field has that.
fn free(name: &[u8], root: bool, taken: &mut HashSet<String>) -> String {
    if let Some(name) = stays(name, root) {
        return name.to_owned();
    }
    let mut candidate = cleaned(name);
    while (root && Body::is_reserved(&candidate)) || !taken.insert(candidate.clone()) {
        candidate.push('_');
    }
    candidate
}

fn cleaned(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name).replace('.', "_");
    if text.trim().is_empty() {
        return "_".to_owned();
    }
    if text.len() <= MAX_BYTES {
        return text;
    }
    let start = &text[..text.floor_char_boundary(MAX_BYTES - 33)];
    format!("{start}_{}", DocumentId::hashed(name))
}
