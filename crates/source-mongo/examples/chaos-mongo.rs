//! The source under faults, as `cargo xtask chaos mongo` runs it.

#[path = "../fixture.rs"]
mod fixture;

/// Seeds that found something: searches too large for the server; waits that were multiplied.
const KNOWN: &[u64] = &[148_709_908, 173_983_388, 983_177_018, 666_831_454, 866_697_304, 907_172_201];

connectors_testkit::chaos!(source_mongo::SOURCE, fixture::Orders, KNOWN);
