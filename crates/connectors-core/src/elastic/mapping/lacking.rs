//! Types of fields that some servers lack, and what takes their place there.

use serde_json::{Value, json};

/// They come with modules that small distributions leave out.
const REPLACEABLE: [&str; 3] = ["scaled_float", "flattened", "flat_object"];

/// The type that a server names in its refusal of a mapping as one that it does not know, if it can be replaced.
pub(crate) fn unknown_type(refusal: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(refusal);
    REPLACEABLE.into_iter().find(|name| text.contains(&format!("type [{name}]")))
}

/// Puts other types in the place of those that the server lacks: doubles hold what scaled numbers do, and objects what
/// flattened ones do, with a field for each key.
pub(crate) fn replace(mapping: &mut Value, lacking: &[&str]) {
    for (_, field) in mapping["properties"].as_object_mut().into_iter().flatten() {
        match field["type"].as_str() {
            Some(name) if lacking.contains(&name) => *field = replacement(name),
            _ if field["properties"].is_object() => replace(field, lacking),
            _ => {}
        }
    }
}

fn replacement(name: &str) -> Value {
    if name == "scaled_float" { json!({ "type": "double" }) } else { json!({ "type": "object" }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_that_a_server_lacks_is_found_in_its_refusal() {
        for (refusal, found) in [
            ("The mapper type [scaled_float] declared on field [p] does not exist.", Some("scaled_float")),
            ("No handler for type [flattened] declared on field [p]", Some("flattened")),
            ("unknown setting [index.x]", None),
            ("No handler for type [ip] declared on field [p]", None),
        ] {
            assert_eq!(unknown_type(refusal.as_bytes()), found, "{refusal}");
        }
    }

    #[test]
    fn what_is_lacking_is_replaced_at_any_depth() {
        let mut mapping = json!({"properties": {
            "price": {"type": "scaled_float", "scaling_factor": 100},
            "a": {"properties": {"b": {"type": "flattened"}}},
            "n": {"type": "long"},
        }});
        replace(&mut mapping, &["scaled_float"]);
        assert_eq!(mapping["properties"]["price"], json!({"type": "double"}));
        assert_eq!(mapping["properties"]["a"]["properties"]["b"]["type"], "flattened");
        replace(&mut mapping, &["scaled_float", "flattened"]);
        assert_eq!(mapping["properties"]["a"]["properties"]["b"], json!({"type": "object"}));
        assert_eq!(mapping["properties"]["n"], json!({"type": "long"}));
    }
}
