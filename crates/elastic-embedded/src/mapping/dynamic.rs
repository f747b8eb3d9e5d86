//! Dynamic mapping: the field that a value asks for when the mapping does not know it.

use serde_json::Value;

use super::{Field, Kind};
use crate::dates;

/// The field for a value that is no object and no array; `None` for null.
pub(crate) fn field_for(value: &Value, date_detection: bool) -> Option<Field> {
    Some(match value {
        Value::Null | Value::Object(_) | Value::Array(_) => return None,
        Value::Bool(_) => Field::new(Kind::Boolean),
        Value::Number(number) if number.is_f64() => Field::new(Kind::Float),
        Value::Number(_) => Field::new(Kind::Long),
        Value::String(text) if date_detection && dates::detected(text) => Field::new(Kind::Date),
        Value::String(_) => Field::dynamic_text(),
    })
}
