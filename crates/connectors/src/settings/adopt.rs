//! Settings files of elastic/connectors: their keys become ours, or a note why they have no effect.

use std::collections::BTreeMap;
use std::mem::take;

use connectors_core::config::FieldValue as _;
use connectors_service::secrets;
use serde_json::{Value, json};

use super::foreign::{self, Effect};
use super::tree::{Flat, Tree};

const HOST: &str = "elasticsearch.host";
const MAX_ERRORS: &str = "elasticsearch.bulk.error_monitor.max_total_errors";
const IN_A_ROW: &str = "elasticsearch.bulk.error_monitor.max_consecutive_errors";
const MAX_RATE: &str = "elasticsearch.bulk.error_monitor.max_error_rate";

/// Key of ours → key of the file that set it.
pub(super) type Renamed = BTreeMap<&'static str, &'static str>;

/// What a file gives, in keys of ours and in those that neither tool has.
#[derive(Debug)]
pub(super) struct Adopted {
    pub(super) given: Flat,
    /// What has no effect, and why.
    pub(super) notes: Vec<String>,
    pub(super) renamed: Renamed,
    /// The only service types to use; none for no such limit.
    pub(super) types: Option<Vec<String>>,
}

/// Translates the keys of the other tool.
///
/// # Errors
/// What can't be applied, with its key.
pub(super) fn adopt(given: Flat, known: &Tree) -> Result<Adopted, String> {
    let is_other = |key: &String| !known.knows(key) && foreign::effect(key).is_some();
    let (other, given): (Flat, Flat) = given.into_iter().partition(|(key, _)| is_other(key));
    let mut adopted = Adopted { given, notes: Vec::new(), renamed: Renamed::new(), types: None };
    adopted.log_level();
    adopted.modules(known);
    // In the order of the table: of two keys that set the same one, the first counts.
    for (name, effect) in foreign::KEYS {
        let values = other.iter().filter(|(key, value)| !value.is_null() && foreign::covers(name, key));
        for (key, value) in values {
            match effect {
                Effect::Sets(ours) => adopted.set(ours, (name, value)),
                Effect::Ignored(_) => adopted.notes.push(format!("`{key}` {}", effect.words())),
                Effect::Applied(_) => {
                    adopted.apply((name, value), &other).map_err(|problem| format!("  {key}: {problem}"))?;
                }
            }
        }
    }
    Ok(adopted)
}

impl Adopted {
    fn set(&mut self, ours: &'static str, (key, value): (&'static str, &Value)) {
        if self.given.get(ours).is_some_and(|value| !value.is_null()) {
            let by = self.renamed.get(ours).copied().unwrap_or(ours);
            return self.notes.push(format!("`{key}` has no effect here because `{by}` is set too"));
        }
        self.given.insert(ours.to_owned(), value.clone());
        self.renamed.insert(ours, key);
    }

    fn apply(&mut self, (key, value): (&str, &Value), other: &Flat) -> Result<(), String> {
        match key {
            "elasticsearch.ssl" if bool::read(value)? => self.encrypt()?,
            "elasticsearch.ssl" => self.notes.push(
                "`elasticsearch.ssl: false` has no effect here because the scheme of the host decides".into(),
            ),
            "elasticsearch.bulk.error_monitor.enabled" if !bool::read(value)? => {
                let none = [(MAX_ERRORS, json!(1_000_000)), (IN_A_ROW, json!(0)), (MAX_RATE, json!(1))];
                self.given.extend(none.map(|(key, limit)| (key.to_owned(), limit)));
            }
            "service.fips_mode" if bool::read(value)? => {
                return Err(
                    "true: this program uses no FIPS-validated cryptography; leave the key out".into()
                );
            }
            "service.service_types" => self.limit(value)?,
            "connector_id" => self.serve(value, other.get("service_type")),
            "service_type" if other.get("connector_id").is_none_or(Value::is_null) => {
                self.notes
                    .push("`service_type` has no effect here because there is no `connector_id`".into());
            }
            _ => {}
        }
        Ok(())
    }

    fn encrypt(&mut self) -> Result<(), String> {
        let Some(Value::String(host)) = self.given.get_mut(HOST) else { return Ok(()) };
        if host.trim().to_lowercase().starts_with("http://") {
            return Err(format!(
                "true: `{HOST}` begins with http://, which is not encrypted; change one of them"
            ));
        }
        if !host.contains("://") && !host.is_empty() {
            *host = format!("https://{}", host.trim());
            secrets::mask_logins(self.given.get(HOST));
        }
        Ok(())
    }

    fn limit(&mut self, value: &Value) -> Result<(), String> {
        let types: Vec<String> = serde_json::from_value(value.clone())
            .map_err(|_| "expected a list of service types, such as [mongodb]".to_owned())?;
        let left = self.types.take();
        self.types = if types.is_empty() { left } else { Some(left.map_or(types, |_| Vec::new())) };
        Ok(())
    }

    /// Adds a connector to `connectors`, unless it is there.
    fn serve(&mut self, id: &Value, service_type: Option<&Value>) {
        let list = self.given.entry("connectors".into()).or_insert(Value::Null);
        if list.is_null() {
            *list = json!([]);
        }
        // What is no list is an error of its own later.
        let Value::Array(entries) = list else { return };
        if entries.iter().any(|entry| entry["connector_id"] == *id) {
            return self
                .notes
                .push("`connector_id` has no effect here because `connectors` has it too".into());
        }
        entries.push(json!({ "connector_id": id, "service_type": service_type }));
    }

    /// Names that only the other tool has for levels of the log.
    fn log_level(&mut self) {
        let Some(Value::String(level)) = self.given.get_mut("service.log_level") else { return };
        match level.to_lowercase().as_str() {
            "warning" => "warn".clone_into(level),
            "critical" | "fatal" => "error".clone_into(level),
            _ => {}
        }
    }

    /// Leaves out the sources that only the other tool has: those whose values are modules of Python.
    fn modules(&mut self, known: &Tree) {
        let is_lacking = |key: &String, value: &Value| {
            key.starts_with("sources.") && !known.knows(key) && value.as_str().is_some_and(is_module)
        };
        let (lacking, given): (Flat, Flat) =
            take(&mut self.given).into_iter().partition(|(key, value)| is_lacking(key, value));
        self.given = given;
        for key in lacking.keys() {
            self.notes.push(format!("`{key}` has no effect here because this program lacks that source"));
        }
        // The table takes the place of the default one, which has more.
        if !lacking.is_empty() && !self.given.keys().any(|key| key.starts_with("sources.")) {
            self.types = Some(Vec::new());
        }
    }
}

/// True for `package.module:Class`.
fn is_module(text: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | ':');
    text.contains('.') && text.chars().all(is_part)
}
