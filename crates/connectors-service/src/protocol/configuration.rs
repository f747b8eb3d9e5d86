//! A connector's settings as they stand in its document: name → field object with a `value`.

use connectors_core::config::Field;
use connectors_core::mask;
use serde_json::{Map, Value, json};

use crate::secrets::MASK;

/// What of a field is a value.
const VALUES: [&str; 2] = ["value", "default_value"];

/// The fields that a stored configuration lacks, with their defaults; none when it has all. Fields that this
/// version does not know are left alone.
pub(crate) fn missing_fields(stored: &Map<String, Value>, fields: &[Field]) -> Option<Map<String, Value>> {
    let missing: Map<String, Value> = fields
        .iter()
        .filter_map(|field| match stored.get(&field.name) {
            None => Some((field.name.clone(), field.to_json())),
            Some(Value::Object(kept)) => missing_properties(kept, field),
            Some(bare) => {
                let mut whole = field.to_json();
                whole["value"] = bare.clone();
                Some((field.name.clone(), whole))
            }
        })
        .collect();
    (!missing.is_empty()).then_some(missing)
}

/// The properties that a stored field lacks: those of a field of which only the value was written.
fn missing_properties(kept: &Map<String, Value>, field: &Field) -> Option<(String, Value)> {
    let mut whole = field.to_json();
    let properties = whole.as_object_mut()?;
    let stands =
        |key: &str| kept.contains_key(key) && !(key == "validations" && has_bound_without_value(kept));
    properties.retain(|key, _| !stands(key));
    if has_bound_without_value(kept) && properties.get("validations").is_none_or(has_bound) {
        properties.insert("validations".into(), json!([]));
    }
    (!properties.is_empty()).then(|| (field.name.clone(), whole))
}

/// True for a field as versions before wrote it, which ends each job of another service: it compares null with the bound.
fn has_bound_without_value(stored: &Map<String, Value>) -> bool {
    stored.get("value").is_none_or(Value::is_null) && stored.get("validations").is_some_and(has_bound)
}

fn has_bound(validations: &Value) -> bool {
    let is_bound = |one: &Value| matches!(one["type"].as_str(), Some("less_than" | "greater_than"));
    validations.as_array().is_some_and(|all| all.iter().any(is_bound))
}

/// Fields, each as it is stored with what is added to it.
pub(crate) fn overlay(stored: &Map<String, Value>, added: &Map<String, Value>) -> Map<String, Value> {
    let mut whole = stored.clone();
    for (name, field) in added {
        let place = whole.entry(name.clone()).or_insert_with(|| json!({}));
        match (place.as_object_mut(), field.as_object()) {
            (Some(place), Some(field)) => place.extend(field.clone()),
            _ => *place = field.clone(),
        }
    }
    whole
}

/// The values of the known fields, as a source reads them.
pub(crate) fn values(stored: &Map<String, Value>, fields: &[Field]) -> Map<String, Value> {
    let known = fields.iter().filter_map(|field| {
        let value = value_of(stored.get(&field.name)?);
        Some((field.name.clone(), value.clone()))
    });
    known.collect()
}

/// False while a field that counts and must have a value has none: then a person is needed.
pub(crate) fn is_complete(stored: &Map<String, Value>, fields: &[Field]) -> bool {
    fields.iter().filter(|field| field.required && applies(field, stored, fields)).all(|field| {
        stored.get(&field.name).map(value_of).is_some_and(|value| match value {
            Value::Null => false,
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => items.iter().any(|item| item.as_str() != Some("")),
            _ => true,
        })
    })
}

/// True when everything that the field depends on has the value it is to have.
fn applies(field: &Field, stored: &Map<String, Value>, fields: &[Field]) -> bool {
    field.depends_on.iter().all(|(name, wanted)| {
        let default = fields.iter().find(|other| other.name == *name).map(|other| &other.default);
        let given = stored.get(name).map(value_of).filter(|value| !value.is_null()).or(default);
        given.is_some_and(|given| text(given) == text(wanted))
    })
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned).to_lowercase()
}

/// The value of a field object, or the value that stands there bare.
fn value_of(field: &Value) -> &Value {
    match field {
        Value::Object(properties) => properties.get("value").unwrap_or(&Value::Null),
        bare => bare,
    }
}

/// The configuration as it may be shown: the values of sensitive fields masked, by the stored mark or by ours, and of each other
/// value what logs in to an address.
pub(crate) fn masked(stored: &Map<String, Value>, fields: &[Field]) -> Map<String, Value> {
    let is_secret = |name: &str, field: &Value| {
        field["sensitive"] == json!(true) || fields.iter().any(|ours| ours.name == name && ours.sensitive)
    };
    let shown = stored.iter().map(|(name, field)| {
        let mut field = field.clone();
        let hide = if is_secret(name, &field) { hide } else { without_login };
        match &mut field {
            Value::Object(properties) => {
                properties
                    .iter_mut()
                    .filter(|(key, _)| VALUES.contains(&key.as_str()))
                    .for_each(|(_, value)| hide(value));
            }
            bare => hide(bare),
        }
        (name.clone(), field)
    });
    shown.collect()
}

fn hide(value: &mut Value) {
    if !value.is_null() && value != "" {
        *value = MASK.into();
    }
}

fn without_login(value: &mut Value) {
    match value {
        Value::String(text) => *text = mask::address(text).into_owned(),
        Value::Array(items) => items.iter_mut().for_each(without_login),
        Value::Object(fields) => fields.values_mut().for_each(without_login),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use connectors_core::config::{Config as _, Secret};

    connectors_core::config! {
        /// A form.
        struct Form {
            /// Where it is.
            #[label = "Host"]
            host: String,
            /// Opens it.
            #[label = "Password"]
            password: Option<Secret>,
            /// Encrypted.
            #[label = "TLS"]
            tls: bool = false,
            /// Trusted.
            #[label = "CA", depends_on("tls", true)]
            ca: String,
            /// How many at once.
            #[label = "Connections", between(1, 1000)]
            connections: Option<u32>,
        }
    }

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn what_is_missing_is_added_and_what_is_foreign_stays() {
        let stored = object(json!({"host": {"value": "h"}, "foreign": {"value": 1}, "tls": true}));
        let added = missing_fields(&stored, &Form::fields()).unwrap();
        assert_eq!(added["host"].get("value"), None, "a value that is there is not touched");
        assert_eq!((&added["host"]["label"], &added["host"]["order"]), (&json!("Host"), &json!(1)));
        assert_eq!((&added["tls"]["value"], &added["tls"]["type"]), (&json!(true), &json!("bool")));
        assert_eq!(added["ca"]["depends_on"], json!([{"field": "tls", "value": true}]));
        assert!(!added.contains_key("foreign"));
        let whole = missing_fields(&Map::new(), &Form::fields()).unwrap();
        assert_eq!((missing_fields(&whole, &Form::fields()), whole.len()), (None, 5));
        let known = values(&stored, &Form::fields());
        assert_eq!(known, object(json!({"host": "h", "tls": true})));
    }

    #[test]
    fn a_bound_that_no_value_can_be_compared_with_is_neither_written_nor_left() {
        let whole = missing_fields(&Map::new(), &Form::fields()).unwrap();
        assert_eq!(whole["connections"]["validations"], json!([]));
        let bound = json!([{"type": "greater_than", "constraint": 0.0}]);
        let mut stored = whole.clone();
        stored["connections"]["validations"] = bound.clone();
        let added = missing_fields(&stored, &Form::fields()).unwrap();
        assert_eq!(Value::from(added), json!({"connections": {"validations": []}}));
        stored["connections"]["value"] = json!(3);
        assert_eq!(missing_fields(&stored, &Form::fields()), None, "a value can be compared");
        let foreign =
            object(json!({"connections": {"value": null, "validations": bound, "label": "theirs"}}));
        assert_eq!(
            missing_fields(&foreign, &Form::fields()).unwrap()["connections"]["validations"],
            json!([])
        );
    }

    #[test]
    fn a_person_is_needed_while_a_required_value_is_missing() {
        for (stored, filled) in [
            (json!({}), false),
            (json!({"host": {"value": ""}}), false),
            (json!({"host": {"value": null}}), false),
            (json!({"host": {"value": "h"}}), true),
            (json!({"host": "h"}), true),
            (json!({"host": {"value": "h"}, "tls": {"value": true}}), false),
            (json!({"host": {"value": "h"}, "tls": {"value": "True"}, "ca": {"value": "pem"}}), true),
        ] {
            assert_eq!(is_complete(&object(stored.clone()), &Form::fields()), filled, "{stored}");
        }
    }

    #[test]
    fn secrets_are_masked_by_their_mark_or_ours() {
        let stored = object(json!({
            "password": {"value": "p"}, "foreign": {"value": "t", "sensitive": true}, "host": {"value": "h"},
            "empty": {"value": "", "sensitive": true},
        }));
        let shown = masked(&stored, &Form::fields());
        assert_eq!((&shown["password"]["value"], &shown["foreign"]["value"]), (&json!("***"), &json!("***")));
        assert_eq!((&shown["host"]["value"], &shown["empty"]["value"]), (&json!("h"), &json!("")));
        assert_eq!(masked(&object(json!({"password": "p"})), &Form::fields())["password"], "***");
    }
}
