//! One rule as it stands in a connector document, and everything that can be wrong with it.

use regex::Regex;
use serde_json::{Map, Value};

use super::RuleProblem;
use super::compare::{Operand, Scalar, Test};
use crate::config::nearest;

/// The rule that stands for all documents that no other one decides. It is kept, and never evaluated.
pub(super) const DEFAULT: &str = "DEFAULT";

/// What happens to the documents that a rule matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// They are indexed.
    Include,
    /// They are left out.
    Exclude,
}

/// How a rule compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// Equal, in the type of the document's value.
    Equals,
    /// The value's text holds this one.
    Contains,
    /// The value's text begins so.
    StartsWith,
    /// The value's text ends so.
    EndsWith,
    /// The value's text matches from its beginning on.
    Regex,
    /// Above, in the type of the document's value.
    Greater,
    /// Below, in the type of the document's value.
    Less,
}

const POLICIES: [(&str, Policy); 2] = [("include", Policy::Include), ("exclude", Policy::Exclude)];
const OPERATORS: [(&str, Operator); 7] = [
    ("equals", Operator::Equals),
    ("contains", Operator::Contains),
    ("starts_with", Operator::StartsWith),
    ("ends_with", Operator::EndsWith),
    ("regex", Operator::Regex),
    (">", Operator::Greater),
    ("<", Operator::Less),
];

/// One basic rule that can be evaluated.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its id, alone in its set.
    pub id: String,
    /// What it does with what it matches.
    pub policy: Policy,
    /// The field it looks at; dots go into objects.
    pub field: String,
    /// How it compares.
    pub operator: Operator,
    /// The value that it compares with, verbatim.
    pub value: String,
    /// Its place: the lowest is asked first.
    pub order: i64,
    test: Test,
}

impl Rule {
    /// True when the value of a document satisfies the rule.
    pub(super) fn matches(&self, scalar: &Scalar<'_>) -> bool {
        self.test.matches(scalar)
    }

    /// What decides whether two rules do the same: everything but their names and dates.
    pub(super) fn meaning(&self) -> (bool, u8, &str, &str) {
        (self.policy == Policy::Include, self.operator as u8, &self.field, &self.value)
    }
}

/// A rule as it was given, with the problems met on the way.
pub(super) struct Given<'a> {
    place: String,
    fields: Option<&'a Map<String, Value>>,
    problems: Vec<RuleProblem>,
}

impl<'a> Given<'a> {
    /// The rule at this place of the list, from 1.
    pub(super) fn new(rule: &'a Value, place: usize) -> Self {
        let fields = rule.as_object();
        let id = fields.and_then(|fields| fields.get("id")).and_then(scalar).unwrap_or_default();
        let place = if id.trim().is_empty() { format!("rule {place}") } else { id };
        Self { place, fields, problems: Vec::new() }
    }

    /// The id, or where it stands.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) fn is_default(&self) -> bool {
        self.place == DEFAULT
    }

    /// The rule where it can be evaluated, and all that is wrong with it.
    pub(super) fn read(mut self) -> (Option<Rule>, Vec<RuleProblem>) {
        if self.fields.is_none() {
            self.problem("is not a rule; give an object with id, policy, field, rule, value and order");
            return (None, self.problems);
        }
        let rule = self.rule();
        (rule, self.problems)
    }

    fn rule(&mut self) -> Option<Rule> {
        let id = self.text("id");
        let policy = self.one_of("policy", &POLICIES);
        let field = self.text("field");
        let operator = self.one_of("rule", &OPERATORS);
        let value = self.text("value");
        let order = self.order();
        let test = match (operator, &value) {
            (Some(operator), Some(value)) => self.test(operator, value),
            _ => None,
        };
        Some(Rule {
            id: id?,
            policy: policy?,
            field: field?,
            operator: operator?,
            value: value?,
            order: order?,
            test: test?,
        })
    }

    fn test(&mut self, operator: Operator, value: &str) -> Option<Test> {
        let text = value.to_owned();
        Some(match operator {
            Operator::Equals => Test::Equals(Operand::new(value)),
            Operator::Greater => Test::Greater(Operand::new(value)),
            Operator::Less => Test::Less(Operand::new(value)),
            Operator::Contains => Test::Contains(text),
            Operator::StartsWith => Test::StartsWith(text),
            Operator::EndsWith => Test::EndsWith(text),
            Operator::Regex => return self.regex(value),
        })
    }

    fn regex(&mut self, pattern: &str) -> Option<Test> {
        if matches!(pattern, ".*" | "(.*)") && !self.is_default() {
            self.problem(&format!(
                "`{pattern}` matches every document; the rule {DEFAULT} is there for that, so leave this one out"
            ));
        }
        match Regex::new(pattern) {
            Ok(regex) => Some(Test::Regex(regex)),
            Err(error) => {
                self.problem(&format!("`{pattern}` is no regular expression: {}", reason(&error)));
                None
            }
        }
    }

    /// A text that is there and not empty.
    fn text(&mut self, name: &str) -> Option<String> {
        let given = self.fields.and_then(|fields| fields.get(name)).unwrap_or(&Value::Null);
        let Some(text) = scalar(given) else {
            self.problem(&format!("`{name}` must be a text"));
            return None;
        };
        let is_empty = if name == "value" { text.is_empty() } else { text.trim().is_empty() };
        if is_empty {
            self.problem(&format!("`{name}` is missing or empty; every rule needs one"));
        }
        (!is_empty).then_some(text)
    }

    fn order(&mut self) -> Option<i64> {
        let text = self.text("order")?;
        let order = text.trim().parse().ok();
        if order.is_none() {
            self.problem(&format!("`order` must be a whole number, and is {text}"));
        }
        order
    }

    fn one_of<T: Copy>(&mut self, name: &str, known: &[(&str, T)]) -> Option<T> {
        let text = self.text(name)?;
        let given = text.trim().to_lowercase();
        let found = known.iter().find(|(known, _)| *known == given).map(|(_, value)| *value);
        if found.is_none() {
            let names = || known.iter().map(|(name, _)| *name);
            let hint = nearest(&given, names()).map_or_else(
                || format!("must be one of {}", names().collect::<Vec<_>>().join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            self.problem(&format!("`{name}` can't be `{text}`: {hint}"));
        }
        found
    }

    fn problem(&mut self, message: &str) {
        self.problems.push(RuleProblem { place: self.place.clone(), message: message.to_owned() });
    }
}

/// A scalar as text, nothing as the empty text; none for lists and objects.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// The last line of the parser's picture of the error.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.trim().trim_start_matches("error: ").to_owned()
}
