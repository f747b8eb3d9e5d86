//! Secrets that stand elsewhere than in a configuration: `${CONNECTORS_SECRET_NAME}` is a variable of this
//! process's environment, `${secret:NAME}` a file of that name in the folder that `service.secrets` names.
//!
//! A reference may be a whole value or a part of one; what it stands for is not looked into again. No other
//! variable and no file outside of the folder can be reached. What a reference stood for is masked from then
//! on wherever this process shows a text (see [`mask`]), whatever setting it is the value of.

mod folder;

use std::borrow::Cow;
use std::env;
use std::path::PathBuf;

use connectors_core::config::Field;
use connectors_core::{Error, Mask, Result};
use serde_json::{Map, Value};

use crate::pattern::Pattern;

pub(crate) use connectors_core::mask::MASK;
use connectors_core::mask::Masks;

/// What variables with secrets begin with.
const VARIABLE: &str = "CONNECTORS_SECRET_";
/// What names files with secrets.
const FILE: &str = "secret:";

/// What this process must not show. Its outputs are the process's own, and so is this.
static MASKS: Masks = Masks::new();

/// The text with everything masked that a reference has stood for so far.
pub fn mask(text: &str) -> Cow<'_, str> {
    MASKS.mask(text)
}

/// Masks the password of every address among these values from now on: nobody knows in which words an error shows them again.
pub fn mask_logins<'v>(values: impl IntoIterator<Item = &'v Value>) {
    for value in values {
        match value {
            Value::String(text) => MASKS.add_login(text),
            Value::Array(items) => mask_logins(items),
            Value::Object(fields) => mask_logins(fields.values()),
            _ => {}
        }
    }
}

/// Masks the values of sensitive settings from now on too.
pub fn mask_sensitive(values: &Map<String, Value>, fields: &[Field]) {
    for field in fields.iter().filter(|field| field.sensitive) {
        let given = values.get(&field.name).map(|given| given.get("value").unwrap_or(given));
        if let Some(secret) = given.and_then(Value::as_str) {
            MASKS.add(secret);
        }
    }
    mask_logins(values.values());
}

/// A text for documents and answers, with secrets masked.
pub fn masked(text: &impl ToString) -> String {
    mask(&text.to_string()).into_owned()
}

/// The mask for what a sync keeps of failures.
pub fn failure_mask() -> Mask {
    Mask::new(|text| masked(&text))
}

/// True for what stands between `${` and `}` of a reference.
pub fn is_reference(name: &str) -> bool {
    name.starts_with(VARIABLE) || name.starts_with(FILE)
}

/// Where references lead to.
#[derive(Debug, Clone)]
pub struct Secrets {
    folder: Option<PathBuf>,
    variable: fn(&str) -> Option<String>,
    /// The references that may be used; all of them where none are named.
    allowed: Option<Vec<Pattern>>,
}

impl Secrets {
    /// Those of this process's environment, and of a folder.
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self { folder, variable: |name| env::var(name).ok(), allowed: None }
    }

    /// The same, of which only some may be used.
    pub(crate) fn limited_to(&self, allowed: Option<Vec<Pattern>>) -> Self {
        Self { allowed, ..self.clone() }
    }

    /// The values with every reference resolved.
    ///
    /// Each value may be bare or a field object with a `value`. All that can't be resolved is reported at once,
    /// each with its setting; a secret is never part of an error.
    pub fn resolve(&self, values: &Map<String, Value>) -> Result<Map<String, Value>> {
        let (mut resolved, mut problems) = (Map::new(), Vec::new());
        for (name, value) in values {
            let mut value = value.clone();
            let inner = match &mut value {
                Value::Object(field) => field.get_mut("value"),
                bare => Some(bare),
            };
            match inner.map_or(Ok(()), |inner| self.fill(inner).map(|()| mask_logins([&*inner]))) {
                Ok(()) => drop(resolved.insert(name.clone(), value)),
                Err(error) => problems.push(format!("  {name}: {error}")),
            }
        }
        if problems.is_empty() {
            return Ok(resolved);
        }
        Err(Error::config(format!("secrets can't be resolved:\n{}", problems.join("\n"))))
    }

    fn fill(&self, value: &mut Value) -> Result<()> {
        match value {
            Value::String(text) => *text = self.text(text)?,
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.fill(item))?,
            _ => {}
        }
        Ok(())
    }

    fn text(&self, text: &str) -> Result<String> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            filled.push_str(before);
            let inside = after.split_once('}').filter(|(name, _)| is_like_a_reference(name));
            let Some((name, behind)) = inside else {
                filled.push_str("${");
                rest = after;
                continue;
            };
            filled.push_str(&self.secret(name)?);
            rest = behind;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn secret(&self, name: &str) -> Result<String> {
        let is_refused = |allowed: &Vec<Pattern>| !allowed.iter().any(|pattern| pattern.matches(name));
        if is_reference(name) && self.allowed.as_ref().is_some_and(is_refused) {
            let what = "this connector may not use this secret; name it for the connector or its type in `service.allow.secrets`";
            return Err(Error::config(what).with("secret", name));
        }
        let secret = match name.strip_prefix(FILE) {
            Some(file) => folder::read(self.folder.as_deref(), file)?,
            None if name.starts_with(VARIABLE) => (self.variable)(name).ok_or_else(|| {
                Error::config("the environment of this worker has no such variable; set it")
                    .with("variable", name)
            })?,
            None => {
                let message = format!(
                    "only `${{{VARIABLE}NAME}}` and `${{{FILE}NAME}}` can be used in settings; a value that is to hold such a text itself can be a secret"
                );
                return Err(Error::config(message).with("reference", format!("${{{name}}}")));
            }
        };
        MASKS.add(&secret);
        Ok(secret)
    }
}

/// True for names as variables have them and for everything with a `secret:` before it; another `${` is text.
fn is_like_a_reference(name: &str) -> bool {
    let is_name = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    name.starts_with(FILE) || (!name.is_empty() && is_name(name.split(':').next().unwrap_or_default()))
}

#[cfg(test)]
mod tests;
