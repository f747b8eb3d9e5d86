//! The folder as a source.

use std::sync::Arc;

use async_trait::async_trait;
use connectors_core::{Connector, Context, Document, FieldKind, FieldSpec, Result, Rules, Source};
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

    async fn declared_fields(&self) -> Result<Vec<FieldSpec>> {
        let fields = [
            ("path", FieldKind::Label),
            ("name", FieldKind::Label),
            ("extension", FieldKind::Code),
            ("size", FieldKind::Integer),
            ("mime_type", FieldKind::Label),
            ("created_at", FieldKind::Date),
        ];
        Ok(fields.map(|(name, kind)| FieldSpec::new(name, kind)).to_vec())
    }
}

#[cfg(test)]
mod tests;
