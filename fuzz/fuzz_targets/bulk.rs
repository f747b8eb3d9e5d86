//! Bytes as the answer to a bulk.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| connectors_core::fuzzing::bulk(bytes));
