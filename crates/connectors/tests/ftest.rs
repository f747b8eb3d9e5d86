//! The end-to-end test of a folder, through the program and the embedded server.
#![allow(clippy::unwrap_used)]

#[path = "../../source-directory/tests/source/fixture.rs"]
mod fixture;

use connectors_testkit::ftest::{Options, run};
use elastic_embedded::{Options as EmbeddedOptions, Server};

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_equal_after_every_step() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(EmbeddedOptions::new(data.path().to_owned())).await.unwrap();
    let options = Options {
        program: env!("CARGO_BIN_EXE_connectors").into(),
        es: server.url(),
        documents: 600,
        keep: false,
    };
    let done = run::<fixture::Folder>(&source_directory::SOURCE, &options).await;
    assert!(done.is_ok(), "{}", done.unwrap_err());
    server.stop().await.unwrap();
}
