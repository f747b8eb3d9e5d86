//! The content index: its name, mapping and life.

mod alias;
mod completing;
mod making;
mod meta;
mod name;

pub use self::completing::complete;
pub use self::making::create;
pub use self::meta::{Meta, Owner, SYNC_VERSION, owned};
pub use self::name::{IDENTITIES, check_content_name, check_identity_name, check_name};

use serde_json::{Value, json};

use super::mapping::{FieldSpec, MappingDifference, Preset, differences, wrong_access};
use super::{Client, Request};
use crate::{Error, Result};

/// What an index has from when it is made until its first listing ends: Elasticsearch then refreshes it when somebody
/// searches it, and not every second of the half minute after which it would take it for idle.
const LOADING: (&str, &str) = ("index.search.idle.after", "0s");

/// True when the index (or alias) is there.
///
/// # Errors
/// When the server can't be asked.
pub async fn exists(client: &Client, index: &str) -> Result<bool> {
    let request = Request::get(format!("/{index}/_mapping")).query("filter_path", "*.mappings._meta");
    Ok(client.find(&request).await?.is_some())
}

/// How an index is to be.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// What one that is made is mapped by.
    pub preset: Preset,
    /// What the source declares of its fields.
    pub fields: &'a [FieldSpec],
    /// Its owner; none where no owner is recorded.
    pub owner: Option<&'a Owner>,
    /// The ingest pipeline of its documents, as the sync records it; none where none is recorded.
    pub pipeline: Option<&'a Value>,
}

/// An index that is there.
#[derive(Debug, Clone)]
pub struct Existing {
    mapping: Value,
    /// What its `_meta.sync` says.
    pub meta: Meta,
}

impl Existing {
    fn new(mapping: Value) -> Self {
        Self { meta: Meta::of(&mapping), mapping }
    }

    pub(super) fn mapping(&self) -> &Value {
        &self.mapping
    }

    /// The declared fields that it maps as something else.
    #[must_use]
    pub fn differences(&self, fields: &[FieldSpec]) -> Vec<MappingDifference> {
        differences(&self.mapping, self.meta.preset, fields)
    }

    /// Whether documents of it may carry marks of any version.
    pub(crate) fn has_marks(&self) -> bool {
        self.mapping["properties"]["_sync"].is_object()
    }

    /// Refuses an index in which a document that only some may read could be taken for one that is for everybody.
    ///
    /// # Errors
    /// `Config`, where it maps who may read a document by other means than ours.
    pub fn check_access(&self, index: &str) -> Result<()> {
        let Some(wrong) = wrong_access(&self.mapping) else { return Ok(()) };
        let what = format!(
            "the index can't keep documents from anybody: of its field `_allow_access_control`, {wrong}; \
             sync into another index, or reindex this one without that field"
        );
        Err(Error::config(what).with("index", index))
    }
}

/// Looks an index up by its name or by an alias of it; none where nothing has the name.
///
/// # Errors
/// `Config` for a name that can't be used, that is more or less than one whole index, or whose field `_sync` is not ours;
/// when the server can't be asked.
pub async fn find(client: &Client, index: &str) -> Result<Option<Existing>> {
    check_name(index)?;
    let Some(mut found) = mappings(client, index).await? else { return Ok(None) };
    let names: Vec<String> = found.iter().map(|(name, _)| name.clone()).collect();
    alias::check(client, index, &names).await?;
    let Some((_, mapping)) = found.pop() else { return Ok(None) };
    completing::check_sync_field(index, &mapping)?;
    Ok(Some(Existing::new(mapping)))
}

/// Makes the index by a preset, or adds to an existing one what it lacks; an index keeps the mapping that it was made with.
/// Returns what it is mapped by; none for an index of another tool, which the server mapped.
///
/// # Errors
/// When the server refuses; two workers that make the index at once are no error.
pub async fn prepare(
    client: &Client,
    index: &str,
    preset: Preset,
    fields: &[FieldSpec],
) -> Result<Option<Preset>> {
    let wanted = Wanted { preset, fields, owner: None, pipeline: None };
    if find(client, index).await?.is_none()
        && let Some(made) = create(client, index, &wanted).await?
    {
        return Ok(made.meta.preset);
    }
    let Some(existing) = find(client, index).await? else { return Err(gone(index)) };
    report_preset(index, existing.meta.preset, preset);
    let meta = existing.meta.clone();
    complete(client, index, existing, (&wanted, meta)).await.map(|existing| existing.meta.preset)
}

/// An index that was there a moment ago.
pub(crate) fn gone(index: &str) -> Error {
    Error::transient("the index was deleted while it was prepared").with("index", index)
}

/// The preset that an index was made by; [`Preset::Dynamic`] where another tool or an older version made it, and
/// none where there is no index.
///
/// # Errors
/// When the server can't be asked.
pub async fn preset(client: &Client, index: &str) -> Result<Option<Preset>> {
    Ok(find(client, index).await?.map(|existing| existing.meta.preset.unwrap_or(Preset::Dynamic)))
}

/// Says so when the settings name another preset than the index has.
pub(crate) fn report_preset(index: &str, has: Option<Preset>, wanted: Preset) {
    if let Some(difference) = has.unwrap_or(Preset::Dynamic).unlike(wanted) {
        match has {
            Some(_) => tracing::warn!(index, "{difference}"),
            None => tracing::info!(index, "{difference}"),
        }
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
    /// Whether no listing into the index that we made has ended yet.
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

/// The mappings of the indices that a name stands for, by their own names.
async fn mappings(client: &Client, index: &str) -> Result<Option<Vec<(String, Value)>>> {
    let request = Request::get(format!("/{index}/_mapping"));
    let Some(answer) = client.find_json::<Value>(&request).await? else { return Ok(None) };
    let indices = answer.as_object().into_iter().flatten();
    Ok(Some(indices.map(|(name, index)| (name.clone(), index["mappings"].clone())).collect()))
}

/// True for the answer to a second making of an index.
#[must_use]
pub fn is_there_already(body: &[u8]) -> bool {
    String::from_utf8_lossy(body).contains("resource_already_exists_exception")
}
