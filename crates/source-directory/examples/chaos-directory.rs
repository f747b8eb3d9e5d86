//! The source under faults, as `cargo xtask chaos directory` runs it.

#[path = "../fixture.rs"]
mod fixture;

/// Seeds that found something: searches too large for the server.
const KNOWN: &[u64] = &[148_709_908, 173_983_388, 983_177_018];

connectors_testkit::chaos!(source_directory::SOURCE, fixture::Folder, KNOWN);
