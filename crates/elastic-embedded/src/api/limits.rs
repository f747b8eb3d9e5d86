//! How large a query may be.

use serde_json::Value;

use crate::failure::{Failure, Result};

/// As `indices.query.bool.max_clause_count`, which the real one derives from its memory.
const MAX_CLAUSES: usize = 4096;
/// As `indices.query.bool.max_nested_depth`.
const MAX_DEPTH: usize = 30;
/// As `index.max_terms_count`.
const MAX_TERMS: usize = 65_536;

/// Refuses a request whose queries are too large to be made.
///
/// # Errors
/// 400, in the words of the real one.
pub(super) fn check(request: &Value) -> Result<()> {
    let mut clauses = 0;
    walk(request, 0, &mut clauses)
}

fn walk(value: &Value, depth: usize, clauses: &mut usize) -> Result<()> {
    match value {
        Value::Object(members) => members.iter().try_for_each(|(key, value)| {
            let below = depth + usize::from(key == "bool" || key == "dis_max");
            match (key.as_str(), value) {
                ("must" | "should" | "filter" | "must_not" | "queries", Value::Array(some)) => {
                    count(some.len(), clauses)?;
                }
                ("terms", Value::Object(fields)) => fields.values().try_for_each(check_terms)?,
                ("bool", _) if below > MAX_DEPTH => return Err(too_deep()),
                _ => {}
            }
            walk(value, below, clauses)
        }),
        Value::Array(values) => values.iter().try_for_each(|value| walk(value, depth, clauses)),
        _ => Ok(()),
    }
}

fn count(more: usize, clauses: &mut usize) -> Result<()> {
    *clauses += more;
    if *clauses <= MAX_CLAUSES {
        return Ok(());
    }
    let reason = format!("Query contains too many nested clauses; maxClauseCount is set to {MAX_CLAUSES}");
    let cause = Failure::new(400, "too_many_nested_clauses", reason.clone());
    Err(Failure::new(400, "query_shard_exception", format!("failed to create query: {reason}"))
        .caused_by(cause))
}

fn check_terms(terms: &Value) -> Result<()> {
    match terms.as_array().map(Vec::len) {
        Some(count) if count > MAX_TERMS => Err(Failure::argument(format!(
            "The number of terms [{count}] used in the Terms Query request has exceeded the allowed maximum of [{MAX_TERMS}]. This maximum can be set by changing the [index.max_terms_count] index level setting."
        ))),
        _ => Ok(()),
    }
}

fn too_deep() -> Failure {
    Failure::argument(format!(
        "The nested depth of the query exceeds the maximum nested depth for bool queries set in [indices.query.bool.max_nested_depth], which is [{MAX_DEPTH}]"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn nested(depth: usize) -> Value {
        (0..depth).fold(json!({"match_all": {}}), |query, _| json!({"bool": {"must": query}}))
    }

    #[test]
    fn a_query_is_refused_for_its_clauses_its_terms_and_its_depth() {
        let clauses = |count| json!({"bool": {"should": vec![json!({"term": {"a": 1}}); count]}});
        let terms = |count| json!({"terms": {"a": vec![1; count]}});
        for (query, refused) in [
            (clauses(MAX_CLAUSES), None),
            (clauses(MAX_CLAUSES + 1), Some("maxClauseCount is set to")),
            (json!({"bool": {"should": vec![clauses(64); 64]}}), Some("maxClauseCount is set to")),
            (terms(MAX_TERMS), None),
            (terms(MAX_TERMS + 1), Some("max_terms_count")),
            (nested(MAX_DEPTH), None),
            (nested(MAX_DEPTH + 1), Some("max_nested_depth")),
        ] {
            let found = check(&json!({"query": query})).err();
            assert_eq!(found.is_some(), refused.is_some(), "{found:?}");
            let reason = found.map(|failure| failure.reason().to_owned()).unwrap_or_default();
            assert!(reason.contains(refused.unwrap_or_default()), "{reason}");
        }
    }
}
