//! The memory source under the suite that it is there to prove.

connectors_testkit::main!(connectors_testkit::memory::SOURCE, connectors_testkit::memory::MemoryFixture);
