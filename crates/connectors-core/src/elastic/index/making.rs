//! Makes an index that is not there.

use serde_json::{Value, json};

use super::super::mapping::lacking::{replace, unknown_type};
use super::super::mapping::{Preset, analysis, of_new};
use super::super::{Client, Flavour, Request};
use super::{Existing, LOADING, Meta, SYNC_VERSION, Wanted, is_there_already};
use crate::elastic::key::IndexKey;
use crate::{Error, Result};

/// Makes the index with as many of the wanted settings as the server takes. A name that begins with a dot is hidden from
/// wildcards. None when somebody else made it in the meantime.
///
/// # Errors
/// When the server refuses.
pub async fn create(client: &Client, index: &str, wanted: &Wanted<'_>) -> Result<Option<Existing>> {
    super::check_name(index)?;
    let (mut refused, mut lacking) = (None, Vec::new());
    let mut ways = attempts(client.engine().flavour, wanted.preset).into_iter().peekable();
    while let Some(attempt) = ways.peek() {
        let mut body = described((client, index), attempt, wanted)?;
        replace(&mut body["mappings"], &lacking);
        let request = Request::put(format!("/{index}")).body(&body);
        let response = client.persist(&request).await?;
        if is_there_already(&response.body) {
            return Ok(None);
        }
        if response.is_success() {
            report_lacking(index, attempt.preset, wanted.preset);
            return Ok(Some(Existing::new(body["mappings"].take())));
        }
        let may_do_with_less = matches!(response.status, 400 | 501);
        refused = Some(client.refusal(&request, &response));
        if !may_do_with_less {
            break;
        }
        match unknown_type(&response.body).filter(|name| !lacking.contains(name)) {
            Some(name) => report_type(index, &mut lacking, name),
            None => drop(ways.next()),
        }
    }
    Err(refused.unwrap_or_else(|| Error::unexpected("no way to make the index was tried")))
}

/// One way to make an index.
struct Attempt {
    preset: Preset,
    settings: Value,
    is_loading: bool,
}

fn described((client, index): (&Client, &str), attempt: &Attempt, wanted: &Wanted<'_>) -> Result<Value> {
    let mut settings = attempt.settings.clone();
    if index.starts_with('.') {
        settings["index.hidden"] = true.into();
    }
    let meta = Meta {
        version: SYNC_VERSION,
        preset: Some(attempt.preset),
        owner: wanted.owner.cloned(),
        key: Some(IndexKey::random()?),
        pipeline: wanted.pipeline.cloned(),
        is_remarking: false,
        is_loading: attempt.is_loading,
    };
    let mut mapping = of_new(attempt.preset, wanted.fields, client.engine().flavour);
    mapping["_meta"] = meta.over(&mapping);
    Ok(json!({ "settings": settings, "mappings": mapping }))
}

/// Ways to make an index, the fullest first: with all settings, without those that some servers refuse, and without
/// analysers.
fn attempts(flavour: Flavour, preset: Preset) -> Vec<Attempt> {
    let presets = [preset, Preset::Search];
    let presets = if preset == Preset::Reference { &presets[..] } else { &presets[..1] };
    // Elasticsearch Serverless has its own idea of refreshing, and old servers have no way to ignore fields.
    let extras = [
        (LOADING.0, Value::from(LOADING.1)),
        ("index.mapping.total_fields.ignore_dynamic_beyond_limit", true.into()),
    ];
    let first = if flavour == Flavour::Elasticsearch { 0 } else { extras.len() };
    let ways = presets.iter().flat_map(|preset| (first..=extras.len()).map(|taken| (*preset, taken)));
    let attempt = |(preset, without): (Preset, usize)| Attempt {
        preset,
        settings: settings(preset, &extras[without..]),
        is_loading: without == 0,
    };
    ways.map(attempt).collect()
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

fn report_lacking(index: &str, made: Preset, wanted: Preset) {
    if made != wanted {
        tracing::warn!(
            index,
            "this server lacks the analysers of `{wanted}`; the index is mapped by `{made}`"
        );
    }
}

/// Notes a type of fields that the server does not know.
pub(super) fn report_type(index: &str, lacking: &mut Vec<&'static str>, name: &'static str) {
    tracing::warn!(
        index,
        "this server lacks the field type `{name}`; `double` or `object` is taken in its place"
    );
    lacking.push(name);
}
