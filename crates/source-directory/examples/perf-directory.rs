//! The performance program, as `cargo xtask perf directory` runs it.

#[path = "../fixture.rs"]
mod fixture;

use fixture::Folder;

connectors_testkit::perf!(source_directory::SOURCE, Folder, "large" => Folder<440>);
