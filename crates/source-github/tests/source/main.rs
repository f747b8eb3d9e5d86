//! The promises of a source, its end-to-end test, its performance run and its chaos bench.

mod execute;
mod fixture;
#[allow(dead_code, reason = "the tests of faults use the rest")]
mod server;
mod world;

connectors_testkit::main!(source_github::SOURCE, fixture::Organization);
