//! Documents of every type, into the embedded server; `cargo xtask ftest mongo` takes the same way into a real one.

#[path = "../../../source-mongo/tests/source/types.rs"]
mod shared;

use connectors_testkit::Result;
use elastic_embedded::{Options, Server};

use crate::is_left_out;

async fn into_embedded(check: impl AsyncFnOnce(String) -> Result<String>) {
    if is_left_out() {
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(Options::new(data.path())).await.unwrap();
    check(server.url()).await.unwrap();
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn random_documents_of_every_type_are_taken_with_every_field_and_sent_once() {
    into_embedded(shared::every_type_is_taken).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_with_conflicting_types_fail_alone_and_are_reported() {
    into_embedded(shared::conflicts_are_accounted_for).await;
}
