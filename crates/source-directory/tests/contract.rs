//! The behaviour suite of every source.

#[path = "../fixture.rs"]
mod fixture;

connectors_testkit::contract!(source_directory::SOURCE, fixture::Folder);
