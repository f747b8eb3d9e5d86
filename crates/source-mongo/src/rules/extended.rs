//! Extended JSON, with the place of what can't be read.

use bson::{Bson, Document};
use serde_json::Value;

/// The keys by which extended JSON marks a value of another type.
const MARKS: [&str; 16] = [
    "$binary",
    "$code",
    "$date",
    "$dbPointer",
    "$maxKey",
    "$minKey",
    "$numberDecimal",
    "$numberDouble",
    "$numberInt",
    "$numberLong",
    "$oid",
    "$regularExpression",
    "$symbol",
    "$timestamp",
    "$undefined",
    "$uuid",
];

/// The value that extended JSON stands for; else the path below it and what is wrong there.
pub(super) fn to_bson(value: &Value) -> Result<Bson, (String, String)> {
    match value {
        Value::Object(object) if object.keys().any(|key| MARKS.contains(&key.as_str())) => {
            serde_json::from_value(value.clone()).map_err(|error| (String::new(), error.to_string()))
        }
        Value::Object(object) => {
            let fields = object.iter().map(|(name, value)| {
                let value = to_bson(value).map_err(|(path, message)| (format!(".{name}{path}"), message))?;
                Ok((name.clone(), value))
            });
            fields.collect::<Result<Document, _>>().map(Bson::Document)
        }
        Value::Array(items) => {
            let items = items.iter().enumerate().map(|(index, item)| {
                to_bson(item).map_err(|(path, message)| (format!("[{index}]{path}"), message))
            });
            items.collect::<Result<Vec<_>, _>>().map(Bson::Array)
        }
        scalar => match small(scalar) {
            Some(number) => Ok(Bson::Int32(number)),
            None => {
                serde_json::from_value(scalar.clone()).map_err(|error| (String::new(), error.to_string()))
            }
        },
    }
}

/// Whole numbers are the shortest type that holds them, as relaxed extended JSON has it.
fn small(value: &Value) -> Option<i32> {
    i32::try_from(value.as_i64()?).ok()
}
