//! Does nothing: Cargo makes one set of features of build dependencies only where there is a build script.

fn main() {}
