//! The source under faults, as `cargo xtask chaos mongo` runs it.

#[path = "../fixture.rs"]
mod fixture;

connectors_testkit::chaos!(source_mongo::SOURCE, fixture::Orders);
