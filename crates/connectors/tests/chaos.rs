//! The program under faults, from a few seeds, with a folder and with a server that is killed.
#![allow(clippy::unwrap_used)]

#[path = "../../source-directory/fixture.rs"]
mod fixture;

use std::path::Path;

use connectors_testkit::chaos::{Options, Target, run};
use elastic_embedded::{Options as EmbeddedOptions, Server};

async fn run_into(target: Target) {
    let options = Options { program: env!("CARGO_BIN_EXE_connectors").into(), target, seeds: vec![4, 5, 6] };
    let done = run::<fixture::Folder>(&source_directory::SOURCE, &options).await;
    assert!(done.is_ok(), "{}", done.unwrap_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_equal_after_every_fault() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(EmbeddedOptions::new(data.path().to_owned())).await.unwrap();
    run_into(Target::At(server.url())).await;
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_may_be_killed_and_its_disk_full() {
    let embedded = Path::new(env!("CARGO_BIN_EXE_connectors")).with_file_name("elastic-embedded");
    // It is there wherever the whole workspace was built.
    if embedded.exists() {
        run_into(Target::Embedded(embedded)).await;
    }
}
