//! The program under faults, from a few seeds, with a folder and with a server that is killed.
#![allow(clippy::unwrap_used)]

#[path = "../../source-directory/tests/source/fixture.rs"]
mod fixture;

use std::path::{Path, PathBuf};
use std::process::Command;

use connectors_testkit::chaos::{Options, Target, run};
use elastic_embedded::{Options as EmbeddedOptions, Server};

async fn run_into(target: Target) {
    let options = Options {
        program: env!("CARGO_BIN_EXE_connectors").into(),
        target,
        seeds: vec![4, 5, 6],
        within: None,
    };
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

/// The server as a program of its own. Cargo builds it with the whole workspace, and not with this crate alone.
fn embedded() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_connectors")).with_file_name("elastic-embedded");
    if !program.exists() {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let arguments = ["build", "--locked", "--package", "elastic-embedded", "--bins"];
        assert!(Command::new(cargo).args(arguments).status().unwrap().success());
    }
    program
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_may_be_killed_and_its_disk_full() {
    run_into(Target::Embedded(embedded())).await;
}
