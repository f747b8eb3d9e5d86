//! Dynamic templates: the field that an unknown string, number or date gets in place of the usual one.

use serde_json::{Map, Value, json};

use super::read::{field, mapper_parsing, object, text};
use super::{Field, Kind};
use crate::failure::{Failure, Result};
use crate::filter_path::wildcard;

/// Types that `match_mapping_type` can name; objects are not among them.
const KNOWN: [&str; 6] = ["*", "boolean", "date", "double", "long", "string"];

/// One template: conditions that all must hold, and the field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Template {
    pub(super) name: String,
    written: Value,
    kind: Option<String>,
    /// Whether the name, or the whole path, must fit, or must not.
    patterns: Vec<Pattern>,
    field: Field,
}

#[derive(Debug, Clone, PartialEq)]
struct Pattern {
    text: String,
    of_path: bool,
    fits: bool,
}

impl Template {
    /// Reads a list of templates.
    ///
    /// # Errors
    /// On conditions and options that are not known.
    pub(super) fn read_all(value: &Value) -> Result<Vec<Self>> {
        let list = value.as_array().ok_or_else(|| {
            mapper_parsing("Dynamic template syntax error. An array of named objects is expected.".into())
        })?;
        list.iter().map(Self::read).collect()
    }

    fn read(value: &Value) -> Result<Self> {
        let mut members = object(value, "dynamic_templates")?.iter();
        let (Some((name, rule)), None) = (members.next(), members.next()) else {
            return Err(mapper_parsing("A dynamic template must be defined with a name".into()));
        };
        let rule = object(rule, name)?;
        let mapping = rule.get("mapping").ok_or_else(|| {
            mapper_parsing(format!("template [{name}] must have either mapping or runtime set"))
        })?;
        let field = field(name, object(mapping, "mapping")?)?;
        let mut template =
            Template { name: name.clone(), written: value.clone(), kind: None, patterns: Vec::new(), field };
        for (key, value) in rule.iter().filter(|(key, _)| *key != "mapping") {
            template.condition(key, text(key, value)?)?;
        }
        Ok(template)
    }

    fn condition(&mut self, key: &str, value: &str) -> Result<()> {
        let pattern = |of_path, fits| Pattern { text: value.to_owned(), of_path, fits };
        match key {
            "match_mapping_type" if KNOWN.contains(&value) => self.kind = Some(value.to_owned()),
            "match_pattern" if value == "simple" => {}
            "match" => self.patterns.push(pattern(false, true)),
            "unmatch" => self.patterns.push(pattern(false, false)),
            "path_match" => self.patterns.push(pattern(true, true)),
            "path_unmatch" => self.patterns.push(pattern(true, false)),
            _ => {
                return Err(Failure::unsupported(format!(
                    "[{key}: {value}] in the template [{}]",
                    self.name
                )));
            }
        }
        Ok(())
    }

    /// The field for an unknown one at a path, which would be of that type without templates.
    pub(super) fn apply(&self, path: &str, usual: Kind) -> Option<Field> {
        let name = path.rsplit('.').next().unwrap_or(path);
        let is_kind = self.kind.as_deref().is_none_or(|kind| kind == "*" || kind == detected(usual));
        let fits = |pattern: &Pattern| {
            wildcard(&pattern.text, if pattern.of_path { path } else { name }) == pattern.fits
        };
        (is_kind && self.patterns.iter().all(fits)).then(|| self.field.clone())
    }

    /// Templates as the API shows them.
    pub(super) fn write_all(templates: &[Self]) -> Value {
        Value::from_iter(templates.iter().map(|template| template.write()))
    }

    /// As it was read, with the field as fields are shown.
    fn write(&self) -> Value {
        let mut rule: Map<String, Value> = self.written[&self.name].as_object().cloned().unwrap_or_default();
        rule.insert("mapping".into(), self.field.write().into());
        json!({ self.name.as_str(): rule })
    }
}

/// What a detected type is called in templates.
fn detected(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean => "boolean",
        Kind::Date => "date",
        Kind::Double | Kind::Float => "double",
        Kind::Keyword | Kind::Text => "string",
        _ => "long",
    }
}
