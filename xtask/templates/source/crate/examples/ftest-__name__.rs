//! The end-to-end test, as `cargo xtask ftest __name__` runs it.

#[path = "../fixture.rs"]
mod fixture;

connectors_testkit::ftest!(source___ident__::SOURCE, fixture::__Name__Server);
