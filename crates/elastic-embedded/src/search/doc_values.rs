//! `docvalue_fields`: the values of columns, as the real one prints them.

use std::borrow::Cow;

use serde_json::Value;
use tantivy::{DocId, SegmentReader};

use super::field_data::{no_doc_values, no_field_data};
use crate::dates;
use crate::failure::{Failure, Result};
use crate::mapping::{Field, Kind, Resolved};
use crate::options::Options;
use crate::store::{Columns, View};
use crate::tree::Tree;

/// A field, or a pattern of fields, whose values are wanted.
#[derive(Debug, Clone)]
pub(crate) struct DocValue {
    field: String,
    format: Option<Format>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Format {
    Date,
    Millis,
}

/// A field of one index whose values are wanted.
#[derive(Debug)]
pub(super) struct Wanted {
    path: String,
    field: Field,
    millis: bool,
}

impl DocValue {
    pub(super) fn read(items: Vec<&Value>) -> Result<Vec<Self>> {
        items.into_iter().map(DocValue::read_one).collect()
    }

    fn read_one(item: &Value) -> Result<Self> {
        if let Some(field) = item.as_str() {
            return Ok(DocValue { field: field.to_owned(), format: None });
        }
        let mut options = Options::new("docvalue_fields", item)?;
        let field = options
            .text("field")?
            .ok_or_else(|| Failure::parsing("[field] of docvalue_fields is missing"))?
            .to_owned();
        let format = match options.text("format")? {
            None => None,
            Some("strict_date_optional_time") => Some(Format::Date),
            Some("epoch_millis") => Some(Format::Millis),
            Some(other) => return Err(Failure::unsupported(format!("the format [{other}] of doc values"))),
        };
        options.finish()?;
        Ok(DocValue { field, format })
    }
}

pub(super) fn resolve(asked: &[DocValue], view: &View) -> Result<Vec<Wanted>> {
    let mut wanted: Vec<Wanted> = Vec::new();
    for DocValue { field: pattern, format } in asked {
        for found in view.meta.mapping.matching(pattern) {
            match found.field.kind {
                Kind::Text if pattern == "*" => continue,
                Kind::Text => return Err(no_field_data(&found.path, &view.meta.name)),
                _ if !found.field.doc_values => return Err(no_doc_values(&found.path)),
                Kind::Keyword | Kind::Boolean if format.is_some() => return Err(no_format(&found)),
                kind if kind != Kind::Date && format.is_some() => {
                    return Err(Failure::unsupported(format!("a format of the numbers of [{}]", found.path)));
                }
                _ => wanted.push(Wanted {
                    path: found.path,
                    field: found.field.clone(),
                    millis: *format == Some(Format::Millis),
                }),
            }
        }
    }
    Ok(wanted)
}

fn no_format(found: &Resolved<'_>) -> Failure {
    Failure::argument(format!(
        "Field [{}] of type [{}] does not support custom formats",
        found.path,
        found.field.type_name()
    ))
}

pub(super) fn open(wanted: &[Wanted], segment: &SegmentReader) -> Result<Vec<Columns>> {
    wanted.iter().map(|wanted| Columns::open(segment, &wanted.path, &wanted.field)).collect()
}

/// The `fields` object of one document.
pub(super) fn fields(
    wanted: &[Wanted],
    columns: &[Columns],
    doc: DocId,
) -> Result<Vec<(Cow<'static, str>, Tree)>> {
    let mut fields = Vec::new();
    for (wanted, column) in wanted.iter().zip(columns) {
        let values = values(wanted, column, doc)?;
        if !values.is_empty() {
            fields.push((wanted.path.clone().into(), Tree::from(values)));
        }
    }
    Ok(fields)
}

fn values(wanted: &Wanted, column: &Columns, doc: DocId) -> Result<Vec<Value>> {
    match column {
        Columns::Empty => Ok(Vec::new()),
        Columns::Whole(column) => {
            let mut numbers: Vec<i64> = column.values_for_doc(doc).collect();
            numbers.sort_unstable();
            Ok(numbers.into_iter().map(|number| whole(wanted, number)).collect())
        }
        Columns::Fraction(column) => {
            let mut numbers: Vec<f64> = column.values_for_doc(doc).collect();
            numbers.sort_unstable_by(f64::total_cmp);
            Ok(numbers.into_iter().map(Value::from).collect())
        }
        Columns::Text(_) => texts(column, doc),
    }
}

/// The strings of a document, in order.
pub(super) fn texts(column: &Columns, doc: DocId) -> Result<Vec<Value>> {
    let Columns::Text(column) = column else { return Ok(Vec::new()) };
    let mut ords: Vec<u64> = column.term_ords(doc).collect();
    ords.sort_unstable();
    let mut text = String::new();
    let mut values = Vec::with_capacity(ords.len());
    for ord in ords {
        column.ord_to_str(ord, &mut text)?;
        values.push(text.clone().into());
    }
    Ok(values)
}

fn whole(wanted: &Wanted, number: i64) -> Value {
    match wanted.field.kind {
        Kind::Boolean => (number != 0).into(),
        Kind::Date if wanted.millis => number.to_string().into(),
        Kind::Date => dates::print(number).into(),
        _ => number.into(),
    }
}
