//! What an index maps a field as, and declared fields that it maps as something else.

use serde::Serialize;
use serde_json::Value;

use super::declared::{Named, named};
use super::field::{FieldKind, FieldSpec};
use super::{Preset, mapped};
use crate::elastic::Flavour;

/// A field that is mapped as something else than it is declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MappingDifference {
    /// Its dotted name.
    pub field: String,
    /// What its source declares.
    pub declared: FieldKind,
    /// The type that it has.
    pub mapped: String,
}

/// A part of a mapping by its dotted name, sub-fields included; with whether it is one.
pub(crate) fn part<'a>(mapping: &'a Value, name: &str) -> Option<(&'a Value, bool)> {
    let mut found = (mapping, false);
    for part in name.split('.') {
        let below = found.0["properties"].get(part).map(|field| (field, false));
        found = below.or_else(|| found.0["fields"].get(part).map(|field| (field, true)))?;
    }
    Some(found)
}

/// The type of a field; none where it is not mapped.
pub(crate) fn type_of(mapping: &Value, name: &str) -> Option<String> {
    let (field, _) = part(mapping, name)?;
    Some(field["type"].as_str().unwrap_or("object").to_owned())
}

/// The declared fields that the index maps as something else.
pub(crate) fn differences(
    mapping: &Value,
    preset: Option<Preset>,
    fields: &[FieldSpec],
) -> Vec<MappingDifference> {
    let differs = |field: Named| {
        let mapped = actual(mapping, &field.name)?;
        let is_held = fits(field.kind, &mapped, preset);
        (!is_held).then_some(MappingDifference { field: field.name, declared: field.kind, mapped })
    };
    named(fields).into_iter().filter_map(differs).collect()
}

/// The type of a field, or of the first above it that is no object and so keeps it from being mapped.
fn actual(mapping: &Value, name: &str) -> Option<String> {
    let above = name.match_indices('.').map(|(end, _)| &name[..end]);
    for above in above {
        let (field, _) = part(mapping, above)?;
        if let Some(kind) = field["type"].as_str().filter(|kind| !matches!(*kind, "object" | "nested")) {
            return Some(format!("{kind} ({above})"));
        }
    }
    type_of(mapping, name)
}

fn fits(kind: FieldKind, actual: &str, preset: Option<Preset>) -> bool {
    let is_exact = preset == Some(Preset::Search) && kind.is_text();
    let wanted = || mapped(Preset::Search, kind, Flavour::default());
    if is_exact { wanted()["type"] == actual } else { kind.is_held_by(actual) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn mapping() -> Value {
        json!({"properties": {
            "a": {"properties": {"made": {"type": "date"}}},
        }})
    }

    #[test]
    fn the_type_of_a_field_or_of_what_is_in_its_way_is_named() {
        let mapping = mapping();
        let types = ["a.made", "a", "a.made.x", "b", "b.c"].map(|name| actual(&mapping, name));
        let expected = [Some("date"), Some("object"), Some("date (a.made)"), None, None];
        assert_eq!(types.each_ref().map(Option::as_deref), expected);
    }

    #[test]
    fn strings_are_held_by_any_text_but_in_an_index_of_ours() {
        assert!(fits(FieldKind::Code, "text", Some(Preset::Dynamic)) && fits(FieldKind::Code, "text", None));
        assert!(!fits(FieldKind::Code, "text", Some(Preset::Search)));
        assert!(fits(FieldKind::Code, "keyword", Some(Preset::Search)));
        assert!(
            fits(FieldKind::Integer, "integer", Some(Preset::Search))
                && !fits(FieldKind::Integer, "date", None)
        );
    }
}
