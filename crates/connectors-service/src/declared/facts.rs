//! Connectors as flat facts, so that a declared one and one that exists can be compared.

use std::collections::BTreeMap;

use connectors_core::config::Field;
use connectors_core::mask;
use connectors_core::rules::{Basic, Filtering, RuleSet};
use serde_json::{Value, json};

use super::connector::{Declared, Existing};
use crate::protocol::JobType;
use crate::secrets::MASK;

/// `settings.path`, `schedule.full`, … → value.
pub(super) type Facts = BTreeMap<String, Value>;

impl Declared {
    /// What is to be.
    pub(super) fn facts(&self) -> Facts {
        let mut facts = Facts::from([("name".into(), json!(self.name)), ("index".into(), json!(self.index))]);
        let kept = [("language", &self.language), ("pipeline", &self.pipeline)];
        facts.extend(kept.into_iter().filter_map(|(key, value)| Some((key.into(), json!(value.as_ref()?)))));
        for field in &self.fields {
            let value = self.settings.get(&field.name).unwrap_or(&field.default);
            facts.insert(format!("settings.{}", field.name), plain(value));
        }
        for job_type in JobType::ALL.iter().map(|job_type| job_type.word()) {
            let expression = self.schedule.get(job_type).map_or("off", String::as_str);
            facts.insert(format!("schedule.{job_type}"), json!(expression));
        }
        facts.insert("rules.basic".into(), rule_lines(&self.rules));
        facts.insert("rules.advanced".into(), not_empty(&self.advanced));
        facts
    }

    /// What is to be, key by key, as it may be shown: secrets masked, what is empty and schedules that are off left out.
    pub fn properties(&self) -> Vec<(String, String)> {
        let facts = self.facts().into_iter().map(|(key, value)| (self.shown(&key, &value), key));
        facts
            .filter(|(value, _)| value != "none" && value != "off")
            .map(|(value, key)| (key, value))
            .collect()
    }

    /// A fact as it may be shown: secrets masked.
    pub(super) fn shown(&self, key: &str, value: &Value) -> String {
        let setting = key.strip_prefix("settings.");
        let is_secret = |field: &Field| Some(field.name.as_str()) == setting && field.sensitive;
        shown(value, self.fields.iter().any(is_secret))
    }
}

impl Existing {
    /// What is, of the settings that the type has.
    pub(super) fn facts(&self, fields: &[Field]) -> Facts {
        let document = &self.document;
        let mut facts = Facts::from([
            ("name".into(), document["name"].clone()),
            ("index".into(), document["index_name"].clone()),
            ("language".into(), document["language"].clone()),
            ("pipeline".into(), document["pipeline"]["name"].clone()),
        ]);
        for field in fields {
            let stored = &document["configuration"][&field.name];
            let value = if stored.is_object() { &stored["value"] } else { stored };
            let value = if plain(value).is_null() { &field.default } else { value };
            facts.insert(format!("settings.{}", field.name), plain(value));
        }
        for job_type in JobType::ALL.iter().map(|job_type| job_type.word()) {
            let schedule = &document["scheduling"][job_type];
            let is_on = schedule["enabled"] == json!(true);
            let expression = if is_on { schedule["interval"].clone() } else { json!("off") };
            facts.insert(format!("schedule.{job_type}"), expression);
        }
        let rules = self.rules();
        facts.insert("rules.basic".into(), rule_lines(&rules.rules));
        facts.insert("rules.advanced".into(), not_empty(&rules.advanced_snippet.value));
        facts
    }

    /// The rules that were last written: those in force, or a draft that waits to be validated.
    fn rules(&self) -> RuleSet {
        match Filtering::read(&self.document["filtering"]) {
            Ok(Some(filtering)) if filtering.is_edited() => filtering.draft,
            Ok(Some(filtering)) => filtering.active,
            _ => RuleSet::default(),
        }
    }
}

/// A value without the ways in which forms and files write the same: numbers and booleans as text, lists by
/// their items, what is empty as null.
fn plain(value: &Value) -> Value {
    let text = match value {
        Value::Array(items) => {
            let items: Vec<String> =
                items.iter().map(|item| text(&plain(item))).filter(|item| !item.is_empty()).collect();
            items.join(",")
        }
        other => text(other),
    };
    if text.is_empty() { Value::Null } else { text.into() }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What rules do, one line each, in their order.
fn rule_lines(rules: &[Value]) -> Value {
    let (basic, _) = Basic::read(rules);
    let line = |rule: &connectors_core::rules::Rule| {
        let written = rules.iter().find(|written| written["id"] == rule.id.as_str());
        let word = |key: &str| written.and_then(|rule| rule[key].as_str()).unwrap_or_default().to_lowercase();
        json!(format!("{} {} {} {}", word("policy"), rule.field, word("rule"), rule.value))
    };
    Value::Array(basic.rules().iter().map(line).collect())
}

fn not_empty(value: &Value) -> Value {
    let is_empty = *value == json!({}) || *value == json!([]);
    if is_empty { Value::Null } else { value.clone() }
}

/// A value as it may be shown: sensitive ones masked unless they only name a secret, and what logs in to an
/// address always.
fn shown(value: &Value, is_sensitive: bool) -> String {
    match value {
        Value::Null => "none".into(),
        Value::Array(items) if items.is_empty() => "none".into(),
        Value::Array(items) => {
            items.iter().map(|item| mask::address(&text(item)).into_owned()).collect::<Vec<_>>().join("; ")
        }
        Value::String(text) if is_reference(text) => text.clone(),
        _ if is_sensitive => MASK.into(),
        Value::String(text) => mask::address(text).into_owned(),
        other => mask::logins(&other.to_string()).into_owned(),
    }
}

fn is_reference(text: &str) -> bool {
    let inside = text.strip_prefix("${").and_then(|text| text.strip_suffix('}'));
    inside.is_some_and(|name| crate::secrets::is_reference(name) && !name.contains(['$', '}']))
}
