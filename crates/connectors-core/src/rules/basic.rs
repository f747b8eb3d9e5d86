//! The basic rules: the first one in order that matches a document decides by its policy.

use std::collections::HashMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::RuleProblem;
use super::compare::Scalar;
use super::fields::Wanted;
use super::rule::{Given, Policy, Rule};
use crate::document::hash;
use crate::{Body, Document, DocumentId};

/// A set of basic rules, in their order and ready to be evaluated.
///
/// Values are compared in the type of the document's value: number, boolean, date (a text in ISO 8601) or
/// text. What can't be read as that type does not match, and neither does a field that is missing, null or
/// an object. Of a list, one item that matches is enough; `a.b` is the field `b` of the object `a`, or of
/// each object in a list. The fields `id` and `_timestamp` are those of the document in the index; the text
/// of a file is not looked at.
#[derive(Debug, Clone, Default)]
pub struct Basic {
    rules: Vec<Rule>,
    wanted: Wanted,
}

impl Basic {
    /// No rules: every document is wanted.
    pub const NONE: Self = Self { rules: Vec::new(), wanted: Wanted::NOTHING };

    /// The rules that can be evaluated, and everything that is wrong with any.
    ///
    /// `rules` are objects with `id`, `policy` (include, exclude), `field`, `rule` (equals, contains,
    /// starts_with, ends_with, regex, `>`, `<`), `value` and `order`; names in any case. The one with the id
    /// `DEFAULT` is never evaluated.
    #[must_use]
    pub fn read(rules: &[Value]) -> (Self, Vec<RuleProblem>) {
        let (mut usable, mut problems) = (Vec::new(), repeated_ids(rules));
        for (rule, place) in rules.iter().zip(1..) {
            let given = Given::new(rule, place);
            let is_default = given.is_default();
            let (rule, found) = given.read();
            problems.extend(found);
            usable.extend(rule.filter(|_| !is_default));
        }
        problems.extend(repeated_rules(&usable));
        (Self::of(usable), problems)
    }

    /// The rules, if nothing is wrong with any.
    ///
    /// # Errors
    /// Every problem at once, with the id of the rule and how to mend it.
    pub fn parse(rules: &[Value]) -> Result<Self, Vec<RuleProblem>> {
        let (basic, problems) = Self::read(rules);
        if problems.is_empty() { Ok(basic) } else { Err(problems) }
    }

    /// True when every document is wanted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rules in the order in which they are asked.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule that decides about a document, or none when none matches. `body` is the document's JSON
    /// object; nothing matches in one that is not JSON.
    #[must_use]
    pub fn decide(&self, id: &str, timestamp: Option<DateTime<Utc>>, body: &[u8]) -> Option<&Rule> {
        if self.is_empty() {
            return None;
        }
        let mut matched = vec![false; self.rules.len()];
        let mut look = |wanted_by: &[usize], scalar: Scalar<'_>| {
            for &number in wanted_by {
                matched[number] = matched[number] || self.rules[number].matches(&scalar);
            }
        };
        let time = timestamp.map(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true));
        self.wanted.look_at("id", Scalar::Text(id), &mut look);
        self.wanted.look_at("_id", Scalar::Text(id), &mut look);
        if let Some(time) = &time {
            self.wanted.look_at("_timestamp", Scalar::Text(time), &mut look);
        }
        if !self.wanted.look(body, &mut look) {
            return None;
        }
        matched.iter().position(|matched| *matched).map(|number| &self.rules[number])
    }

    /// True when the document is wanted.
    #[must_use]
    pub fn admits(&self, id: &str, timestamp: Option<DateTime<Utc>>, body: &[u8]) -> bool {
        self.decide(id, timestamp, body).is_none_or(|rule| rule.policy == Policy::Include)
    }

    /// The document, or its id where the rules leave it out. Its body is serialised where there are rules; one that
    /// can't be is let through, to fail where it is sent.
    pub(crate) fn filter(&self, mut document: Document) -> Result<Document, DocumentId> {
        if self.is_empty() {
            return Ok(document);
        }
        let parts = &mut document.0;
        let body = std::mem::replace(&mut parts.body, Body::empty()).made();
        let is_wanted = body.bytes().is_none_or(|body| self.admits(parts.id.as_str(), parts.timestamp, body));
        parts.body = body;
        if is_wanted { Ok(document) } else { Err(document.0.id) }
    }

    /// A number that differs when the rules decide otherwise: names, dates and numbers of order are no part of it.
    pub(super) fn fingerprint(&self) -> u64 {
        let meanings: Vec<_> = self.rules.iter().map(Rule::meaning).collect();
        hash(json!(meanings).to_string().as_bytes())
    }

    fn of(mut rules: Vec<Rule>) -> Self {
        rules.sort_by_key(|rule| rule.order);
        let mut wanted = Wanted::default();
        for (number, rule) in rules.iter().enumerate() {
            wanted.add(&rule.field, number);
        }
        Self { rules, wanted }
    }
}

/// Ids that stand more than once, each time they do.
fn repeated_ids(rules: &[Value]) -> Vec<RuleProblem> {
    let ids: Vec<String> =
        rules.iter().zip(1..).map(|(rule, place)| Given::new(rule, place).place().to_owned()).collect();
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (id, place) in ids.iter().zip(1..) {
        places.entry(id).or_default().push(place);
    }
    let mut repeated: Vec<_> = places.into_iter().filter(|(_, places)| places.len() > 1).collect();
    repeated.sort_by_key(|(_, places)| places[0]);
    let problem = |(id, places): (&str, Vec<usize>)| {
        let places: Vec<String> = places.iter().map(usize::to_string).collect();
        let message = format!("rules {} have this id; give each its own", places.join(" and "));
        RuleProblem { place: id.to_owned(), message }
    };
    repeated.into_iter().map(problem).collect()
}

/// Rules that ask the same, whatever their policy: each names the others.
fn repeated_rules(rules: &[Rule]) -> Vec<RuleProblem> {
    let asks = |rule: &Rule| (rule.field.clone(), rule.operator as u8, rule.value.clone());
    let mut alike: HashMap<_, Vec<&Rule>> = HashMap::new();
    for rule in rules {
        alike.entry(asks(rule)).or_default().push(rule);
    }
    let problem = |rule: &Rule| {
        let others = alike.get(&asks(rule))?.iter().filter(|other| other.id != rule.id);
        let others: Vec<&str> = others.map(|other| other.id.as_str()).collect();
        let message = format!(
            "field, rule and value are those of {} too; only the first of them would ever decide, so keep one",
            others.join(", ")
        );
        (!others.is_empty()).then(|| RuleProblem { place: rule.id.clone(), message })
    };
    rules.iter().filter_map(problem).collect()
}
