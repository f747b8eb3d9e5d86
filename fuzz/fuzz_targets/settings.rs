//! Bytes as values of settings.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| connectors_core::fuzzing::settings(bytes));
