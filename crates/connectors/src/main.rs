//! `connectors`: keeps Elasticsearch indices equal to third-party sources.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    connectors::run().await
}
