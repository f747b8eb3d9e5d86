//! `connectors`: keeps Elasticsearch indices equal to third-party sources.

mod cli;
mod commands;
mod declared;
mod logging;
mod protocol;
mod registry;
mod schedule;
mod secrets;
mod server;
mod service;
mod settings;
mod show;

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match commands::run(cli).await {
        Ok(end) => end.into(),
        Err(error) => {
            show::error(&error);
            commands::End::of(&error).into()
        }
    }
}
