//! Bytes as requests to the embedded server.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| elastic_embedded::fuzzing::requests(bytes));
