//! The content index: its name, mapping and life.

use serde_json::{Value, json};

use super::{Client, Flavour, Request};
use crate::{Error, Result};

/// The version of what `_sync` holds; a change re-marks every document.
pub const SYNC_VERSION: u64 = 1;

/// Checks a name before the server has to.
///
/// # Errors
/// `Config`, naming the rule that it breaks.
pub fn check_name(name: &str) -> Result<()> {
    let broken = if name.is_empty() {
        "it is empty"
    } else if name.len() > 255 {
        "it has more than 255 bytes"
    } else if name.starts_with(['_', '-', '+']) {
        "it begins with _, - or +"
    } else if name == "." || name == ".." {
        "it is . or .."
    } else if name.contains(['\\', '/', '*', '?', '"', '<', '>', '|', ' ', ',', '#', ':', '%']) {
        "it has one of \\ / * ? \" < > | space , # : % in it"
    } else if name.chars().any(char::is_control) {
        "it has a control character in it"
    } else if name.chars().any(char::is_uppercase) {
        "it has upper case letters"
    } else {
        return Ok(());
    };
    Err(Error::config(format!("the index name can't be used: {broken}")).with("index", name))
}

/// True when the index (or alias) is there.
///
/// # Errors
/// When the server can't be asked.
pub async fn exists(client: &Client, index: &str) -> Result<bool> {
    let request = Request::get(format!("/{index}/_mapping")).query("filter_path", "*.mappings._meta");
    Ok(client.find(&request).await?.is_some())
}

/// Makes the index with its mapping, or adds what an existing one lacks.
///
/// # Errors
/// When the server refuses; two workers that make the index at once are no error.
pub async fn prepare(client: &Client, index: &str) -> Result<()> {
    check_name(index)?;
    match current_mapping(client, index).await? {
        Some(mapping) => complete(client, index, &mapping).await,
        None => create(client, index).await,
    }
}

/// Makes everything written so far visible to searches.
///
/// # Errors
/// When the server can't be asked.
pub async fn refresh(client: &Client, index: &str) -> Result<()> {
    let request = Request::post(format!("/{index}/_refresh")).query("filter_path", "_shards.failed");
    client.call(&request).await.map(drop)
}

/// The id that the server gave the index when it was made; none where there is no index.
///
/// # Errors
/// When the server can't be asked.
pub async fn uuid(client: &Client, index: &str) -> Result<Option<String>> {
    let request = Request::get(format!("/{index}/_settings")).query("filter_path", "*.settings.index.uuid");
    let Some(response) = client.find(&request).await? else { return Ok(None) };
    let answer: Value = serde_json::from_slice(&response.body)
        .map_err(|error| Error::unexpected("the index settings are not JSON").caused_by(error))?;
    let first = answer.as_object().and_then(|indices| indices.values().next());
    Ok(first.and_then(|index| index.pointer("/settings/index/uuid")?.as_str()).map(str::to_owned))
}

/// The number of documents that match.
///
/// # Errors
/// When the server can't be asked.
pub async fn count(client: &Client, index: &str, query: &Value) -> Result<u64> {
    let request = Request::post(format!("/{index}/_count")).body(&json!({ "query": query }));
    let answer: Value = client.json(&request).await?;
    answer["count"].as_u64().ok_or_else(|| Error::unexpected("a count without a number").with("index", index))
}

async fn current_mapping(client: &Client, index: &str) -> Result<Option<Value>> {
    let Some(response) = client.find(&Request::get(format!("/{index}/_mapping"))).await? else {
        return Ok(None);
    };
    let answer: Value = serde_json::from_slice(&response.body)
        .map_err(|error| Error::unexpected("the mapping is not JSON").caused_by(error))?;
    let first = answer.as_object().and_then(|indices| indices.values().next());
    Ok(first.map(|index| index["mappings"].clone()))
}

async fn create(client: &Client, index: &str) -> Result<()> {
    let mut settings = json!({ "index.mapping.ignore_malformed": true });
    if client.engine().flavour == Flavour::Elasticsearch {
        settings["index.mapping.total_fields.ignore_dynamic_beyond_limit"] = true.into();
    }
    let put = |settings: &Value| {
        Request::put(format!("/{index}")).body(&json!({ "settings": settings, "mappings": mapping() }))
    };
    let mut request = put(&settings);
    let mut response = client.persist(&request).await?;
    if response.status == 400 && !is_there_already(&response.body) {
        request = put(&json!({ "index.mapping.ignore_malformed": true }));
        response = client.persist(&request).await?;
    }
    let is_there = response.is_success() || is_there_already(&response.body);
    if is_there { Ok(()) } else { Err(client.refusal(&request, &response)) }
}

/// True for the answer to a second making of an index.
pub(crate) fn is_there_already(body: &[u8]) -> bool {
    String::from_utf8_lossy(body).contains("resource_already_exists_exception")
}

/// Adds our fields to the mapping of an index that somebody else made.
async fn complete(client: &Client, index: &str, current: &Value) -> Result<()> {
    if let Some(other) = wrong_sync_field(current) {
        let fix = "sync into another index, or reindex this one without the field `_sync`";
        return Err(
            Error::config(format!("the index maps `{other}` as something else; {fix}")).with("index", index)
        );
    }
    let mut missing = mapping();
    if let Some(fields) = missing["properties"].as_object_mut() {
        fields.retain(|name, _| current["properties"].get(name).is_none());
        if current["properties"]["_sync"].is_object()
            && current["properties"]["_sync"]["properties"]["scope"].is_null()
        {
            fields.insert("_sync".into(), json!({ "properties": { "scope": scope() } }));
        }
    }
    let is_current = current["_meta"]["sync"]["version"].as_u64() == Some(SYNC_VERSION);
    if is_current && missing["properties"] == json!({}) {
        return Ok(());
    }
    let mut meta = current["_meta"].as_object().cloned().unwrap_or_default();
    meta.insert("sync".into(), json!({ "version": SYNC_VERSION }));
    missing["_meta"] = meta.into();
    client.call(&Request::put(format!("/{index}/_mapping")).body(&missing)).await.map(drop)
}

fn wrong_sync_field(current: &Value) -> Option<&'static str> {
    let sync = &current["properties"]["_sync"];
    if sync.is_null() {
        return None;
    }
    let is = |name: &str, kind: &str| sync["properties"][name]["type"] == kind;
    let has_scope = !sync["properties"]["scope"].is_null();
    let is_ours = is("id", "long") && is("mark", "long") && (!has_scope || is("scope", "keyword"));
    (!is_ours).then_some("_sync")
}

/// What every content index maps; other fields are mapped as they come.
fn mapping() -> Value {
    json!({
        "_meta": { "sync": { "version": SYNC_VERSION } },
        "properties": {
            "id": { "type": "keyword" },
            "_timestamp": { "type": "date" },
            "_sync": { "properties": {
                "id": { "type": "long" },
                "mark": { "type": "long", "index": false },
                "scope": scope(),
            } },
            "body": { "type": "text" },
        },
    })
}

fn scope() -> Value {
    json!({ "type": "keyword", "index": false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_by_the_servers_rules() {
        for good in ["docs", "0123", "a.b-c_d", ".hidden", "ärger"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        let long = "x".repeat(256);
        for bad in [
            "",
            "_a",
            "-a",
            "+a",
            ".",
            "..",
            "a/b",
            "a b",
            "a*",
            "A",
            "a:b",
            "a#b",
            "a%62",
            "a\nb",
            long.as_str(),
        ] {
            let error = check_name(bad).unwrap_err();
            assert!(error.to_string().contains("the index name can't be used"), "{error}");
        }
    }

    #[test]
    fn a_foreign_sync_field_is_found() {
        assert_eq!(wrong_sync_field(&mapping()), None);
        assert_eq!(wrong_sync_field(&json!({"properties": {}})), None);
        let foreign = json!({"properties": {"_sync": {"type": "keyword"}}});
        assert_eq!(wrong_sync_field(&foreign), Some("_sync"));
        let mut guessed = mapping();
        guessed["properties"]["_sync"]["properties"]["scope"] = json!({"type": "text"});
        assert_eq!(wrong_sync_field(&guessed), Some("_sync"), "what a server makes of it by itself");
    }
}
