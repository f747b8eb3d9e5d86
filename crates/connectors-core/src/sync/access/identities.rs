//! Who may search, kept equal to the source: each identity a document, with the query that lets through what it may
//! read.

use async_trait::async_trait;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use serde_json::{Value, json};

use crate::document::in_order;
use crate::{AccessControl, Body, Clock, Document, Identity, Result, Rules, Source, Version};

/// Lets through documents that are for everybody, and those that allow one of the terms.
const TEMPLATE: &str = r#"{"bool":{"should":[{"bool":{"must_not":{"exists":{"field":"_allow_access_control"}}}},{"terms":{"_allow_access_control.enum":{{#toJson}}access_control{{/toJson}}}},{"terms":{"_allow_access_control.keyword":{{#toJson}}access_control{{/toJson}}}}]}}"#;

/// Identities as documents.
pub(crate) struct Identities<'a> {
    pub(crate) source: &'a dyn AccessControl,
    pub(crate) clock: Clock,
}

#[async_trait]
impl Source for Identities<'_> {
    async fn ping(&self) -> Result<()> {
        self.source.ping().await
    }

    fn documents<'a>(&'a self, _: &'a Rules) -> BoxStream<'a, Result<Document>> {
        self.source.identities().map_ok(|identity| document(identity, &self.clock)).boxed()
    }
}

/// An identity as it is indexed. The time of its making is no part of its version.
fn document(Identity { id, fields, access }: Identity, clock: &Clock) -> Document {
    let now = clock.now();
    let access: Vec<Value> = in_order(access).into_iter().map(Value::String).collect();
    let query = json!({ "template": { "params": { "access_control": access }, "source": TEMPLATE } });
    let version = Version::from(json!([fields, query]).to_string());
    let body = json!({ "identity": fields, "created_at": now, "query": query });
    Document::new(id).version(version).body(Body::lazy(move || body))
}
