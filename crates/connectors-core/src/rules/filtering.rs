//! Rules as a connector document keeps them: those in force, and a draft on its way there.
//!
//! ```text
//! edit ─► draft edited ─► validate ─► draft valid ─► activate ─► active
//!                                 └─► draft invalid, with its problems
//! ```

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};

use super::rule::DEFAULT;
use super::{Basic, RuleProblem, Rules};
use crate::{Error, Result};

/// The `filtering` of a connector. Fields that are not known here are kept as they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Filtering {
    /// `DEFAULT`; documents know no other one.
    #[serde(default = "default_domain")]
    pub domain: String,
    /// What syncs go by.
    #[serde(default, deserialize_with = "or_default")]
    pub active: RuleSet,
    /// What an operator is writing.
    #[serde(default, deserialize_with = "or_default")]
    pub draft: RuleSet,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// Basic and advanced rules, as JSON, and whether they can be used. A job holds one, without a draft.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RuleSet {
    /// The basic rules, as [`Basic::read`] takes them.
    #[serde(default, deserialize_with = "or_default")]
    pub rules: Vec<Value>,
    /// The advanced rules.
    #[serde(default, deserialize_with = "or_default")]
    pub advanced_snippet: Snippet,
    /// What is known about both.
    #[serde(default, deserialize_with = "or_default")]
    pub validation: Validation,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// Advanced rules with their dates.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Snippet {
    /// The rules; empty or null where there are none.
    #[serde(default)]
    pub value: Value,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// Whether rules can be used, and why not.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// How far they are.
    #[serde(default, deserialize_with = "or_default")]
    pub state: State,
    /// `{"ids": […], "messages": […]}` for each rule with problems.
    #[serde(default, deserialize_with = "or_default")]
    pub errors: Vec<Value>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// How far a set of rules is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Written, and not yet looked at.
    Edited,
    /// Nothing is wrong with it.
    #[default]
    Valid,
    /// It can't be used.
    Invalid,
}

impl Filtering {
    /// What a new connector has: everything is wanted.
    #[must_use]
    pub fn new(now: DateTime<Utc>) -> Self {
        let set = RuleSet::new(now);
        Self { domain: default_domain(), active: set.clone(), draft: set, rest: Map::new() }
    }

    /// Reads the `filtering` of a document: one, a list of which the first counts, or none.
    ///
    /// # Errors
    /// When it is there and has another shape.
    pub fn read(value: &Value) -> Result<Option<Self>> {
        shaped(value)
    }

    /// As it stands in a document: a list of one.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!([self])
    }

    /// Takes a new draft in, which is to be validated.
    pub fn edit(&mut self, rules: Vec<Value>, advanced: Value, now: DateTime<Utc>) {
        let draft = &mut self.draft;
        draft.rules = rules.into_iter().map(|rule| dated(rule, &draft.rules, now)).collect();
        let created = draft.advanced_snippet.rest.get("created_at").cloned().unwrap_or_else(|| json!(now));
        if draft.advanced_snippet.value != advanced {
            draft.advanced_snippet.value = advanced;
            draft.advanced_snippet.rest.insert("updated_at".into(), json!(now));
        }
        draft.advanced_snippet.rest.insert("created_at".into(), created);
        draft.validation.state = State::Edited;
        draft.validation.errors.clear();
    }

    /// True when the draft has to be validated.
    #[must_use]
    pub fn is_edited(&self) -> bool {
        self.draft.validation.state == State::Edited
    }

    /// Keeps what was found wrong with the draft: [`RuleSet::read`] reports what is wrong with its basic
    /// rules, the source what is wrong with the advanced ones.
    pub fn validate(&mut self, problems: &[RuleProblem]) {
        self.draft.validation.state = if problems.is_empty() { State::Valid } else { State::Invalid };
        self.draft.validation.errors = by_place(problems);
    }

    /// Puts the draft in force.
    ///
    /// # Errors
    /// Unless it is valid; then nothing changes.
    pub fn activate(&mut self) -> Result<()> {
        let reason = match self.draft.validation.state {
            State::Valid => {
                self.active = self.draft.clone();
                return Ok(());
            }
            State::Edited => "the draft of the rules is not validated yet",
            State::Invalid => "the draft of the rules is invalid; mend what its validation names",
        };
        Err(Error::config(reason))
    }
}

impl RuleSet {
    /// The catch-all rule alone.
    #[must_use]
    pub fn new(now: DateTime<Utc>) -> Self {
        let dates: Map<String, Value> =
            ["created_at", "updated_at"].map(|name| (name.to_owned(), json!(now))).into_iter().collect();
        Self {
            rules: vec![catch_all(now)],
            advanced_snippet: Snippet { value: json!({}), rest: dates },
            ..Self::default()
        }
    }

    /// Reads the `connector.filtering` of a job: one, a list of which the first counts, or none.
    ///
    /// # Errors
    /// When it is there and has another shape.
    pub fn of_job(value: &Value) -> Result<Option<Self>> {
        shaped(value)
    }

    /// What a sync can go by, and everything that is wrong with a basic rule. One that can't be evaluated is
    /// left out; the advanced rules are the source's to check.
    #[must_use]
    pub fn read(&self) -> (Rules, Vec<RuleProblem>) {
        let (basic, problems) = Basic::read(&self.rules);
        let value = &self.advanced_snippet.value;
        let is_empty = match value {
            Value::Null => true,
            Value::Object(fields) => fields.is_empty(),
            Value::Array(items) => items.is_empty(),
            _ => false,
        };
        (Rules { basic, advanced: (!is_empty).then(|| value.clone()) }, problems)
    }
}

/// Problems as documents keep them: `{"ids": [id], "messages": […]}` for each place, in order.
fn by_place(problems: &[RuleProblem]) -> Vec<Value> {
    let mut places: Vec<&str> = Vec::new();
    for problem in problems.iter().filter(|problem| !problem.place.is_empty()) {
        if !places.contains(&problem.place.as_str()) {
            places.push(&problem.place);
        }
    }
    let messages = |place: &str| -> Vec<&str> {
        let here = problems.iter().filter(|problem| problem.place == place);
        here.map(|problem| problem.message.as_str()).collect()
    };
    let placed = places.iter().map(|place| json!({"ids": [place], "messages": messages(place)}));
    let elsewhere = messages("");
    let elsewhere = (!elsewhere.is_empty()).then(|| json!({"ids": [], "messages": elsewhere}));
    placed.chain(elsewhere).collect()
}

fn catch_all(now: DateTime<Utc>) -> Value {
    json!({
        "id": DEFAULT, "policy": "include", "field": "_", "rule": "regex", "value": ".*", "order": 0,
        "created_at": now, "updated_at": now,
    })
}

/// A rule with its dates: made now unless there was one of this id, changed now unless it is as before.
fn dated(mut rule: Value, before: &[Value], now: DateTime<Utc>) -> Value {
    let Some(fields) = rule.as_object_mut() else { return rule };
    let before = before.iter().find(|before| fields.get("id").is_some_and(|id| before["id"] == *id));
    let date = |name: &str| before.map_or_else(|| json!(now), |before| before[name].clone());
    let is_same = before.is_some_and(|before| {
        ["policy", "field", "rule", "value", "order"]
            .iter()
            .all(|name| fields.get(*name) == before.get(*name))
    });
    let updated = if is_same { date("updated_at") } else { json!(now) };
    fields.insert("created_at".into(), date("created_at"));
    fields.insert("updated_at".into(), updated);
    rule
}

fn default_domain() -> String {
    DEFAULT.into()
}

/// One of something, the first of a list, or nothing.
fn shaped<T: for<'de> Deserialize<'de>>(value: &Value) -> Result<Option<T>> {
    let first = match value {
        Value::Array(items) => items.first().unwrap_or(&Value::Null),
        other => other,
    };
    if first.is_null() {
        return Ok(None);
    }
    T::deserialize(first).map(Some).map_err(|error| {
        Error::config("the document's `filtering` can't be read; write its rules again").caused_by(error)
    })
}

/// A value that may be null.
fn or_default<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
