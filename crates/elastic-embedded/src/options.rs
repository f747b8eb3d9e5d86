//! Reading the members of a request's object, so that none is overlooked.

use serde_json::{Map, Value};

use crate::failure::{Failure, Result};

/// The members of an object that are still to be read.
#[derive(Debug)]
pub(crate) struct Options<'a> {
    what: String,
    left: Vec<(&'a str, &'a Value)>,
}

impl<'a> Options<'a> {
    /// # Errors
    /// If the value is no object.
    pub(crate) fn new(what: impl Into<String>, value: &'a Value) -> Result<Self> {
        let what = what.into();
        match value.as_object() {
            Some(members) => Ok(Options::of(what, members)),
            None => Err(Failure::parsing(format!("[{what}] must be an object but is {value}"))),
        }
    }

    pub(crate) fn of(what: impl Into<String>, members: &'a Map<String, Value>) -> Self {
        Options {
            what: what.into(),
            left: members.iter().map(|(key, value)| (key.as_str(), value)).collect(),
        }
    }

    /// Takes a member out; null counts as absent.
    pub(crate) fn take(&mut self, key: &str) -> Option<&'a Value> {
        let at = self.left.iter().position(|(name, _)| *name == key)?;
        Some(self.left.swap_remove(at).1).filter(|value| !value.is_null())
    }

    pub(crate) fn text(&mut self, key: &str) -> Result<Option<&'a str>> {
        self.take(key).map(|value| value.as_str().ok_or_else(|| self.bad(key, "a string", value))).transpose()
    }

    pub(crate) fn flag(&mut self, key: &str) -> Result<Option<bool>> {
        let read = |value: &Value| value.as_bool().or_else(|| value.as_str()?.parse().ok());
        self.take(key).map(|value| read(value).ok_or_else(|| self.bad(key, "a boolean", value))).transpose()
    }

    pub(crate) fn count(&mut self, key: &str) -> Result<Option<usize>> {
        let read = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
        let count = self
            .take(key)
            .map(|value| read(value).ok_or_else(|| self.bad(key, "a whole number >= 0", value)));
        Ok(count.transpose()?.map(|count| count as usize))
    }

    pub(crate) fn double(&mut self, key: &str) -> Result<Option<f64>> {
        let read = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok());
        self.take(key).map(|value| read(value).ok_or_else(|| self.bad(key, "a number", value))).transpose()
    }

    /// Takes a list, or the one value that stands in its place.
    pub(crate) fn list(&mut self, key: &str) -> Vec<&'a Value> {
        match self.take(key) {
            Some(Value::Array(items)) => items.iter().collect(),
            Some(one) => vec![one],
            None => Vec::new(),
        }
    }

    /// The only member that is left, as a field's name and what is asked of it.
    pub(crate) fn only(&mut self) -> Result<(&'a str, &'a Value)> {
        match (self.left.pop(), self.left.is_empty()) {
            (Some(only), true) => Ok(only),
            (Some((key, _)), false) => Err(Failure::parsing(format!(
                "[{}] query doesn't support multiple fields, found [{}] and [{key}]",
                self.what, self.left[0].0
            ))),
            (None, _) => Err(Failure::parsing(format!("[{}] names no field", self.what))),
        }
    }

    /// # Errors
    /// 501 with the names of the members that nothing has read.
    pub(crate) fn finish(self) -> Result<()> {
        if self.left.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = self.left.iter().map(|(name, _)| format!("[{name}]")).collect();
        Err(Failure::unsupported(format!("{} in [{}]", names.join(", "), self.what)))
    }

    fn bad(&self, key: &str, wanted: &str, value: &Value) -> Failure {
        Failure::parsing(format!("[{key}] in [{}] must be {wanted} but is {value}", self.what))
    }
}
