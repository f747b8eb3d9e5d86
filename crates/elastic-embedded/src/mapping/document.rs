//! From a document to what is indexed of it, and to the mapping that it asks for.

use std::borrow::Cow;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::values::{Number, number};
use super::{Dynamic, Field, IGNORED, Kind, Mapping, ObjectField, dynamic, geo};
use crate::failure::{Failure, Result};

const MAX_KEYWORD_BYTES: usize = 32_766;

/// How one value is kept in the engine.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Stored {
    /// Analysed, for full text search.
    Text(String),
    /// One exact term, searchable; with a column.
    Keyword(String),
    /// A column only.
    Column(String),
    Whole(i64),
    Fraction(f64),
}

/// What is indexed of a document, and the mapping if the document extended it.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    pub(crate) values: Vec<(String, Stored)>,
    pub(crate) mapping: Option<Mapping>,
}

/// The settings of an index that shape the reading of documents.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) total_fields: usize,
    pub(crate) ignore_beyond: bool,
    pub(crate) ignore_malformed: bool,
}

/// Reads a document against a mapping.
///
/// # Errors
/// If a value does not fit its field, a field is refused by `dynamic: strict`, or there are too many.
pub(crate) fn parse(
    id: &str,
    source: &Map<String, Value>,
    mapping: &Mapping,
    limits: Limits,
) -> Result<Parsed> {
    let mut reading = Reading {
        id,
        mapping: Cow::Borrowed(mapping),
        limits,
        values: Vec::new(),
        ignored: BTreeSet::new(),
        arrays: false,
    };
    reading.object("", source, 0)?;
    let ignored = std::mem::take(&mut reading.ignored);
    reading.values.extend(ignored.into_iter().map(|path| (IGNORED.to_owned(), Stored::Keyword(path))));
    if reading.arrays {
        without_repeats(&mut reading.values);
    }
    let mapping = match reading.mapping {
        Cow::Owned(mapping) => Some(mapping),
        Cow::Borrowed(_) => None,
    };
    Ok(Parsed { values: reading.values, mapping })
}

struct Reading<'a> {
    id: &'a str,
    mapping: Cow<'a, Mapping>,
    limits: Limits,
    values: Vec<(String, Stored)>,
    /// Fields with a value that is not indexed.
    ignored: BTreeSet<String>,
    arrays: bool,
}

impl Reading<'_> {
    fn object(&mut self, parent: &str, object: &Map<String, Value>, depth: usize) -> Result<()> {
        if depth > 20 {
            return Err(parsing(format!("The depth of the field [{parent}] exceeds the limit of 20")));
        }
        for (name, value) in object {
            if name.trim().is_empty() || name.split('.').any(|part| part.trim().is_empty()) {
                return Err(parsing(format!("field name cannot contain only whitespace: [{parent}.{name}]")));
            }
            let path = if parent.is_empty() { name.clone() } else { format!("{parent}.{name}") };
            self.value(&path, value, depth)?;
        }
        Ok(())
    }

    fn value(&mut self, path: &str, value: &Value, depth: usize) -> Result<()> {
        match value {
            Value::Null => Ok(()),
            Value::Array(items) if self.is_one_point(path, items) => self.scalar(path, value),
            Value::Array(items) => {
                self.arrays = true;
                items.iter().try_for_each(|item| self.value(path, item, depth))
            }
            _ if self.disabled(path) => Ok(()),
            Value::Object(object) => match self.mapping.fields.get(path).cloned() {
                Some(field) => self.leaf(path, &field, value),
                None if self.known_object(path)? => self.object(path, object, depth + 1),
                None => Ok(()),
            },
            scalar => self.scalar(path, scalar),
        }
    }

    fn scalar(&mut self, path: &str, value: &Value) -> Result<()> {
        if self.mapping.objects.contains_key(path) {
            return Err(parsing(format!(
                "object mapping for [{path}] tried to parse field [{}] as object, but found a concrete value",
                path.rsplit('.').next().unwrap_or(path)
            )));
        }
        if let Some(field) = self.mapping.fields.get(path).cloned() {
            return self.leaf(path, &field, value);
        }
        let detection = self.mapping.date_detection.unwrap_or(true);
        let Some(usual) = dynamic::field_for(value, detection) else {
            return Ok(());
        };
        let field = self.mapping.dynamic_field(path, usual);
        if self.may_add(path, 1 + field.fields.len())? {
            self.mapping.to_mut().add_field(path, field.clone()).map_err(|error| parsing_from(&error))?;
            self.leaf(path, &field, value)?;
        }
        Ok(())
    }

    /// True if the object is, or now was, mapped.
    fn known_object(&mut self, path: &str) -> Result<bool> {
        if self.mapping.objects.contains_key(path) {
            return Ok(true);
        }
        let may = self.may_add(path, 1)?;
        if may {
            self.mapping
                .to_mut()
                .add_object(path, ObjectField::default())
                .map_err(|error| parsing_from(&error))?;
        }
        Ok(may)
    }

    /// True if one more field or object may be mapped at the path.
    fn may_add(&mut self, path: &str, cost: usize) -> Result<bool> {
        let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
        match self.mapping.dynamic_at(parent) {
            Dynamic::Ignore => return Ok(false),
            Dynamic::Refuse => {
                let within = if parent.is_empty() { "_doc" } else { parent };
                return Err(Failure::new(
                    400,
                    "strict_dynamic_mapping_exception",
                    format!(
                        "mapping set to strict, dynamic introduction of [{name}] within [{within}] is not allowed"
                    ),
                ));
            }
            Dynamic::Add => {}
        }
        let cost = cost + self.missing_parents(path);
        if self.mapping.count() + cost <= self.limits.total_fields {
            Ok(true)
        } else if self.limits.ignore_beyond {
            self.ignored.insert(path.to_owned());
            Ok(false)
        } else {
            let limit = self.limits.total_fields;
            Err(parsing_caused(
                "failed to parse".to_owned(),
                Failure::argument(format!(
                    "Limit of total fields [{limit}] has been exceeded while adding new field [{path}]"
                )),
            ))
        }
    }

    fn missing_parents(&self, path: &str) -> usize {
        path.match_indices('.').filter(|(at, _)| !self.mapping.objects.contains_key(&path[..*at])).count()
    }

    fn disabled(&self, path: &str) -> bool {
        let at =
            |path: &str| self.mapping.objects.get(path).is_some_and(|object| object.enabled == Some(false));
        at(path) || path.match_indices('.').any(|(end, _)| at(&path[..end]))
    }

    fn leaf(&mut self, path: &str, field: &Field, value: &Value) -> Result<()> {
        self.one(path, field, value)?;
        for (name, sub) in &field.fields {
            self.one(&format!("{path}.{name}"), sub, value)?;
        }
        Ok(())
    }

    /// True for a list of numbers that is a place.
    fn is_one_point(&self, path: &str, items: &[Value]) -> bool {
        let field = || self.mapping.fields.get(path);
        geo::is_point(items) && field().is_some_and(|field| field.kind == Kind::GeoPoint)
    }

    /// Each value of an object, under the name of the field and under that of its key.
    fn flattened(&mut self, path: &str, field: &Field, value: &Value) -> Result<()> {
        let Value::Object(members) = value else {
            return Err(self.unfit(path, field, value).caused_by(Failure::parsing(
                "Failed to parse object: expecting token of type [START_OBJECT]",
            )));
        };
        let mut open: Vec<(String, &Value)> =
            members.iter().map(|(key, value)| (format!("{path}.{key}"), value)).collect();
        while let Some((key, value)) = open.pop() {
            match value {
                Value::Null => {}
                Value::Array(items) => open.extend(items.iter().map(|item| (key.clone(), item))),
                Value::Object(members) => {
                    open.extend(members.iter().map(|(name, value)| (format!("{key}.{name}"), value)));
                }
                scalar => {
                    if let Some(stored) = self.string(path, field, scalar)? {
                        self.values.extend([(path.to_owned(), stored.clone()), (key, stored)]);
                    }
                }
            }
        }
        // The same value may stand under several keys.
        self.arrays = true;
        Ok(())
    }

    fn one(&mut self, path: &str, field: &Field, value: &Value) -> Result<()> {
        if field.flattened {
            return self.flattened(path, field, value);
        }
        let stored = match field.kind {
            Kind::Keyword | Kind::Text => self.string(path, field, value)?,
            // An empty text in place of a number is no value.
            Kind::GeoPoint => self.point(path, field, value)?,
            kind if value == "" && !matches!(kind, Kind::Boolean | Kind::Date) => None,
            kind => match number(kind, value) {
                Ok(Number::Whole(number)) => Some(Stored::Whole(number)),
                Ok(Number::Fraction(number)) => Some(Stored::Fraction(field.scaled(number))),
                Err(_) if self.ignores_malformed(field) && (kind == Kind::Date || !value.is_object()) => {
                    self.ignore(path)
                }
                Err(cause) => return Err(self.unfit(path, field, value).caused_by(cause)),
            },
        };
        if let Some(stored) = stored.filter(|_| field.index || field.doc_values) {
            self.values.push((path.to_owned(), stored));
        }
        Ok(())
    }

    /// A place, as the text that stands for it in answers.
    fn point(&mut self, path: &str, field: &Field, value: &Value) -> Result<Option<Stored>> {
        match geo::point(value) {
            Ok((lat, lon)) => Ok(Some(Stored::Column(format!("{lat:?}, {lon:?}")))),
            Err(_) if self.ignores_malformed(field) => Ok(self.ignore(path)),
            Err(cause) => Err(self.unfit(path, field, value).caused_by(cause)),
        }
    }

    /// Notes that a value is left out of the index.
    fn ignore(&mut self, path: &str) -> Option<Stored> {
        self.ignored.insert(path.to_owned());
        None
    }

    fn string(&mut self, path: &str, field: &Field, value: &Value) -> Result<Option<Stored>> {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Object(_) => {
                return Err(self.unfit(path, field, value).caused_by(Failure::new(
                    400,
                    "illegal_state_exception",
                    format!("Can't get text on a START_OBJECT at {path}"),
                )));
            }
            other => other.to_string(),
        };
        if field.kind == Kind::Text {
            return Ok(field.index.then_some(Stored::Text(text)));
        }
        if !field.keeps(&text) {
            return Ok(self.ignore(path));
        }
        if text.len() > MAX_KEYWORD_BYTES {
            return Err(parsing_caused(
                format!("failed to parse field [{path}] of type [keyword] in document with id '{}'", self.id),
                Failure::argument(format!(
                    "Document contains at least one immense term in field=\"{path}\" (whose UTF8 encoding is longer \
                     than the max length {MAX_KEYWORD_BYTES})"
                )),
            ));
        }
        let text = field.normalized(&text).into_owned();
        Ok(Some(if field.index { Stored::Keyword(text) } else { Stored::Column(text) }))
    }

    fn ignores_malformed(&self, field: &Field) -> bool {
        field.ignore_malformed.unwrap_or(self.limits.ignore_malformed)
    }

    fn unfit(&self, path: &str, field: &Field, value: &Value) -> Failure {
        parsing(format!(
            "failed to parse field [{path}] of type [{}] in document with id '{}'. Preview of field's value: '{}'",
            field.type_name(),
            self.id,
            preview(value)
        ))
    }
}

/// Keywords are sets: a value that stands twice in a document counts once.
fn without_repeats(values: &mut Vec<(String, Stored)>) {
    let mut seen = std::collections::HashSet::new();
    let keep: Vec<bool> = values
        .iter()
        .map(|(path, value)| match value {
            Stored::Keyword(text) | Stored::Column(text) => seen.insert((path.as_str(), text.as_str())),
            _ => true,
        })
        .collect();
    let mut keep = keep.into_iter();
    values.retain(|_| keep.next().unwrap_or(true));
}

fn preview(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(members) => {
            let members: Vec<_> =
                members.iter().map(|(key, value)| format!("{key}={}", preview(value))).collect();
            format!("{{{}}}", members.join(", "))
        }
        other => other.to_string(),
    }
}

fn parsing(reason: String) -> Failure {
    Failure::new(400, "document_parsing_exception", reason)
}

fn parsing_caused(reason: String, cause: Failure) -> Failure {
    parsing(reason).caused_by(cause)
}

fn parsing_from(error: &Failure) -> Failure {
    parsing(error.reason().to_owned())
}
