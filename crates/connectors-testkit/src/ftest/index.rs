//! The index that the program wrote, read by other means than the program's.

use std::collections::HashMap;

use connectors_core::{FieldKind, FieldSpec};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use super::Options;
use crate::Result;

/// Hits of one page, at the most.
const PAGE: usize = 10_000;

/// The index under test.
pub(crate) struct Index {
    client: Client,
    url: String,
    pub(crate) name: String,
}

impl Index {
    pub(super) fn new(options: &Options) -> Result<Self> {
        Self::at(&format!("{}/ftest-{}", options.es, std::process::id()))
    }

    /// The index at this address, whose last part is its name.
    pub(crate) fn at(url: &str) -> Result<Self> {
        let name = url.rsplit('/').next().unwrap_or_default().to_owned();
        Ok(Self { client: Client::builder().no_proxy().build()?, url: url.to_owned(), name })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Documents, as a search sees them now; none while there is no index.
    pub(crate) async fn count(&self) -> Result<u64> {
        let refreshed = self.client.post(format!("{}/_refresh", self.url)).send().await?;
        if refreshed.status() == StatusCode::NOT_FOUND {
            return Ok(0);
        }
        let answer: Value = self.post("_count", &json!({ "query": { "match_all": {} } })).await?;
        answer["count"].as_u64().ok_or_else(|| format!("no count in {answer}").into())
    }

    /// The documents of these ids, in their order; none for one that is not there.
    pub(crate) async fn documents(&self, ids: &[&str]) -> Result<Vec<Option<Value>>> {
        let query = json!({ "size": ids.len(), "query": { "ids": { "values": ids } } });
        let answer = self.post("_search", &query).await?;
        let hits = answer["hits"]["hits"].as_array().cloned().unwrap_or_default();
        let by_id: HashMap<&str, &Value> =
            hits.iter().filter_map(|hit| Some((hit["_id"].as_str()?, &hit["_source"]))).collect();
        Ok(ids.iter().map(|id| by_id.get(id).copied().cloned()).collect())
    }

    /// The ids of all documents, as a search sees them now; at most one page of them.
    pub(crate) async fn ids(&self) -> Result<Vec<String>> {
        if self.count().await? == 0 {
            return Ok(Vec::new());
        }
        let query = json!({ "size": PAGE, "_source": false, "query": { "match_all": {} } });
        let answer = self.post("_search", &query).await?;
        let hits = answer["hits"]["hits"].as_array().cloned().unwrap_or_default();
        Ok(hits.iter().filter_map(|hit| hit["_id"].as_str().map(str::to_owned)).collect())
    }

    /// Compares the mapping with what a source declares.
    ///
    /// # Errors
    /// The first field that is not mapped, or as something else.
    pub(crate) async fn mapped(&self, declared: &[FieldSpec]) -> Result<()> {
        let answer: Value = serde_json::from_slice(
            &self
                .client
                .get(format!("{}/_mapping", self.url))
                .send()
                .await?
                .error_for_status()?
                .bytes()
                .await?,
        )?;
        let mapping = &answer[&self.name]["mappings"];
        declared.iter().try_for_each(|field| fits(mapping, field))
    }

    /// Removes the index.
    pub(crate) async fn remove(&self) -> Result<()> {
        self.client.delete(&self.url).send().await?;
        Ok(())
    }

    async fn post(&self, what: &str, body: &Value) -> Result<Value> {
        let request =
            self.client.post(format!("{}/{what}", self.url)).header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await?.error_for_status()?;
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    }
}

/// Compares one field's type with what it is declared as. Small distributions lack two of the types, and get others.
pub(crate) fn fits(mapping: &Value, declared: &FieldSpec) -> Result<()> {
    let field = declared.path.iter().fold(mapping, |level, name| &level["properties"][name]);
    let wanted: &[&str] = match declared.kind {
        FieldKind::Integer => &["long"],
        FieldKind::Number => &["double"],
        FieldKind::Scaled(_) => &["scaled_float", "double"],
        FieldKind::Boolean => &["boolean"],
        FieldKind::Date => &["date"],
        FieldKind::Code => &["keyword"],
        FieldKind::Label | FieldKind::Prose => &["text"],
        FieldKind::Object => &["object"],
        FieldKind::Flattened => &["flattened", "flat_object", "object"],
        FieldKind::GeoPoint => &["geo_point"],
    };
    let is_object = field["properties"].is_object();
    let mapped = field["type"].as_str().unwrap_or(if is_object { "object" } else { "nothing" });
    if wanted.contains(&mapped) {
        return Ok(());
    }
    let name = declared.path.join(".");
    Err(format!("the field {name} is declared as {} and mapped as {mapped}", declared.kind).into())
}
