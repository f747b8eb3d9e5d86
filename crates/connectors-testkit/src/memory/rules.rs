//! The rules of the memory source: `{"field": value, …}` lists the records in which each field has its value.

use connectors_core::{RuleProblem, Rules};
use serde_json::{Map, Value};

use super::store::Record;

/// Fields and the values that they must have.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted(Map<String, Value>);

impl Wanted {
    /// What the rules want, or what is wrong with them.
    pub(super) fn read(rules: &Rules) -> Result<Self, Vec<RuleProblem>> {
        let fields = match &rules.advanced {
            None => return Ok(Self::default()),
            Some(Value::Object(fields)) => fields,
            Some(other) => return Err(vec![problem("", format!("expected an object, not {other}"))]),
        };
        let nested = fields.iter().filter(|(_, value)| value.is_object() || value.is_array());
        let problems: Vec<RuleProblem> = nested
            .map(|(name, value)| problem(name, format!("expected a text, number or boolean, not {value}")))
            .collect();
        if problems.is_empty() { Ok(Self(fields.clone())) } else { Err(problems) }
    }

    pub(super) fn matches(&self, record: &Record) -> bool {
        self.0.iter().all(|(name, value)| record.fields.get(name) == Some(value))
    }
}

fn problem(place: &str, message: String) -> RuleProblem {
    RuleProblem { place: place.to_owned(), message }
}
