//! The promises of a source, its end-to-end test, its performance run and its chaos bench.

mod fixture;

use fixture::Folder;

/// Seeds that found something: searches too large for the server.
const SEEDS: &[u64] = &[148_709_908, 173_983_388, 983_177_018];

connectors_testkit::main!(source_directory::SOURCE, Folder, |program| program
    .shape::<Folder<440>>("large")
    .seeds(SEEDS));
