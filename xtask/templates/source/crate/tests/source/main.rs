//! The promises of a source, its end-to-end test, its performance run and its chaos bench.

mod fixture;
mod server;

connectors_testkit::main!(source___ident__::SOURCE, fixture::__Name__Server);
