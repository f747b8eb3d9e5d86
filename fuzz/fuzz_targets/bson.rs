//! Bytes as a document of MongoDB.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| source_mongo::fuzzing::bson(bytes));
