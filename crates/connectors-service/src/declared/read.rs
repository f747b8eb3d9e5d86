//! Reads files with declarations; everything that is wrong is reported at once.

use std::collections::{BTreeMap, HashMap};

use connectors_core::config::{Field, no_such_setting};
use connectors_core::elastic::index::check_content_name;
use connectors_core::rules::Basic;
use connectors_core::{Error, Result};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::connector::Declared;
use crate::connectors::check_job_type;
use crate::protocol::{JobType, listed};
use crate::registry::Registry;
use crate::schedule::Expression;
use crate::secrets;

/// A file with declarations.
#[derive(Debug, Clone)]
pub struct File {
    /// Its name, for errors.
    pub name: String,
    /// What stands in it.
    pub text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a connector with id, type and index")]
struct Entry {
    id: String,
    #[serde(rename = "type")]
    service_type: String,
    name: Option<String>,
    index: String,
    language: Option<String>,
    pipeline: Option<String>,
    #[serde(default)]
    settings: Map<String, Value>,
    #[serde(default)]
    schedule: Value,
    #[serde(default)]
    rules: EntryRules,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryRules {
    #[serde(default)]
    basic: Vec<Value>,
    #[serde(default)]
    advanced: Value,
}

/// The connectors that the files declare.
///
/// # Errors
/// `Config`, with every problem of every file at once.
pub fn read(files: &[File], registry: &Registry) -> Result<Vec<Declared>> {
    let declared = parse(files, &|service_type| Ok(registry.get(service_type)?.fields()))?;
    declared.iter().try_for_each(|connector| {
        let mut types = connector.schedule.keys().filter_map(|word| JobType::of(word));
        let of_source = |job_type| check_job_type(registry, &connector.service_type, job_type);
        let checked = check_content_name(&connector.index).and_then(|()| types.try_for_each(of_source));
        checked.map_err(|error| error.with("connector", &connector.id))
    })?;
    Ok(declared)
}

/// The same, with the settings of each service type by `fields`, and names of indices as they are given.
pub(super) fn parse(files: &[File], fields: &dyn Fn(&str) -> Result<Vec<Field>>) -> Result<Vec<Declared>> {
    let (mut declared, mut problems) = (Vec::new(), Vec::new());
    for file in files {
        match entries(file) {
            Ok(entries) => {
                for (entry, number) in entries.into_iter().zip(1..) {
                    let place = place(&entry, file, number);
                    match connector(entry, fields) {
                        Ok(connector) => declared.push(connector),
                        Err(found) => problems.extend(found.iter().map(|found| format!("{place}: {found}"))),
                    }
                }
            }
            Err(error) => problems.push(format!("{}: {error}", file.name)),
        }
    }
    problems.extend(repeated(&declared, "id", |connector| &connector.id));
    problems.extend(repeated(&declared, "index", |connector| &connector.index));
    if problems.is_empty() {
        return Ok(declared);
    }
    Err(Error::config(format!("the declared connectors can't be used:\n  {}", problems.join("\n  "))))
}

/// The declarations of a file, whichever way they are written.
fn entries(file: &File) -> Result<Vec<Value>, serde_yaml::Error> {
    let mut entries = Vec::new();
    for document in serde_yaml::Deserializer::from_str(&file.text) {
        match Value::deserialize(document)? {
            Value::Null => {}
            Value::Array(list) => entries.extend(list),
            Value::Object(mut fields) if fields.len() == 1 && fields.contains_key("connectors") => {
                match fields.remove("connectors") {
                    Some(Value::Array(list)) => entries.extend(list),
                    Some(Value::Null) | None => {}
                    Some(other) => entries.push(other),
                }
            }
            other => entries.push(other),
        }
    }
    Ok(entries)
}

fn place(entry: &Value, file: &File, number: usize) -> String {
    let id = entry["id"].as_str().map_or_else(|| number.to_string(), |id| format!("`{id}`"));
    format!("{}: connector {id}", file.name)
}

fn connector(entry: Value, fields: &dyn Fn(&str) -> Result<Vec<Field>>) -> Result<Declared, Vec<String>> {
    secrets::mask_logins([&entry]);
    let entry: Entry = serde_json::from_value(entry).map_err(|error| vec![error.to_string()])?;
    let fields = fields(&entry.service_type).map_err(|error| vec![error.to_string()])?;
    secrets::mask_sensitive(&entry.settings, &fields);
    let mut problems = empty(&entry);
    problems.extend(wrong_settings(&entry.settings, &fields));
    let schedule = schedules(entry.schedule, &mut problems);
    let rules = whole_rules(entry.rules.basic, &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Declared {
        name: entry.name.unwrap_or_else(|| entry.id.clone()),
        id: entry.id,
        service_type: entry.service_type,
        index: entry.index,
        language: entry.language,
        pipeline: entry.pipeline,
        settings: entry.settings,
        schedule,
        rules,
        advanced: entry.rules.advanced,
        fields,
    })
}

fn empty(entry: &Entry) -> Vec<String> {
    let given = [("id", &entry.id), ("index", &entry.index)];
    let empty = given.into_iter().filter(|(_, text)| text.trim().is_empty());
    empty.map(|(key, _)| format!("{key}: a value is required")).collect()
}

/// Settings that the type does not have, and those that it needs and were not given.
fn wrong_settings(settings: &Map<String, Value>, fields: &[Field]) -> Vec<String> {
    let known = || fields.iter().map(|field| field.name.as_str());
    let unknown = settings
        .keys()
        .filter(|key| !known().any(|known| known == key.as_str()))
        .map(|key| format!("settings.{key}: {}", no_such_setting(key, &known().collect::<Vec<_>>())));
    let is_needed = |field: &&Field| field.required && field.default.is_null() && field.depends_on.is_empty();
    let missing = fields.iter().filter(is_needed).filter(|field| {
        settings.get(&field.name).is_none_or(|value| value.is_null() || value == "" || *value == json!([]))
    });
    unknown.chain(missing.map(|field| format!("settings.{}: a value is required", field.name))).collect()
}

/// Expressions by type of job; a text alone is that of full syncs. What is kept are quartz expressions.
fn schedules(given: Value, problems: &mut Vec<String>) -> BTreeMap<String, String> {
    let given = match given {
        Value::Null => Map::new(),
        Value::Object(given) => given,
        text => Map::from_iter([(JobType::Full.word().to_owned(), text)]),
    };
    let mut schedules = BTreeMap::new();
    for (job_type, expression) in given {
        match schedule(&job_type, &expression) {
            Ok(Some(expression)) => drop(schedules.insert(job_type, expression)),
            Ok(None) => {}
            Err(problem) => problems.push(format!("schedule.{job_type}: {problem}")),
        }
    }
    schedules
}

fn schedule(job_type: &str, expression: &Value) -> Result<Option<String>, String> {
    if JobType::of(job_type).is_none() {
        return Err(format!("there is no such type of job; there are: {}", listed(JobType::ALL)));
    }
    match expression {
        Value::Null => Ok(None),
        Value::String(text) if text == "off" => Ok(None),
        Value::String(text) => {
            let read = Expression::spoken(text).map_err(|error| error.to_string())?;
            Ok(Some(read.to_string()))
        }
        _ => Err("expected a text, such as `0 0 2 * * ?`, `@daily` or `every 15m`".into()),
    }
}

/// Rules with what may be left out: an id, and the order, which is that of the list.
fn whole_rules(mut rules: Vec<Value>, problems: &mut Vec<String>) -> Vec<Value> {
    for (rule, number) in rules.iter_mut().zip(1..) {
        if let Some(fields) = rule.as_object_mut() {
            fields.entry("id").or_insert_with(|| json!(format!("rule-{number}")));
            fields.entry("order").or_insert_with(|| json!(number));
        }
    }
    if let Err(found) = Basic::parse(&rules) {
        problems.extend(
            found.into_iter().map(|found| format!("rules.basic, {}: {}", found.place, found.message)),
        );
    }
    rules.retain(|rule| rule["id"] != "DEFAULT");
    rules
}

/// What two connectors can't both have.
fn repeated(declared: &[Declared], what: &str, value: fn(&Declared) -> &String) -> Vec<String> {
    let mut seen: HashMap<&String, Vec<&str>> = HashMap::new();
    for connector in declared {
        seen.entry(value(connector)).or_default().push(&connector.id);
    }
    let mut repeated: Vec<String> = seen
        .into_iter()
        .filter(|(_, ids)| ids.len() > 1)
        .map(|(value, ids)| {
            format!("the {what} `{value}` is declared by more than one connector: {}", ids.join(", "))
        })
        .collect();
    repeated.sort_unstable();
    repeated
}
