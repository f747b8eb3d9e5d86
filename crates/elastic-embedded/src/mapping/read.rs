//! From a mapping's JSON to the mapping.

use serde_json::{Map, Value};

use super::{Dynamic, Field, Kind, Mapping, ObjectField, Template};
use crate::failure::{Failure, Result};

const MAX_DEPTH: usize = 20;

impl Mapping {
    /// Reads the `mappings` of an index, or the body of a mapping update.
    ///
    /// # Errors
    /// On unknown types and options, and on contradictions.
    pub(crate) fn read(value: &Value) -> Result<Self> {
        let mut mapping = Mapping::default();
        for (key, value) in object(value, "mappings")? {
            match key.as_str() {
                "properties" => mapping.read_properties("", value)?,
                "dynamic" => mapping.dynamic = Some(dynamic(value)?),
                "dynamic_templates" => mapping.templates = Template::read_all(value)?,
                "date_detection" => mapping.date_detection = Some(boolean(key, value)?),
                "_meta" => mapping.meta = Some(Value::Object(object(value, key)?.clone())),
                _ => return Err(Failure::unsupported(format!("the mapping's [{key}]"))),
            }
        }
        Ok(mapping)
    }

    fn read_properties(&mut self, parent: &str, value: &Value) -> Result<()> {
        for (name, value) in object(value, "properties")? {
            if name.is_empty() || name.split('.').any(str::is_empty) {
                return Err(mapper_parsing(format!("field name cannot be an empty string: [{name}]")));
            }
            let path = if parent.is_empty() { name.clone() } else { format!("{parent}.{name}") };
            if path.split('.').count() > MAX_DEPTH {
                return Err(Failure::argument(format!(
                    "Limit of mapping depth [{MAX_DEPTH}] has been exceeded due to object field [{path}]"
                )));
            }
            self.read_property(&path, object(value, name)?)?;
        }
        Ok(())
    }

    fn read_property(&mut self, path: &str, options: &Map<String, Value>) -> Result<()> {
        match options.get("type").map(|kind| text("type", kind)).transpose()? {
            None | Some("object") => self.read_object(path, options),
            Some(_) => self.add_field(path, field(path, options)?),
        }
    }

    fn read_object(&mut self, path: &str, options: &Map<String, Value>) -> Result<()> {
        let mut read = ObjectField::default();
        if !options.contains_key("type")
            && !options.contains_key("properties")
            && !options.is_empty()
            && !options.keys().all(|key| matches!(key.as_str(), "dynamic" | "enabled"))
        {
            return Err(mapper_parsing(format!("No type specified for field [{path}]")));
        }
        for (key, value) in options {
            match key.as_str() {
                "type" | "properties" => {}
                "dynamic" => read.dynamic = Some(dynamic(value)?),
                "enabled" => read.enabled = Some(boolean(key, value)?),
                _ => return Err(Failure::unsupported(format!("the option [{key}] of the object [{path}]"))),
            }
        }
        self.add_object(path, read)?;
        options.get("properties").map_or(Ok(()), |properties| self.read_properties(path, properties))
    }
}

/// The field that the options state.
pub(super) fn field(path: &str, options: &Map<String, Value>) -> Result<Field> {
    let name = options.get("type").map_or(Ok(""), |kind| text("type", kind))?;
    // A flattened object is keywords.
    let flattened = name == "flattened";
    let kind = Kind::parse(if flattened { "keyword" } else { name })
        .ok_or_else(|| Failure::unsupported(format!("the type [{name}] of the field [{path}]")))?;
    let mut field = Field { flattened, ..Field::new(kind) };
    for (key, value) in options {
        match (key.as_str(), kind) {
            ("type", _) => {}
            ("index", _) => field.index = boolean(key, value)?,
            ("doc_values", kind) if kind != Kind::Text => field.doc_values = boolean(key, value)?,
            ("ignore_above", Kind::Keyword) => field.ignore_above = Some(count(key, value)?),
            ("scaling_factor", Kind::ScaledFloat) => field.scaling = Some(factor(value)?),
            _ if flattened && !matches!(key.as_str(), "index" | "doc_values" | "ignore_above") => {
                return Err(unknown_option(key, path, name));
            }
            ("normalizer", Kind::Keyword) if value == "lowercase" => field.lowercase = true,
            ("split_queries_on_whitespace", Kind::Keyword) => field.split_queries = boolean(key, value)?,
            ("ignore_malformed", kind) if kind.may_ignore_malformed() => {
                field.ignore_malformed = Some(boolean(key, value)?);
            }
            ("fields", _) => read_subfields(&mut field, path, value)?,
            _ if keeps(kind, key, value) => {
                field.kept.insert(key.clone(), value.clone());
            }
            _ => {
                return Err(unknown_option(key, path, name));
            }
        }
    }
    if kind == Kind::ScaledFloat && field.scaling.is_none() {
        return Err(mapper_parsing(format!("Field [scaling_factor] is required for the field [{path}]")));
    }
    Ok(field)
}

fn unknown_option(key: &str, path: &str, kind: &str) -> Failure {
    Failure::unsupported(format!("the option [{key}] of the field [{path}] of type [{kind}]"))
}

fn factor(value: &Value) -> Result<f64> {
    let factor = value.as_f64().or_else(|| value.as_str()?.parse().ok());
    factor
        .filter(|factor| factor.is_finite() && *factor > 0.0)
        .ok_or_else(|| mapper_parsing(format!("[scaling_factor] must be a positive number, got [{value}]")))
}

fn read_subfields(parent: &mut Field, path: &str, value: &Value) -> Result<()> {
    for (name, options) in object(value, "fields")? {
        let sub = field(&format!("{path}.{name}"), object(options, name)?)?;
        if !sub.fields.is_empty() {
            return Err(Failure::unsupported(format!("sub-fields of the sub-field [{path}.{name}]")));
        }
        parent.fields.insert(name.clone(), sub);
    }
    Ok(())
}

/// Options that are accepted because leaving them out changes no answer but a score.
fn keeps(kind: Kind, key: &str, value: &Value) -> bool {
    match (key, kind) {
        ("norms", Kind::Text | Kind::Keyword) | ("eager_global_ordinals", Kind::Keyword) => {
            value.is_boolean()
        }
        ("analyzer" | "search_analyzer", Kind::Text) => value == "standard",
        ("index_options", Kind::Text) => value == "positions" || value == "offsets",
        ("index_options", Kind::Keyword) => value == "docs",
        ("format", Kind::Date) => value == "strict_date_optional_time||epoch_millis",
        _ => false,
    }
}

fn dynamic(value: &Value) -> Result<Dynamic> {
    match value {
        Value::Bool(true) => Ok(Dynamic::Add),
        Value::Bool(false) => Ok(Dynamic::Ignore),
        Value::String(text) if text == "true" => Ok(Dynamic::Add),
        Value::String(text) if text == "false" => Ok(Dynamic::Ignore),
        Value::String(text) if text == "strict" => Ok(Dynamic::Refuse),
        other => Err(Failure::unsupported(format!("dynamic: {other}"))),
    }
}

pub(super) fn object<'a>(value: &'a Value, what: &str) -> Result<&'a Map<String, Value>> {
    value
        .as_object()
        .ok_or_else(|| mapper_parsing(format!("Expected map for property [{what}] but got {value}")))
}

fn boolean(key: &str, value: &Value) -> Result<bool> {
    match value {
        Value::Bool(value) => Ok(*value),
        Value::String(text) if text == "true" => Ok(true),
        Value::String(text) if text == "false" => Ok(false),
        other => Err(mapper_parsing(format!(
            "Failed to parse value [{other}] of [{key}] as only [true] or [false] are allowed."
        ))),
    }
}

pub(super) fn text<'a>(key: &str, value: &'a Value) -> Result<&'a str> {
    value.as_str().ok_or_else(|| mapper_parsing(format!("[{key}] must be a string but is {value}")))
}

fn count(key: &str, value: &Value) -> Result<usize> {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    number
        .map(|number| number as usize)
        .ok_or_else(|| Failure::argument(format!("[{key}] must be a number >= 0, got {value}")))
}

pub(super) fn mapper_parsing(reason: String) -> Failure {
    Failure::new(400, "mapper_parsing_exception", reason)
}
