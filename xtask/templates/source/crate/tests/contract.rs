//! The behaviour suite of every source.

#[path = "../fixture.rs"]
mod fixture;

connectors_testkit::contract!(source___ident__::SOURCE, fixture::__Name__Server);
