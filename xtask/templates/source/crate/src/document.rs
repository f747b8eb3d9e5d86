//! From an item to its document.

use std::sync::Arc;

use connectors_core::{Content, Document};
use serde::Serialize;

use crate::client::{Client, File, Item};

/// The fields of an item that are indexed.
#[derive(Serialize)]
struct Indexed {
    title: String,
    tags: Vec<String>,
    folder: String,
}

/// An item as it is indexed.
pub(crate) fn document(item: Item, folder: &str, client: &Arc<Client>) -> Document {
    let Item { id, title, tags, revision, updated_at, file } = item;
    let content = file.map(|file| content(&id, file, client));
    let fields = Indexed { title, tags, folder: folder.to_owned() };
    Document::new(id).version(revision).timestamp(updated_at).scope(folder).body(&fields).content(content)
}

fn content(id: &str, file: File, client: &Arc<Client>) -> Content {
    let (id, client) = (id.to_owned(), client.clone());
    Content::new(file.name, file.size, move || {
        let (id, client) = (id.clone(), client.clone());
        async move { client.file(&id).await }
    })
}

#[cfg(test)]
mod tests;
