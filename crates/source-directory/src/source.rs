//! The folder as a source.

use std::sync::Arc;

use async_trait::async_trait;
use connectors_core::{Connector, Context, Document, FieldKind, Fields, Result, Rules, Source};
use futures::TryStreamExt;
use futures::stream::{BoxStream, StreamExt};

use crate::client::Client;
use crate::config::DirectoryConfig;
use crate::document::document;

/// The files of a folder.
pub struct Directory {
    client: Arc<Client>,
}

impl Connector for Directory {
    const NAME: &'static str = "dir";
    type Config = DirectoryConfig;

    fn connect(config: DirectoryConfig, context: &Context) -> Result<Self> {
        Ok(Self { client: Arc::new(Client::new(config, context)) })
    }
}

#[async_trait]
impl Source for Directory {
    async fn ping(&self) -> Result<()> {
        self.client.reach().await
    }

    fn origin(&self) -> String {
        self.client.origin()
    }

    fn documents<'a>(&'a self, _: &'a Rules) -> BoxStream<'a, Result<Document>> {
        self.client.entries().map_ok(|entry| document(entry, &self.client)).boxed()
    }

    fn fields(&self) -> Fields<'_> {
        &[
            ("path", FieldKind::Label),
            ("name", FieldKind::Label),
            ("extension", FieldKind::Code),
            ("mime_type", FieldKind::Label),
        ]
    }
}

#[cfg(test)]
mod tests;
