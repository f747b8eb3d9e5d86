//! Declarations as the parts of a connector's document.

use chrono::{DateTime, Utc};
use connectors_core::rules::Filtering;
use serde_json::{Map, Value, json};

use super::connector::{Declared, Existing};
use super::plan::Difference;
use crate::protocol::{Schedule, scheduling};

impl Declared {
    /// What of an existing document has to be written: a partial update in which objects are merged, with
    /// those parts alone that differ.
    pub(crate) fn update(
        &self,
        existing: &Existing,
        differences: &[Difference],
        now: DateTime<Utc>,
    ) -> Map<String, Value> {
        let differs =
            |part: &str| differences.iter().any(|found| found.key == part || found.key.starts_with(part));
        let mut update = Map::new();
        let texts = [
            ("name", "name", Some(&self.name)),
            ("index", "index_name", Some(&self.index)),
            ("language", "language", self.language.as_ref()),
        ];
        for (key, field, value) in texts {
            if differs(key) {
                update.insert(field.into(), json!(value));
            }
        }
        if differs("pipeline") {
            update.insert("pipeline".into(), json!({ "name": self.pipeline }));
        }
        if differs("settings.") {
            update.insert("configuration".into(), self.configuration(differences));
        }
        if differs("schedule.") {
            update.insert("scheduling".into(), self.scheduling());
        }
        if differs("rules.") {
            update.insert("filtering".into(), self.filtering(&existing.document["filtering"], now));
        }
        update
    }

    /// The values that differ, by setting: `{"path": {"value": …}}`.
    fn configuration(&self, differences: &[Difference]) -> Value {
        let changed = differences.iter().filter_map(|found| found.key.strip_prefix("settings."));
        let value = |name: &str| {
            let default = self.fields.iter().find(|field| field.name == name).map(|field| &field.default);
            self.settings.get(name).or(default).cloned().unwrap_or_default()
        };
        Value::Object(changed.map(|name| (name.to_owned(), json!({ "value": value(name) }))).collect())
    }

    /// The schedules, whole.
    pub(crate) fn scheduling(&self) -> Value {
        scheduling(|job_type| {
            let interval = self.schedule.get(job_type.word())?.clone();
            Some(Schedule { enabled: true, interval })
        })
    }

    /// The rules as a draft of the given `filtering`. Basic rules, which were checked, are in force at once;
    /// advanced ones are for the worker to validate.
    pub(crate) fn filtering(&self, before: &Value, now: DateTime<Utc>) -> Value {
        let mut filtering = Filtering::read(before).ok().flatten().unwrap_or_else(|| Filtering::new(now));
        let mut rules: Vec<Value> = self.rules.clone();
        let catch_all = Filtering::new(now).draft.rules;
        let kept =
            filtering.draft.rules.iter().filter(|rule| rule["id"] == "DEFAULT").cloned().collect::<Vec<_>>();
        rules.extend(if kept.is_empty() { catch_all } else { kept });
        let advanced = if self.advanced.is_null() { json!({}) } else { self.advanced.clone() };
        let is_plain = advanced == json!({}) || advanced == json!([]);
        filtering.edit(rules, advanced, now);
        if is_plain {
            filtering.validate(&[]);
            let _ = filtering.activate();
        }
        filtering.to_json()
    }
}
