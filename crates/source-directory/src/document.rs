//! From a file's entry to its document.

use std::path::{MAIN_SEPARATOR_STR, Path};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, TimeDelta, Utc};
use connectors_core::{Body, Content, Document, DocumentId, Version};
use md5::{Digest as _, Md5};
use serde::Serialize;

use crate::client::{Client, Entry, Stamp};

/// A file as it is indexed.
pub(crate) fn document(entry: Entry, client: &Arc<Client>) -> Document {
    let path = entry.path.clone();
    let size = entry.stamp.size;
    let whole = client.known_by(&path);
    let id = match &whole {
        Some(whole) => DocumentId::from(md5(whole.as_os_str().as_encoded_bytes())),
        None => DocumentId::hashed(path.as_os_str().as_encoded_bytes()),
    };
    let client = Arc::clone(client);
    let content = Content::new(name(&path), size, move || Arc::clone(&client).open(path.clone()));
    Document::new(id)
        .version(version(&entry.stamp))
        .timestamp(entry.stamp.modified.and_then(utc))
        .scope(scope(&entry.path))
        .body(Body::lazy(move || Indexed::of(&entry, whole.as_deref())))
        .content(content)
}

/// The fields of a file.
#[derive(Debug, Serialize)]
pub(crate) struct Indexed {
    path: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    extension: Option<String>,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<DateTime<Utc>>,
}

impl Indexed {
    /// The fields of an entry; `whole` is its path where that is not shown relative to the root.
    pub(crate) fn of(entry: &Entry, whole: Option<&Path>) -> Self {
        Self {
            path: slashed(whole.unwrap_or(&entry.path)),
            name: name(&entry.path),
            extension: entry.path.extension().map(|extension| extension.to_string_lossy().into_owned()),
            size: entry.stamp.size,
            mime_type: mime_guess::from_path(&entry.path).first_raw(),
            created_at: entry.created.and_then(utc),
        }
    }
}

fn md5(bytes: &[u8]) -> String {
    format!("{:032x}", u128::from_be_bytes(Md5::digest(bytes).into()))
}

/// The scope of a file: the folder that it lies in.
pub(crate) fn scope(path: &Path) -> String {
    path.parent().map(slashed).unwrap_or_default()
}

/// A path as text with `/` between its parts, what is not UTF-8 replaced.
pub(crate) fn slashed(path: &Path) -> String {
    let text = path.to_string_lossy();
    if MAIN_SEPARATOR_STR == "/" { text.into_owned() } else { text.replace(MAIN_SEPARATOR_STR, "/") }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn version(stamp: &Stamp) -> Version {
    let modified = stamp.modified.map_or(i128::MIN, nanoseconds);
    let parts = [&stamp.size.to_le_bytes()[..], &modified.to_le_bytes(), &stamp.inode.to_le_bytes()];
    Version::of(&parts.concat())
}

/// Nanoseconds since 1970, negative before.
fn nanoseconds(time: SystemTime) -> i128 {
    let nanos = |span: std::time::Duration| i128::try_from(span.as_nanos()).unwrap_or(i128::MAX);
    time.duration_since(UNIX_EPOCH).map_or_else(|before| -nanos(before.duration()), nanos)
}

/// A file system's time as a date; none for times that no calendar here reaches.
fn utc(time: SystemTime) -> Option<DateTime<Utc>> {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => DateTime::UNIX_EPOCH.checked_add_signed(TimeDelta::from_std(after).ok()?),
        Err(before) => DateTime::UNIX_EPOCH.checked_sub_signed(TimeDelta::from_std(before.duration()).ok()?),
    }
}

#[cfg(test)]
mod tests;
