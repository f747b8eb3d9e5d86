//! The source under faults, as `cargo xtask chaos directory` runs it.

#[path = "../fixture.rs"]
mod fixture;

connectors_testkit::chaos!(source_directory::SOURCE, fixture::Folder);
