//! The index against what must be in it, by id and content.

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;

use super::index::Index;
use crate::{Expected, Fixture, Result};

/// Documents compared at a time, at the most.
const CHUNK: usize = 500;

/// Bytes of documents compared at a time.
const CHUNK_BYTES: usize = 8 << 20;

/// Requests at the same time.
const AHEAD: usize = 2;

/// Compares every document, and that there are no others.
///
/// # Errors
/// The first difference, as lines of what was expected (`-`) and what was found (`+`).
pub(crate) async fn compare<F: Fixture>(fixture: &F, index: &Index) -> Result<u64> {
    let mut expected = fixture.expected().peekable();
    let (found, size) = (index.count().await?, expected.peek().map_or(1, |(_, first)| size(first)));
    let count = (CHUNK_BYTES / size.max(1)).clamp(1, CHUNK);
    let chunks = stream::unfold(expected, |mut expected| async move {
        let chunk: Vec<(String, Expected)> = expected.by_ref().take(count).collect();
        (!chunk.is_empty()).then_some((chunk, expected))
    });
    let compared = chunks.map(|chunk| equal(chunk, index)).buffered(AHEAD);
    let compared = compared.try_fold(0, |sum, count| async move { Ok(sum + count) }).await?;
    if found != compared {
        return Err(format!("the index holds {found} documents, and must hold {compared}").into());
    }
    Ok(compared)
}

fn size(document: &Expected) -> usize {
    document.body.to_string().len() + document.content.as_ref().map_or(0, Vec::len)
}

/// Compares some documents; how many they are.
async fn equal(chunk: Vec<(String, Expected)>, index: &Index) -> Result<u64> {
    let ids: Vec<&str> = chunk.iter().map(|(id, _)| id.as_str()).collect();
    for ((id, wanted), found) in chunk.iter().zip(index.documents(&ids).await?) {
        let Some(found) = found else {
            return Err(format!("the document {id} is not in the index").into());
        };
        if let Some(difference) = difference(wanted, &found) {
            return Err(format!("the document {id} is not as it must be:\n{difference}").into());
        }
    }
    Ok(chunk.len() as u64)
}

/// What differs, a line for each side; none when all that was expected is there.
pub(crate) fn difference(wanted: &Expected, found: &Value) -> Option<String> {
    let mut fields: Vec<(String, Value)> = wanted
        .body
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let text = wanted.content.as_ref().and_then(|content| String::from_utf8(content.clone()).ok());
    fields.extend(text.map(|text| ("body".to_owned(), text.into())));
    let lines: Vec<String> = fields
        .iter()
        .filter(|(name, value)| found[name] != *value)
        .map(|(name, value)| format!("- {name}: {value}\n+ {name}: {}", found[name]))
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}
