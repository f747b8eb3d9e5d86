//! What reading a source costs by itself: every document is listed, made into bytes if asked, and dropped.

use std::path::Path;

use connectors_core::{Context, Registered, Rules};
use futures::StreamExt;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::Result;
use crate::bodies::with_bodies;

/// What was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Drained {
    /// How many documents.
    pub documents: u64,
    /// Bytes of their bodies; none when only ids and versions were made, as for a document that is unchanged.
    pub bytes: u64,
}

/// Lists the source with the settings in `file`.
///
/// # Errors
/// When the settings are refused, or a document can't be read.
pub async fn run(source: &dyn Registered, file: &Path, bodies: bool) -> Result<Drained> {
    let settings: Map<String, Value> = serde_json::from_slice(&std::fs::read(file)?)?;
    let (connection, rules) = (source.connect(&settings, &Context::default())?, Rules::default());
    let mut drained = Drained::default();
    let mut documents = match bodies {
        true => with_bodies(connection.source(), &rules),
        false => connection.source().documents(&rules),
    };
    while let Some(document) = documents.next().await {
        let parts = document?.into_parts();
        drained.documents += 1;
        if bodies {
            drained.bytes += parts.body.into_bytes()?.len() as u64;
        }
    }
    drop(documents);
    connection.source().close().await?;
    Ok(drained)
}
