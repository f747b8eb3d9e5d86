//! Bytes as the answer to a search.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| connectors_core::fuzzing::search(bytes));
