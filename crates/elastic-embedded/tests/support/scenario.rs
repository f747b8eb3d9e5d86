//! Scenarios: requests and what must come back, kept as YAML.

use std::collections::BTreeMap;
use std::path::Path;

use reqwest::{Client, Method};
use serde::Deserialize;
use serde_json::Value;

/// A few requests that belong together, on indices of their own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    name: String,
    /// Indices that are removed before and after.
    #[serde(default)]
    indices: Vec<String>,
    /// Where it holds; everywhere if this is empty. Then `reason` says why not elsewhere.
    #[serde(default)]
    engines: Vec<String>,
    #[serde(default)]
    reason: Option<String>,
    steps: Vec<Step>,
}

/// One request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// Method and path.
    request: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// A JSON body, or text that is sent as it is.
    #[serde(default)]
    body: Option<Value>,
    /// A body of one JSON value or text per line.
    #[serde(default)]
    ndjson: Vec<Value>,
    #[serde(default = "ok")]
    status: u16,
    /// What the answer must hold: members that are named, lists as a whole. A string that starts with `~`
    /// must be contained; `$any` stands for anything, `$absent` for a member that must not be there.
    #[serde(default)]
    expect: Value,
    /// What the answer must be, whole.
    #[serde(default)]
    equals: Option<Value>,
    /// Variables that later steps name as `${name}`, by their path in the answer.
    #[serde(default)]
    set: BTreeMap<String, String>,
}

fn ok() -> u16 {
    200
}

/// A server to play against.
pub(crate) struct Engine {
    url: String,
    name: &'static str,
    client: Client,
}

impl Engine {
    pub(crate) async fn of(url: &str) -> Self {
        let client = Client::new();
        let nodes: Value =
            client.get(format!("{url}/_nodes/_local")).send().await.unwrap().json().await.unwrap();
        let node = nodes["nodes"].as_object().unwrap().values().next().unwrap().clone();
        let name = match node["build_flavor"].as_str() {
            Some("elastic-embedded") => "embedded",
            Some(_) => "elasticsearch",
            None => "opensearch",
        };
        Engine { url: url.trim_end_matches('/').to_owned(), name, client }
    }
}

/// Every scenario of every file.
pub(crate) fn load() -> Vec<Scenario> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let scenarios: Vec<Scenario> =
            serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        all.extend(scenarios);
    }
    for scenario in &all {
        assert_eq!(
            scenario.engines.is_empty(),
            scenario.reason.is_none(),
            "{}: engines need a reason",
            scenario.name
        );
    }
    all
}

/// Plays scenarios and tells what did not hold.
pub(crate) async fn play(engine: &Engine, scenarios: &[Scenario]) -> Vec<String> {
    let mut failures = Vec::new();
    for scenario in scenarios {
        if !scenario.engines.is_empty() && !scenario.engines.iter().any(|name| name == engine.name) {
            continue;
        }
        remove(engine, scenario).await;
        if let Err(problem) = run(engine, scenario).await {
            failures.push(format!("[{}] {}: {problem}", engine.name, scenario.name));
        }
        remove(engine, scenario).await;
    }
    failures
}

async fn remove(engine: &Engine, scenario: &Scenario) {
    for index in &scenario.indices {
        engine.client.delete(format!("{}/{index}", engine.url)).send().await.unwrap();
    }
}

async fn run(engine: &Engine, scenario: &Scenario) -> Result<(), String> {
    let mut variables = BTreeMap::new();
    for step in &scenario.steps {
        let (status, text) = send(engine, step, &variables).await;
        let shown = format!("{}\n  answered {status}: {text}", step.request);
        if status != step.status {
            return Err(format!("{shown}\n  expected the status {}", step.status));
        }
        let answer: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        matches(&substitute(&step.expect, &variables), &answer, "")
            .map_err(|problem| format!("{shown}\n  {problem}"))?;
        if let Some(whole) = step.equals.as_ref().filter(|whole| **whole != answer) {
            return Err(format!("{shown}\n  expected exactly {whole}"));
        }
        for (name, path) in &step.set {
            let value = path.split('.').fold(&answer, |value, part| match part.parse::<usize>() {
                Ok(at) => &value[at],
                Err(_) => &value[part],
            });
            variables.insert(name.clone(), value.clone());
        }
    }
    Ok(())
}

async fn send(engine: &Engine, step: &Step, variables: &BTreeMap<String, Value>) -> (u16, String) {
    let line = replace(&step.request, variables);
    let (method, path) = line.split_once(' ').unwrap();
    let method: Method = method.parse().unwrap();
    let mut request = engine.client.request(method, format!("{}{path}", engine.url));
    let mut typed = false;
    for (name, value) in &step.headers {
        typed |= name.eq_ignore_ascii_case("content-type");
        request = request.header(name, value.replace("${url}", &engine.url));
    }
    let body = match (&step.body, step.ndjson.as_slice()) {
        (Some(Value::String(text)), _) => Some(replace(text, variables)),
        (Some(body), _) => Some(substitute(body, variables).to_string()),
        (None, []) => None,
        (None, lines) => {
            let line = |value: &Value| {
                value.as_str().map_or_else(|| substitute(value, variables).to_string(), str::to_owned)
            };
            Some(lines.iter().map(|value| line(value) + "\n").collect())
        }
    };
    if let Some(body) = body {
        request = if typed { request } else { request.header("content-type", "application/json") };
        request = request.body(body);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

fn replace(text: &str, variables: &BTreeMap<String, Value>) -> String {
    let mut text = text.to_owned();
    for (name, value) in variables {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text = text.replace(&format!("${{{name}}}"), &value);
    }
    text
}

fn substitute(value: &Value, variables: &BTreeMap<String, Value>) -> Value {
    match value {
        Value::String(text) => {
            let whole = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
            match whole.and_then(|name| variables.get(name)) {
                Some(value) => value.clone(),
                None => replace(text, variables).into(),
            }
        }
        Value::Array(items) => items.iter().map(|item| substitute(item, variables)).collect(),
        Value::Object(members) => Value::Object(
            members.iter().map(|(key, value)| (key.clone(), substitute(value, variables))).collect(),
        ),
        other => other.clone(),
    }
}

fn matches(expected: &Value, found: &Value, path: &str) -> Result<(), String> {
    let differs = || Err(format!("at [{path}] expected {expected}, found {found}"));
    match (expected, found) {
        (Value::Null, _) if path.is_empty() => Ok(()),
        (Value::String(text), _) if text == "$any" && !found.is_null() => Ok(()),
        (Value::String(text), Value::String(found))
            if text.starts_with('~') && found.contains(&text[1..]) =>
        {
            Ok(())
        }
        (Value::Object(members), Value::Object(found)) => members.iter().try_for_each(|(key, value)| {
            let below = format!("{path}.{key}");
            match (value, found.get(key)) {
                (Value::String(text), None) if text == "$absent" => Ok(()),
                (_, None) => Err(format!("at [{below}] expected {value}, found nothing")),
                (value, Some(found)) => matches(value, found, &below),
            }
        }),
        (Value::Array(items), Value::Array(found)) if items.len() == found.len() => items
            .iter()
            .zip(found)
            .enumerate()
            .try_for_each(|(at, (item, found))| matches(item, found, &format!("{path}.{at}"))),
        (Value::Number(number), Value::Number(other)) if number.is_f64() || other.is_f64() => {
            if number.as_f64() == other.as_f64() { Ok(()) } else { differs() }
        }
        _ if expected == found => Ok(()),
        _ => differs(),
    }
}
