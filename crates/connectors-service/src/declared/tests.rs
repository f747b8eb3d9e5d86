//! What declarations promise.

mod planning;
mod reading;

use chrono::{DateTime, Utc};
use connectors_core::config::{Config as _, Field, Secret};
use connectors_core::{Error, Result};
use serde_json::{Value, json};

use super::read::parse;
use super::*;
use crate::ownership::Conflict;

connectors_core::config! {
    /// The settings of the type `wiki`.
    struct Wiki {
        /// Where it is.
        #[label = "Address"]
        url: String,
        /// Opens it.
        #[label = "Token"]
        token: Option<Secret>,
        /// How many at once.
        #[label = "Rate"]
        rate: u32 = 5,
        /// Which of them.
        #[label = "Spaces"]
        spaces: Option<Vec<String>>,
        /// Encrypted.
        #[label = "TLS"]
        tls: bool = false,
        /// Trusted.
        #[label = "CA", depends_on("tls", true)]
        ca: String,
    }
}

fn fields(service_type: &str) -> Result<Vec<Field>> {
    match service_type {
        "wiki" => Ok(Wiki::fields()),
        _ => Err(Error::config("there is no connector of this type").with("type", service_type)),
    }
}

fn file(text: &str) -> File {
    File { name: "fleet.yml".into(), text: text.into() }
}

fn declared(text: &str) -> Vec<Declared> {
    parse(&[file(text)], &fields).unwrap()
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

/// A connector with everything.
const WHOLE: &str = "
connectors:
  - id: pages
    type: wiki
    name: Pages
    index: search-pages
    language: en
    pipeline: mine
    settings: {url: 'https://me:pw@wiki', token: t0p, rate: 7, spaces: [a, b]}
    schedule: {full: 0 0 2 * * ?, incremental: 0 0/5 * * * ?, access_control: off}
    rules:
      basic:
        - {policy: exclude, field: title, rule: starts_with, value: Draft}
      advanced: {space: {not: archive}}
";
const SMALL: &str = "{id: small, type: wiki, index: search-small, settings: {url: 'https://wiki'}}";

/// The document of a connector as the server has it after the declaration was carried out.
fn existing(declared: &Declared) -> Existing {
    let mut configuration = Wiki::schema();
    for (name, value) in &declared.settings {
        configuration[name]["value"] = value.clone();
    }
    let document = json!({
        "service_type": declared.service_type, "name": declared.name, "index_name": declared.index,
        "language": declared.language, "pipeline": {"name": declared.pipeline, "run_ml_inference": true},
        "configuration": configuration, "scheduling": declared.scheduling(),
        "filtering": declared.filtering(&Value::Null, now()),
    });
    Existing { id: declared.id.clone(), document }
}
