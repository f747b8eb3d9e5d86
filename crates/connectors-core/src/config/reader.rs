//! Takes typed values out of what an operator gave, and gathers every problem.

use std::fmt;

use regex::Regex;
use serde_json::{Map, Value};

use super::value::is_empty;
use super::{Constraint, Field, FieldType, FieldValue};
use crate::mask;

/// One thing that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The setting.
    pub field: String,
    /// Its value and the rule it breaks.
    pub message: String,
}

/// Everything that is wrong with the settings, at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> =
            self.0.iter().map(|problem| format!("  {}: {}", problem.field, problem.message)).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Problems {}

/// The known name nearest to a mistyped one, if any is near.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().div_ceil(3))
        .min()
        .map(|(_, candidate)| candidate)
}

/// What to say of a setting that does not exist: the nearest that does, else all.
#[must_use]
pub fn no_such_setting(name: &str, known: &[impl AsRef<str>]) -> String {
    let known: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("there is no such setting; did you mean `{near}`?"),
        None => format!("there is no such setting; there are: {}", known.join(", ")),
    }
}

/// Reads one field after the other.
pub struct Reader<'a> {
    fields: &'a [Field],
    values: &'a Map<String, Value>,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    /// A reader over the given values, each either the value itself or a field object with a `value`.
    #[must_use]
    pub fn new(fields: &'a [Field], values: &'a Map<String, Value>) -> Self {
        let mut reader = Self { fields, values, problems: Vec::new() };
        reader.refuse_unknown();
        reader
    }

    /// The typed value of a field; none when there is a problem with it.
    pub fn take<T: FieldValue>(&mut self, name: &str) -> Option<T> {
        let field = self.fields.iter().find(|field| field.name == name)?;
        if !self.counts(field) {
            return self.stand_in(field);
        }
        let given = self.value(name).cloned().unwrap_or_default();
        if !is_empty(&given) {
            return self.checked(field, &given);
        }
        if field.required {
            return self.problem(field, "a value is required");
        }
        self.stand_in(field)
    }

    /// All problems, or none.
    #[must_use]
    pub fn finish(self) -> Option<Problems> {
        (!self.problems.is_empty()).then_some(Problems(self.problems))
    }

    fn refuse_unknown(&mut self) {
        let known = || self.fields.iter().map(|field| field.name.as_str());
        for name in self.values.keys().filter(|name| !known().any(|field| field == name.as_str())) {
            let message = no_such_setting(name, &known().collect::<Vec<_>>());
            self.problems.push(Problem { field: name.clone(), message });
        }
    }

    fn value(&self, name: &str) -> Option<&'a Value> {
        let value = self.values.get(name)?;
        value.as_object().map_or(Some(value), |object| object.get("value"))
    }

    /// The value of a field that was left out: its default, or its type's absence.
    fn stand_in<T: FieldValue>(&mut self, field: &Field) -> Option<T> {
        if is_empty(&field.default) {
            return T::absent().or_else(|| self.problem(field, "a value is required"));
        }
        T::read(&field.default).map_err(|message| self.problem::<T>(field, &message)).ok()
    }

    /// False when a field that this one depends on has another value.
    fn counts(&mut self, field: &Field) -> bool {
        for (name, wanted) in &field.depends_on {
            let Some(other) = self.fields.iter().find(|other| other.name == *name) else {
                let message = format!("depends on `{name}`, which is no setting of this connector");
                self.problem::<()>(field, &message);
                return false;
            };
            let given = self.value(name).filter(|value| !is_empty(value)).unwrap_or(&other.default);
            if !same(given, wanted, other.field_type) {
                return false;
            }
        }
        true
    }

    fn checked<T: FieldValue>(&mut self, field: &Field, value: &Value) -> Option<T> {
        let parsed = T::read(value);
        let broken: Vec<String> = match &parsed {
            Ok(_) => {
                field.constraints.iter().filter_map(|rule| broken(rule, value, field.field_type)).collect()
            }
            Err(message) => vec![message.clone()],
        };
        for message in &broken {
            let shown = if field.sensitive { "the given value".into() } else { shown(value) };
            self.problem::<()>(field, &format!("{shown}: {message}"));
        }
        parsed.ok().filter(|_| broken.is_empty())
    }

    fn problem<T>(&mut self, field: &Field, message: &str) -> Option<T> {
        self.problems.push(Problem { field: field.name.clone(), message: message.to_owned() });
        None
    }
}

/// A value as it may be shown: of an address, no user and password.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => Value::from(mask::address(text)).to_string(),
        other => mask::logins(&other.to_string()).into_owned(),
    }
}

/// Compares a given value with the one that a dependency wants, in the field's type.
fn same(given: &Value, wanted: &Value, field_type: FieldType) -> bool {
    match field_type {
        FieldType::Bool => bool::read(given).ok() == bool::read(wanted).ok(),
        FieldType::Int | FieldType::Float => f64::read(given).ok() == f64::read(wanted).ok(),
        _ => String::read(given).ok() == String::read(wanted).ok(),
    }
}

/// What a value breaks, in words; none when it satisfies the rule.
fn broken(rule: &Constraint, value: &Value, field_type: FieldType) -> Option<String> {
    let items = match field_type {
        FieldType::List => Vec::<String>::read(value).unwrap_or_default(),
        _ => vec![String::read(value).unwrap_or_default()],
    };
    let number = || f64::read(value).unwrap_or(f64::NAN);
    let (holds, wanted) = match rule {
        Constraint::LessThan(bound) => (number() < *bound, format!("must be less than {bound}")),
        Constraint::GreaterThan(bound) => (number() > *bound, format!("must be greater than {bound}")),
        Constraint::Within(low, high) => {
            ((*low..=*high).contains(&number()), format!("must be from {low} to {high}"))
        }
        Constraint::IncludedIn(allowed) => (
            items.iter().all(|item| allowed.contains(item)),
            format!("must be one of {}", allowed.join(", ")),
        ),
        Constraint::ListOfInt => {
            (items.iter().all(|item| item.parse::<i64>().is_ok()), "must hold whole numbers only".into())
        }
        Constraint::Regex(pattern) => {
            let whole = Regex::new(&format!("^(?:{pattern})$"));
            let holds = whole.is_ok_and(|regex| items.iter().all(|item| regex.is_match(item)));
            (holds, format!("must match {pattern}"))
        }
    };
    (!holds).then_some(wanted)
}
