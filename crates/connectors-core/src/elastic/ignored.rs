//! Values that documents have and searches do not find: fields that the server left out of the index.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::index::find;
use super::mapping::{part, type_of};
use super::{Client, Request};
use crate::{ErrorKind, Result};

/// Fields that are asked for at a time.
const FIELDS: usize = 1_000;
/// Ids and fields that are shown.
const SHOWN: usize = 10;
/// Documents whose fields are looked at where the server does not aggregate them.
const LOOKED_AT: usize = 100;

/// Documents with values that searches do not find, since the field's type does not hold them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Ignored {
    /// How many.
    pub documents: u64,
    /// Ids of the first.
    pub first: Vec<String>,
    /// The fields, those of most documents first.
    pub fields: Vec<IgnoredField>,
}

/// A field with values that are not in the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IgnoredField {
    /// Its dotted name.
    pub field: String,
    /// Documents with such a value; of the first hundred alone where the server does not aggregate.
    pub documents: u64,
    /// Its type; none where it is not mapped, as the index has no room for more fields.
    pub mapped: Option<String>,
}

/// The documents of an index with values that are left out of it, as searches see it now.
///
/// An exact value that is too long to be kept beside the words of its text is not counted: it is found by the words.
///
/// # Errors
/// When the server can't be asked.
pub async fn ignored(client: &Client, index: &str) -> Result<Ignored> {
    let counted = counted(client, index).await?;
    if counted.as_ref().is_some_and(BTreeMap::is_empty) {
        return Ok(Ignored::default());
    }
    let Some(existing) = find(client, index).await? else { return Ok(Ignored::default()) };
    let (names, fields) = match counted {
        Some(mut counted) => {
            counted.retain(|name, _| !is_spare(existing.mapping(), name));
            (counted.keys().cloned().collect(), Some(counted))
        }
        None => (candidates(existing.mapping()), None),
    };
    if names.is_empty() {
        return Ok(Ignored::default());
    }
    found(client, index, (names, fields, existing.mapping())).await
}

/// How many documents each ignored field has; none where the server does not aggregate them.
async fn counted(client: &Client, index: &str) -> Result<Option<BTreeMap<String, u64>>> {
    let body = json!({
        "size": 0, "track_total_hits": false, "query": { "exists": { "field": "_ignored" } },
        "aggs": { "fields": { "terms": { "field": "_ignored", "size": FIELDS } } },
    });
    let request =
        Request::post(format!("/{index}/_search")).query("filter_path", "aggregations.fields.buckets");
    let answer: Value = match client.json(&request.body(&body)).await {
        Ok(answer) => answer,
        // Versions before 8.15 keep no column of it.
        Err(error) if error.kind() == ErrorKind::Config => return Ok(None),
        Err(error) => return Err(error),
    };
    let buckets = answer["aggregations"]["fields"]["buckets"].as_array().into_iter().flatten();
    let counts = buckets
        .filter_map(|bucket| Some((bucket["key"].as_str()?.to_owned(), bucket["doc_count"].as_u64()?)));
    Ok(Some(counts.collect()))
}

type Names<'a> = (Vec<String>, Option<BTreeMap<String, u64>>, &'a Value);

/// Counts the documents in which one of the fields is ignored.
async fn found(client: &Client, index: &str, (names, counted, mapping): Names<'_>) -> Result<Ignored> {
    let size = if counted.is_some() { SHOWN } else { LOOKED_AT };
    let body = json!({
        "size": size, "_source": false, "track_total_hits": true, "query": { "terms": { "_ignored": names } },
    });
    let answer: Value = client.json(&Request::post(format!("/{index}/_search")).body(&body)).await?;
    let hits = answer["hits"]["hits"].as_array().cloned().unwrap_or_default();
    let counted = counted.unwrap_or_else(|| count(&hits, &names));
    let mut fields: Vec<IgnoredField> = counted
        .into_iter()
        .map(|(field, documents)| IgnoredField { mapped: type_of(mapping, &field), field, documents })
        .collect();
    fields.sort_by_key(|field| std::cmp::Reverse(field.documents));
    fields.truncate(SHOWN);
    let ids = hits.iter().filter_map(|hit| hit["_id"].as_str().map(str::to_owned));
    let total = &answer["hits"]["total"];
    let documents = total["value"].as_u64().or_else(|| total.as_u64()).unwrap_or_default();
    Ok(Ignored { documents, first: ids.take(SHOWN).collect(), fields })
}

fn count(hits: &[Value], names: &[String]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    let ignored = hits.iter().flat_map(|hit| hit["_ignored"].as_array().into_iter().flatten());
    for name in ignored.filter_map(Value::as_str).filter(|name| names.iter().any(|wanted| wanted == name)) {
        *counts.entry(name.to_owned()).or_default() += 1;
    }
    counts
}

/// True for a sub-field that leaves out long values, which its field holds.
fn is_spare(mapping: &Value, name: &str) -> bool {
    part(mapping, name).is_some_and(|(field, is_sub)| is_sub && !field["ignore_above"].is_null())
}

/// The fields that may be ignored, as the mapping has them.
fn candidates(mapping: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), mapping)];
    while let Some((name, level)) = open.pop() {
        let inner = |key: &str| level[key].as_object().into_iter().flatten();
        let below =
            inner("properties").chain(inner("fields").filter(|(_, sub)| sub["ignore_above"].is_null()));
        for (part, field) in below {
            open.push((if name.is_empty() { part.clone() } else { format!("{name}.{part}") }, field));
        }
        if level["type"].is_string() && level["type"] != "text" && level["type"] != "object" {
            found.push(name);
        }
    }
    found.truncate(FIELDS);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn mapping() -> Value {
        json!({"properties": {
            "title": {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 128}}},
            "sku": {"type": "keyword", "ignore_above": 8191},
            "a": {"properties": {"made": {"type": "date"}, "n": {"type": "long", "fields": {"raw": {"type": "keyword"}}}}},
        }})
    }

    #[test]
    fn long_values_beside_words_are_no_loss() {
        let mapping = mapping();
        let spare =
            ["title.keyword", "sku", "a.made", "a.n.raw", "nowhere"].map(|name| is_spare(&mapping, name));
        assert_eq!(spare, [true, false, false, false, false]);
        let mut names = candidates(&mapping);
        names.sort();
        assert_eq!(names, ["a.made", "a.n", "a.n.raw", "sku"]);
    }
}
