//! How fast a collection is listed: `drain HOST DATABASE COLLECTION [bodies]`.
//!
//! Without `bodies` only ids and versions are made, which is what a sync does when nothing changed.

use std::time::Instant;

use connectors_core::{Context, Registered as _, Rules};
use futures::StreamExt as _;
use serde_json::json;

#[tokio::main(flavor = "multi_thread")]
#[allow(clippy::print_stdout, reason = "it is what the example is for")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [host, database, collection, rest @ ..] = arguments.as_slice() else {
        return Err("usage: drain HOST DATABASE COLLECTION [bodies]".into());
    };
    let values =
        json!({"host": host, "database": database, "collection": collection, "direct_connection": true});
    let values = values.as_object().ok_or("no settings")?;
    let (connection, rules) = (source_mongo::SOURCE.connect(values, &Context::default())?, Rules::default());
    let started = Instant::now();
    let (mut count, mut bytes) = (0_u32, 0);
    let mut documents = connection.source().documents(&rules);
    while let Some(document) = documents.next().await {
        let parts = document?.into_parts();
        count += 1;
        if !rest.is_empty() {
            bytes += parts.body.into_bytes()?.len();
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    let each = seconds * 1e6 / f64::from(count.max(1));
    println!("{count} documents, {bytes} bytes of JSON, {seconds:.2} s, {each:.2} µs each");
    Ok(())
}
