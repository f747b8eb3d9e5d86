//! A settings file of any bytes: what the fuzzer calls, and what replays its corpus.

use super::{Settings, environment, parse};
use crate::cli::Global;

/// A file: settings that can be used, or an error that says something.
pub fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let global = Global { config: None, es: None, json: false, log: None };
    let variable = |name: &str| (name == "SET").then(|| "http://127.0.0.1:1".to_owned());
    let read = parse(text, "config.yml")
        .and_then(|given| environment::fill(given, &variable, "config.yml"))
        .and_then(|given| Settings::over(&global, &given, "config.yml"));
    match read {
        Ok(settings) => {
            let host = settings.keys.elasticsearch_host.clone();
            let tuned = host.map(|host| settings.tuned(host));
            assert!(tuned.is_none_or(|tuned| tuned.bulk.chunk_bytes >= 1 << 20));
            assert!((0.0..=1.0).contains(&settings.sync().delete_share));
            let _ = (settings.auth(), settings.limits(), settings.data(), settings.marks());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_corpus_of_settings_files_is_replayed() {
        let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/config");
        let files: Vec<_> = std::fs::read_dir(corpus).unwrap().collect();
        assert!(files.len() > 1, "no corpus");
        files.into_iter().for_each(|file| super::config(&std::fs::read(file.unwrap().path()).unwrap()));
    }
}
