//! Bytes as advanced rules.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| source_mongo::fuzzing::rules(bytes));
