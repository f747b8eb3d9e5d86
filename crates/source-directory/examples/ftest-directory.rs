//! The end-to-end test, as `cargo xtask ftest directory` runs it.

#[path = "../fixture.rs"]
mod fixture;

connectors_testkit::ftest!(source_directory::SOURCE, fixture::Folder);
