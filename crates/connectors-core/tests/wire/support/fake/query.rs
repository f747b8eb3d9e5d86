//! The few queries that the client asks.

use serde_json::Value;

pub(super) fn matches(query: &Value, document: &Value) -> bool {
    let (kind, inner) = query.as_object().and_then(|query| query.iter().next()).expect("one query");
    match kind.as_str() {
        "match_all" => true,
        "exists" => field(document, inner["field"].as_str().unwrap()).is_some_and(|value| !value.is_null()),
        "term" | "terms" => {
            let (name, wanted) = inner.as_object().unwrap().iter().next().unwrap();
            let value = field(document, name);
            let wanted = wanted.as_array().cloned().unwrap_or_else(|| vec![wanted.clone()]);
            let values = value
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_else(|| value.cloned().into_iter().collect());
            values.iter().any(|value| wanted.contains(value))
        }
        "range" => {
            let (name, borders) = inner.as_object().unwrap().iter().next().unwrap();
            let value = field(document, name).and_then(Value::as_i64);
            let (low, high) = (borders["gte"].as_i64().unwrap(), borders["lte"].as_i64().unwrap());
            value.is_some_and(|value| low <= value && value <= high)
        }
        "bool" => {
            let all = |clause: &str| clauses(inner, clause).into_iter().map(|query| matches(query, document));
            let must = all("must").chain(all("filter")).all(|is_met| is_met);
            let should = inner.get("should").is_none() || all("should").any(|is_met| is_met);
            must && should && !all("must_not").any(|is_met| is_met)
        }
        unknown => panic!("the fake knows no query `{unknown}`"),
    }
}

fn clauses<'a>(query: &'a Value, name: &str) -> Vec<&'a Value> {
    match query.get(name) {
        Some(Value::Array(clauses)) => clauses.iter().collect(),
        Some(clause) => vec![clause],
        None => Vec::new(),
    }
}

/// A field by its dotted name.
pub(super) fn field<'a>(document: &'a Value, name: &str) -> Option<&'a Value> {
    name.split('.').try_fold(document, |value, part| value.get(part))
}
