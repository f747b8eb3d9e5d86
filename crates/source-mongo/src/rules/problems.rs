//! Everything that is wrong with a rule, gathered on the way.

use bson::{Bson, Document};
use connectors_core::RuleProblem;
use connectors_core::config::nearest;
use serde_json::{Map, Value};

use super::extended;

#[derive(Debug, Default)]
pub(super) struct Problems(Vec<RuleProblem>);

impl Problems {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn finish(self) -> Vec<RuleProblem> {
        self.0
    }

    /// Notes a problem, and stands for the value that there is none of.
    pub(super) fn add<T>(&mut self, place: &str, message: &str) -> Option<T> {
        let place = if place.is_empty() { "advanced rules" } else { place };
        self.0.push(RuleProblem { place: place.to_owned(), message: message.to_owned() });
        None
    }

    pub(super) fn object<'v>(&mut self, place: &str, value: &'v Value) -> Option<&'v Map<String, Value>> {
        value.as_object().or_else(|| self.add(place, "must be an object"))
    }

    pub(super) fn unknown_keys(&mut self, place: &str, object: &Map<String, Value>, known: &[&str]) {
        for name in object.keys().filter(|name| !known.contains(&name.as_str())) {
            let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
            let message = match nearest(name, known.iter().copied()) {
                Some(near) => format!("is not known; did you mean `{near}`?"),
                None => format!("is not known; there are: {}", known.join(", ")),
            };
            self.add::<()>(&place, &message);
        }
    }

    /// A whole number from zero up.
    pub(super) fn count(&mut self, place: &str, value: Option<&Value>) -> Option<u64> {
        let value = value?;
        let plain = extended::to_bson(value).ok();
        let number = match plain {
            Some(Bson::Int32(number)) => u64::try_from(number).ok(),
            Some(Bson::Int64(number)) => u64::try_from(number).ok(),
            Some(Bson::Double(number)) if number >= 0.0 && number.fract() == 0.0 && number < 9e15 => {
                Some(number as u64)
            }
            _ => None,
        };
        number.or_else(|| self.add(place, &format!("{value}: must be a whole number from 0 up")))
    }

    /// An object in extended JSON.
    pub(super) fn document(&mut self, place: &str, value: Option<&Value>) -> Option<Document> {
        let value = value?;
        self.object(place, value)?;
        match extended::to_bson(value) {
            Ok(Bson::Document(document)) => Some(document),
            Ok(_) => self.add(place, "must be an object"),
            Err((path, message)) => self.add(&format!("{place}{path}"), &message),
        }
    }
}
