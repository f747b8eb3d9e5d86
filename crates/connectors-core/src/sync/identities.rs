//! Who may search, kept equal to the source: each identity a document, with the query that lets through what it may
//! read.

use async_trait::async_trait;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use serde_json::{Value, json};

use crate::document::in_order;
use crate::elastic::Preset;
use crate::elastic::index::check_identity_name;
use crate::{AccessControl, Body, Clock, Document, Identity, Result, Rules, Source, Version};

use super::{Job, Options, Report, TakeOver, accounted, run};

/// Lets through documents that are for everybody, and those that allow one of the terms.
const TEMPLATE: &str = r#"{"bool":{"should":[{"bool":{"must_not":{"exists":{"field":"_allow_access_control"}}}},{"terms":{"_allow_access_control.enum":{{#toJson}}access_control{{/toJson}}}},{"terms":{"_allow_access_control.keyword":{{#toJson}}access_control{{/toJson}}}}]}}"#;

/// Makes the index equal to the identities of the source; one that is gone is deleted, under the guard of all deletes.
///
/// Never fails without accounts.
pub async fn access_control(job: &Job<'_>, source: &dyn AccessControl) -> Report {
    let identities = Identities { source, clock: job.context.clock.clone() };
    let rules = Rules::default();
    let options = Options {
        document_level_security: false,
        skip_unchanged: None,
        mapping: Preset::Dynamic,
        // Identities that another tool kept for the same content are replaced, under the guard.
        take_over: job.options.take_over.max(TakeOver::Unowned),
        ..job.options
    };
    let job = Job { source: &identities, rules: &rules, pipeline: None, options, ..*job };
    accounted(&job, async |report| {
        check_identity_name(job.index)?;
        run(&job, report).await
    })
    .await
}

/// Identities as documents.
struct Identities<'a> {
    source: &'a dyn AccessControl,
    clock: Clock,
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
