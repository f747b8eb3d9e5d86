//! The least that reading a collection costs: raw batches in natural order, counted and dropped.
//!
//! `raw-mongo --settings FILE`, with the settings of the connector.

use bson::doc;
use futures::StreamExt as _;
use mongodb::Client;
use serde_json::{Value, json};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What one reply holds: more gains nothing, the server's own limit of 16 MB costs memory.
const BATCH: u32 = 5000;

#[tokio::main]
#[allow(clippy::print_stdout, reason = "a command's output")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(2).ok_or("usage: raw-mongo --settings FILE")?;
    let settings: Value = serde_json::from_slice(&std::fs::read(file)?)?;
    let text = |name: &str| settings[name].as_str().unwrap_or_default();
    let encode =
        |text: &str| text.replace('%', "%25").replace('/', "%2F").replace(':', "%3A").replace('@', "%40");
    let login = match text("user") {
        "" => String::new(),
        user => format!("{}:{}@", encode(user), encode(text("password"))),
    };
    let client =
        Client::with_uri_str(format!("mongodb://{login}{}/?directConnection=true", text("host"))).await?;
    let collection = client.database(text("database")).collection::<bson::Document>(text("collection"));
    let mut batches = collection.find(doc! {}).batch_size(BATCH).batch().await?;
    let (mut documents, mut bytes) = (0_u64, 0);
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        documents += batch.doc_slices()?.into_iter().count() as u64;
        bytes += batch.as_raw_document().as_bytes().len();
    }
    println!("{}", json!({ "documents": documents, "bytes": bytes }));
    Ok(())
}
