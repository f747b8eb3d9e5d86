//! A model of how another service of the protocol reads what this one writes, made from `PROTOCOL.md`'s facts and the fixtures: stricter than
//! ours where it was seen to be.

use serde_json::{Map, Value, json};

const CONNECTOR: &str = include_str!("../../tests/fixtures/connector-after-first-sync.json");
const JOB: &str = include_str!("../../tests/fixtures/job-completed.json");

/// What a field object of a configuration has, and the types that it may have.
const FIELD: [(&str, &[&str]); 12] = [
    ("default_value", &["string", "number", "bool", "array"]),
    ("depends_on", &["array"]),
    ("display", &["string"]),
    ("label", &["string"]),
    ("options", &["array"]),
    ("order", &["number"]),
    ("required", &["bool"]),
    ("sensitive", &["bool"]),
    ("tooltip", &["string"]),
    ("type", &["string"]),
    ("ui_restrictions", &["array"]),
    ("validations", &["array"]),
];
const DISPLAYS: [&str; 6] = ["dropdown", "numeric", "text", "textbox", "textarea", "toggle"];

/// Reads a connector.
///
/// # Errors
/// What ends each of its jobs there.
pub(crate) fn connector(document: &Map<String, Value>) -> Result<(), String> {
    shape(document, CONNECTOR)?;
    document["filtering"].as_array().ok_or("filtering is no list")?;
    configuration(&document["configuration"])
}

/// Reads a job.
///
/// # Errors
/// What ends it there.
pub(crate) fn job(document: &Map<String, Value>) -> Result<(), String> {
    shape(document, JOB)?;
    let connector = document["connector"].as_object().ok_or("connector is no object")?;
    let filtering = connector["filtering"].as_object().ok_or("connector.filtering is no object")?;
    if !(filtering["rules"].is_array() && filtering["advanced_snippet"].is_object()) {
        return Err("connector.filtering has no rules".into());
    }
    configuration(&connector["configuration"])
}

/// Each field that both have is of the same type, or null.
fn shape(document: &Map<String, Value>, fixture: &str) -> Result<(), String> {
    let fixture: Value = serde_json::from_str(fixture).map_err(|error| error.to_string())?;
    let theirs = fixture["_source"].as_object().ok_or("the fixture has no fields")?;
    for (name, theirs) in theirs {
        let ours = document.get(name).unwrap_or(&Value::Null);
        let is_like = ours.is_null() || theirs.is_null() || kind(ours) == kind(theirs);
        if !is_like {
            return Err(format!("{name} is {}, not {}", kind(ours), kind(theirs)));
        }
    }
    Ok(())
}

fn configuration(fields: &Value) -> Result<(), String> {
    let fields = fields.as_object().ok_or("configuration is no object")?;
    for (name, field) in fields {
        let field = field.as_object().ok_or_else(|| format!("{name} is no field object"))?;
        one_field(field, fields).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}

fn one_field(field: &Map<String, Value>, all: &Map<String, Value>) -> Result<(), String> {
    for (key, kinds) in FIELD {
        let value = field.get(key).ok_or_else(|| format!("{key} is missing"))?;
        if !value.is_null() && !kinds.contains(&kind(value)) {
            return Err(format!("{key} is {}", kind(value)));
        }
    }
    if !DISPLAYS.iter().any(|display| field["display"] == *display) {
        return Err(format!("display {}", field["display"]));
    }
    for on in field["depends_on"].as_array().into_iter().flatten() {
        if !on["field"].as_str().is_some_and(|name| all.contains_key(name)) {
            return Err(format!("depends_on {on}"));
        }
    }
    for validation in field["validations"].as_array().into_iter().flatten() {
        let bound = validation["constraint"].as_f64();
        let compares = |holds: fn(&f64, &f64) -> bool| match (field["value"].as_f64(), bound) {
            (Some(value), Some(bound)) if holds(&value, &bound) => Ok(()),
            _ => Err(format!("{} {validation}", field["value"])),
        };
        match validation["type"].as_str() {
            Some("less_than") => compares(f64::lt)?,
            Some("greater_than") => compares(f64::gt)?,
            Some("included_in" | "list_type" | "regex") => {}
            _ => return Err(format!("validation {validation}")),
        }
    }
    Ok(())
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[test]
fn what_others_wrote_is_read_and_what_ended_their_jobs_is_refused() {
    let fields = |text: &str| {
        let fixture: Value = serde_json::from_str(text).unwrap();
        fixture["_source"].as_object().unwrap().clone()
    };
    assert_eq!((connector(&fields(CONNECTOR)), job(&fields(JOB))), (Ok(()), Ok(())));

    let mut listed = fields(JOB);
    listed["connector"]["filtering"] = json!([listed["connector"]["filtering"]]);
    assert_eq!(job(&listed), Err("connector.filtering is no object".into()));
    let mut bound = fields(CONNECTOR);
    let field = &mut bound["configuration"]["host"];
    field["value"] = Value::Null;
    field["validations"] = json!([{"type": "greater_than", "constraint": 0.0}]);
    assert!(connector(&bound).unwrap_err().starts_with("host: null "));
}
