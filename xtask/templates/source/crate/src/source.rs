//! The items as a source.

use std::sync::Arc;

use async_trait::async_trait;
use connectors_core::{Connector, Context, Document, FieldKind, FieldSpec, Result, Rules, Source};
use futures::future::TryFutureExt;
use futures::stream::{self, BoxStream, Stream, StreamExt, TryStreamExt};

use crate::client::Client;
use crate::config::__Name__Config;
use crate::document::document;

/// The items of a server; its connections are kept between syncs.
pub struct __Name__ {
    client: Arc<Client>,
}

impl Connector for __Name__ {
    const NAME: &'static str = "__name__";
    type Config = __Name__Config;

    fn connect(config: __Name__Config, context: &Context) -> Result<Self> {
        Ok(Self { client: Client::new(&config, context)?.into() })
    }
}

#[async_trait]
impl Source for __Name__ {
    async fn ping(&self) -> Result<()> {
        self.client.me().await.map(drop)
    }

    fn documents<'a>(&'a self, _: &'a Rules) -> BoxStream<'a, Result<Document>> {
        let folders = self.client.folders().map_ok(|names| stream::iter(names).map(Ok)).try_flatten_stream();
        folders.map_ok(|folder| self.of_folder(folder)).try_flatten().boxed()
    }

    async fn declared_fields(&self) -> Result<Vec<FieldSpec>> {
        let fields = [("title", FieldKind::Label), ("tags", FieldKind::Code), ("folder", FieldKind::Label)];
        Ok(fields.map(|(name, kind)| FieldSpec::new(name, kind)).to_vec())
    }
}

impl __Name__ {
    fn of_folder(&self, folder: String) -> impl Stream<Item = Result<Document>> + Send + use<'_> {
        self.client.items(&folder).map(move |item| {
            item.map(|item| document(item, &folder, &self.client)).map_err(|error| error.in_scope(&folder))
        })
    }
}
