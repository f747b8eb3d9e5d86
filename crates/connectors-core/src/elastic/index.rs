//! The content index: its name, mapping and life.

use serde_json::{Value, json};

use super::mapping::{Fields, Preset, analysis, made_by, of_new, ours, scope, wrong_access};
use super::{Client, Flavour, Request};
use crate::{Error, Result};

/// What an index has from when it is made until its first listing ends: Elasticsearch then refreshes it when somebody
/// searches it, and not every second of the half minute after which it would take it for idle.
const LOADING: (&str, &str) = ("index.search.idle.after", "0s");

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

/// An index that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ready {
    /// What it was made by; none for an index of another tool or an older version, which the server mapped.
    pub preset: Option<Preset>,
    /// True when it was made just now, so that it holds nothing.
    pub is_new: bool,
}

/// Makes the index by a preset, or adds to an existing one what it lacks; an index keeps the mapping that it was
/// made with.
///
/// # Errors
/// When the server refuses; two workers that make the index at once are no error.
pub async fn prepare(client: &Client, index: &str, preset: Preset, fields: Fields<'_>) -> Result<Ready> {
    check_name(index)?;
    let current = match current_mapping(client, index).await? {
        Some(mapping) => mapping,
        None => match create(client, index, preset, fields).await? {
            Some(made) => return Ok(Ready { preset: Some(made), is_new: true }),
            None => current_mapping(client, index).await?.unwrap_or_else(ours),
        },
    };
    complete(client, index, &current, fields).await?;
    Ok(Ready { preset: told(index, made_by(&current), preset), is_new: false })
}

/// Refuses an index in which a document that only some may read could be taken for one that is for everybody.
///
/// # Errors
/// `Config`, where it maps who may read a document by other means than ours.
pub async fn check_access(client: &Client, index: &str) -> Result<()> {
    let mapping = current_mapping(client, index).await?;
    let Some(wrong) = mapping.as_ref().and_then(wrong_access) else { return Ok(()) };
    let told = format!(
        "the index can't keep documents from anybody: of its field `_allow_access_control`, {wrong}; \
         sync into another index, or reindex this one without that field"
    );
    Err(Error::config(told).with("index", index))
}

/// The preset that an index was made by; [`Preset::Dynamic`] where another tool or an older version made it, and
/// none where there is no index.
///
/// # Errors
/// When the server can't be asked.
pub async fn preset(client: &Client, index: &str) -> Result<Option<Preset>> {
    let mapping = current_mapping(client, index).await?;
    Ok(mapping.map(|mapping| made_by(&mapping).unwrap_or(Preset::Dynamic)))
}

/// Says so when the settings name another preset than the index has.
fn told(index: &str, has: Option<Preset>, wanted: Preset) -> Option<Preset> {
    if let Some(difference) = has.unwrap_or(Preset::Dynamic).unlike(wanted) {
        match has {
            Some(_) => tracing::warn!(index, "{difference}"),
            None => tracing::info!(index, "{difference}"),
        }
    }
    has
}

/// Makes everything written so far visible to searches.
///
/// # Errors
/// When the server can't be asked.
pub async fn refresh(client: &Client, index: &str) -> Result<()> {
    let request = Request::post(format!("/{index}/_refresh")).query("filter_path", "_shards.failed");
    client.call(&request).await.map(drop)
}

/// Lets the server refresh an index again as it does any other.
///
/// # Errors
/// When the server can't be asked, or refuses.
pub(crate) async fn end_loading(client: &Client, index: &str) -> Result<()> {
    let request = Request::put(format!("/{index}/_settings")).body(&json!({ LOADING.0: null }));
    client.call(&request).await.map(drop)
}

/// What the server set for an index, and what an operator did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The id that the server gave the index when it was made; none where there is no index.
    pub(crate) uuid: Option<String>,
    /// True while no listing into the index that we made came to its end.
    pub(crate) is_loading: bool,
    /// The ingest pipeline of documents that name none.
    pub(crate) default_pipeline: Option<String>,
    /// The ingest pipeline of all documents, behind any other.
    pub(crate) final_pipeline: Option<String>,
}

/// Asks for them.
///
/// # Errors
/// When the server can't be asked.
pub(crate) async fn facts(client: &Client, index: &str) -> Result<Facts> {
    let wanted = ["uuid", "default_pipeline", "final_pipeline", "search.idle.after"]
        .map(|name| format!("*.settings.index.{name}"));
    let request = Request::get(format!("/{index}/_settings")).query("filter_path", wanted.join(","));
    let Some(answer) = client.find_json::<Value>(&request).await? else { return Ok(Facts::default()) };
    let settings = answer.as_object().and_then(|indices| indices.values().next());
    let settings = settings.map(|index| &index["settings"]["index"]);
    let text = |name: &str| settings.and_then(|settings| settings[name].as_str()).map(str::to_owned);
    let pipeline = |name: &str| text(name).filter(|name| name != "_none" && !name.is_empty());
    Ok(Facts {
        uuid: text("uuid"),
        is_loading: settings.is_some_and(|settings| settings["search"]["idle"]["after"] == LOADING.1),
        default_pipeline: pipeline("default_pipeline"),
        final_pipeline: pipeline("final_pipeline"),
    })
}

/// The id that the server gave the index when it was made; none where there is no index.
///
/// # Errors
/// When the server can't be asked.
pub async fn uuid(client: &Client, index: &str) -> Result<Option<String>> {
    facts(client, index).await.map(|facts| facts.uuid)
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
    let request = Request::get(format!("/{index}/_mapping"));
    let Some(answer) = client.find_json::<Value>(&request).await? else { return Ok(None) };
    let first = answer.as_object().and_then(|indices| indices.values().next());
    Ok(first.map(|index| index["mappings"].clone()))
}

/// Makes the index: with what the server takes of our wishes. A name that begins with a dot is out of sight of wildcards.
/// None when somebody made it meanwhile.
async fn create(client: &Client, index: &str, preset: Preset, fields: Fields<'_>) -> Result<Option<Preset>> {
    let mut refused = None;
    for (made, mut settings) in attempts(client.engine().flavour, preset) {
        if index.starts_with('.') {
            settings["index.hidden"] = true.into();
        }
        let body = json!({ "settings": settings, "mappings": of_new(made, fields) });
        let request = Request::put(format!("/{index}")).body(&body);
        let response = client.persist(&request).await?;
        if is_there_already(&response.body) {
            return Ok(None);
        }
        if response.is_success() {
            lacking(index, made, preset);
            return Ok(Some(made));
        }
        let may_do_with_less = matches!(response.status, 400 | 501);
        refused = Some(client.refusal(&request, &response));
        if !may_do_with_less {
            break;
        }
    }
    Err(refused.unwrap_or_else(|| Error::unexpected("no way to make the index was tried")))
}

/// Ways to make an index, the fullest first: with all settings, without those that some servers refuse, and without
/// analysers.
fn attempts(flavour: Flavour, preset: Preset) -> Vec<(Preset, Value)> {
    let presets = [preset, Preset::Search];
    let presets = if preset == Preset::Reference { &presets[..] } else { &presets[..1] };
    // Elasticsearch Serverless has its own idea of refreshing, and old servers have no way to ignore fields.
    let extras = [
        (LOADING.0, Value::from(LOADING.1)),
        ("index.mapping.total_fields.ignore_dynamic_beyond_limit", true.into()),
    ];
    let first = if flavour == Flavour::Elasticsearch { 0 } else { extras.len() };
    let ways = presets.iter().flat_map(|preset| (first..=extras.len()).map(|taken| (*preset, taken)));
    ways.map(|(preset, without)| (preset, settings(preset, &extras[without..]))).collect()
}

fn settings(preset: Preset, extras: &[(&str, Value)]) -> Value {
    let mut settings = json!({ "index.mapping.ignore_malformed": true });
    for (name, value) in extras {
        settings[*name] = value.clone();
    }
    if let Some(analysis) = analysis(preset) {
        settings["analysis"] = analysis;
    }
    settings
}

fn lacking(index: &str, made: Preset, wanted: Preset) {
    if made != wanted {
        tracing::warn!(
            index,
            "this server lacks the analysers of `{wanted}`; the index is mapped by `{made}`"
        );
    }
}

/// True for the answer to a second making of an index.
#[must_use]
pub fn is_there_already(body: &[u8]) -> bool {
    String::from_utf8_lossy(body).contains("resource_already_exists_exception")
}

/// Adds our fields to the mapping of an index that somebody else made, and to one made by [`Preset::Search`] those
/// that are declared and not mapped yet.
async fn complete(client: &Client, index: &str, current: &Value, declared: Fields<'_>) -> Result<()> {
    if let Some(other) = wrong_sync_field(current) {
        let fix = "sync into another index, or reindex this one without the field `_sync`";
        return Err(
            Error::config(format!("the index maps `{other}` as something else; {fix}")).with("index", index)
        );
    }
    let all =
        if made_by(current) == Some(Preset::Search) { of_new(Preset::Search, declared) } else { ours() };
    let mut missing = json!({ "properties": all["properties"] });
    if let Some(fields) = missing["properties"].as_object_mut() {
        fields.retain(|name, _| !is_taken(current, name));
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
    let mut sync = meta.get("sync").and_then(Value::as_object).cloned().unwrap_or_default();
    sync.insert("version".into(), SYNC_VERSION.into());
    meta.insert("sync".into(), sync.into());
    missing["_meta"] = meta.into();
    client.call(&Request::put(format!("/{index}/_mapping")).body(&missing)).await.map(drop)
}

/// True when a field of that dotted name is mapped, or can't be, as one above it is no object.
fn is_taken(mapping: &Value, name: &str) -> bool {
    let mut level = mapping;
    for part in name.split('.') {
        let properties = &level["properties"];
        if level["type"].is_string() && properties.is_null() {
            return true;
        }
        level = &properties[part];
        if level.is_null() {
            return false;
        }
    }
    true
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
        assert_eq!(wrong_sync_field(&ours()), None);
        assert_eq!(wrong_sync_field(&json!({"properties": {}})), None);
        let foreign = json!({"properties": {"_sync": {"type": "keyword"}}});
        assert_eq!(wrong_sync_field(&foreign), Some("_sync"));
        let mut guessed = ours();
        guessed["properties"]["_sync"]["properties"]["scope"] = json!({"type": "text"});
        assert_eq!(wrong_sync_field(&guessed), Some("_sync"), "what a server makes of it by itself");
    }
}
