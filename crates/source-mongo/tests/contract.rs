//! The behaviour suite of every source, on a real server.

#[path = "../fixture.rs"]
mod fixture;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: connectors_testkit::CountingAllocator = connectors_testkit::CountingAllocator::new();

fn main() -> ExitCode {
    if fixture::server::is_left_out() {
        eprintln!("skipped: CONNECTORS_NO_MONGOD=1 says to do without a mongod");
        return ExitCode::SUCCESS;
    }
    connectors_testkit::suite!(source_mongo::SOURCE, fixture::Orders).main()
}
