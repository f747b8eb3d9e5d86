//! Bytes as basic rules and a document.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| connectors_core::fuzzing::basic(bytes));
