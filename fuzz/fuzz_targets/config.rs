//! Bytes as a settings file of the program.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| connectors::fuzzing::config(bytes));
