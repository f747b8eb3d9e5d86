//! What a source declares of its fields, beside the values that it lists.

use connectors_core::{FieldKind, FieldSpec};
use serde_json::Value;

use super::stage::{Stage, list};
use super::{Broken, Outcome, Promise, always, broken, ensure, promises, some};
use crate::Fixture;

pub(super) fn promises<F: Fixture>() -> Vec<Promise<F>> {
    promises![always, values_are_of_the_kind_that_is_declared]
}

/// What an index would refuse or cut off is not what was declared; a field that never comes is declared in vain.
async fn values_are_of_the_kind_that_is_declared<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let connection = stage.loaded(F::DOCUMENTS).await?;
    let declared = connection.source().declared_fields().await;
    let declared = declared.map_err(|error| Broken::Source { doing: "declaring its fields", error })?;
    if declared.is_empty() {
        return Err(Broken::Untried("the source declares no field".into()));
    }
    let mut unmet: Vec<&FieldSpec> = declared.iter().collect();
    for (id, seen) in &list(&*connection).await?.documents {
        let fields = seen.fields();
        declared.iter().try_for_each(|field| holds_kind(id, &fields, field))?;
        unmet.retain(|field| values_at(&fields, field).is_none());
    }
    let unmet: Vec<String> = unmet.into_iter().map(|field| field.path.join(".")).collect();
    ensure(unmet.is_empty(), || format!("no document has the declared fields [{}]", some(unmet)))
}

fn holds_kind(id: &str, fields: &Value, field: &FieldSpec) -> Outcome {
    let values = values_at(fields, field).unwrap_or_default();
    match values.into_iter().find(|value| !is_of(field.kind, value)) {
        Some(value) => {
            let path = field.path.join(".");
            broken(format!("{id}: `{path}` is declared as {}, and holds {value}", field.kind))
        }
        None => Ok(()),
    }
}

/// The values at the path of a field, those of lists one by one; none where the document has no such field.
fn values_at<'a>(fields: &'a Value, field: &FieldSpec) -> Option<Vec<&'a Value>> {
    let place = field.path.iter().try_fold(fields, |value, name| value.get(name))?;
    Some(match place {
        Value::Array(values) if field.kind != FieldKind::GeoPoint => values.iter().collect(),
        value => vec![value],
    })
}

/// Whether an index that maps a field as this holds the value as it is.
fn is_of(kind: FieldKind, value: &Value) -> bool {
    match (kind, value) {
        (_, Value::Null) => true,
        (FieldKind::Integer, value) => value.is_i64(),
        (FieldKind::Number | FieldKind::Scaled(_), value) => value.is_number(),
        (FieldKind::Boolean, value) => value.is_boolean(),
        (FieldKind::Date, value) => is_date(value),
        (FieldKind::Code | FieldKind::Label | FieldKind::Prose, value) => value.is_string(),
        (FieldKind::Object | FieldKind::Flattened, value) => value.is_object(),
        (FieldKind::GeoPoint, value) => value.is_object() || value.is_array() || value.is_string(),
    }
}

/// A time as in RFC 3339, a day, or milliseconds since 1970.
fn is_date(value: &Value) -> bool {
    let is_time = |text: &str| {
        chrono::DateTime::parse_from_rfc3339(text).is_ok() || text.parse::<chrono::NaiveDate>().is_ok()
    };
    value.as_str().map_or_else(|| value.is_i64(), is_time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_is_of_a_kind_if_an_index_holds_it_as_it_is() {
        for (kind, good, bad) in [
            (FieldKind::Integer, json!(-5), json!(5.5)),
            (FieldKind::Integer, Value::Null, json!(u64::MAX)),
            (FieldKind::Number, json!(5.5), json!("5.5")),
            (FieldKind::Scaled(100), json!(5.25), json!(true)),
            (FieldKind::Boolean, json!(false), json!("false")),
            (FieldKind::Date, json!("2026-01-01T00:00:00Z"), json!("yesterday")),
            (FieldKind::Date, json!("2026-01-01"), json!("2026-13-01")),
            (FieldKind::Date, json!(0), json!(0.5)),
            (FieldKind::Code, json!("x"), json!(1)),
            (FieldKind::Object, json!({}), json!("x")),
            (FieldKind::GeoPoint, json!([1.5, 2.5]), json!(1)),
        ] {
            assert!(is_of(kind, &good), "{kind}: {good}");
            assert!(!is_of(kind, &bad), "{kind}: {bad}");
        }
    }

    #[test]
    fn a_path_leads_through_objects_and_lists_count_one_by_one() {
        let field = |path: &[&str]| FieldSpec {
            path: path.iter().map(|name| (*name).to_owned()).collect(),
            kind: FieldKind::Integer,
        };
        let fields = json!({"a": {"b": [1, 2]}, "c": 3});
        assert_eq!(values_at(&fields, &field(&["a", "b"])), Some(vec![&json!(1), &json!(2)]));
        assert_eq!(values_at(&fields, &field(&["c"])), Some(vec![&json!(3)]));
        assert_eq!(values_at(&fields, &field(&["c", "d"])), None);
    }
}
