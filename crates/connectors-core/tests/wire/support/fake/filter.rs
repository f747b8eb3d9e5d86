//! `filter_path`, as the server applies it: names and `*`, through arrays.

use serde_json::{Map, Value, json};

pub(super) fn apply(answer: Value, query: &str) -> Value {
    let parameters = url::form_urlencoded::parse(query.as_bytes());
    let wanted =
        parameters.filter(|(name, _)| name == "filter_path").map(|(_, value)| value.into_owned()).next();
    let Some(wanted) = wanted else { return answer };
    let paths: Vec<Vec<&str>> = wanted.split(',').map(|path| path.split('.').collect()).collect();
    let paths: Vec<&[&str]> = paths.iter().map(Vec::as_slice).collect();
    filter(&answer, &paths).unwrap_or_else(|| json!({}))
}

/// What of a value lies on one of the paths; a path that ends here takes all of it.
fn filter(value: &Value, paths: &[&[&str]]) -> Option<Value> {
    if paths.iter().any(|path| path.is_empty()) {
        return Some(value.clone());
    }
    match value {
        Value::Array(items) => {
            let kept: Vec<Value> = items.iter().filter_map(|item| filter(item, paths)).collect();
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        Value::Object(fields) => {
            let kept: Map<String, Value> = fields
                .iter()
                .filter_map(|(name, value)| {
                    let deeper: Vec<&[&str]> = paths
                        .iter()
                        .filter(|path| path[0] == name || path[0] == "*")
                        .map(|path| &path[1..])
                        .collect();
                    let kept = if deeper.is_empty() { None } else { filter(value, &deeper) };
                    kept.map(|value| (name.clone(), value))
                })
                .collect();
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        _ => None,
    }
}
