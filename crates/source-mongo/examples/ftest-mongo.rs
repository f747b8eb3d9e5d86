//! The end-to-end test, as `cargo xtask ftest mongo` runs it.

#[path = "../fixture.rs"]
mod fixture;

connectors_testkit::ftest!(source_mongo::SOURCE, fixture::Orders);
