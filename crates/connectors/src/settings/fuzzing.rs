//! A settings file of any bytes: what the fuzzer calls, and what replays its corpus.

use super::{Settings, environment, parse};
use crate::cli::Global;

/// A file: settings that can be used, or an error that says something.
pub fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let global = Global { config: None, es: None, json: false, utc: false, log: None };
    let variable = |name: &str| (name == "SET").then(|| "http://127.0.0.1:1".to_owned());
    let read = parse(text, "config.yml")
        .and_then(|given| environment::fill(given, &variable, "config.yml"))
        .and_then(|given| Settings::over(&global, &given, "config.yml"));
    match read {
        Ok(settings) => {
            used(&settings);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Everything that is made of settings which were read without a complaint.
fn used(settings: &Settings) {
    let host = settings.keys.elasticsearch_host.clone();
    let tuned = host.or_else(|| "http://127.0.0.1:1".parse().ok()).map(|host| settings.tuned(host));
    assert!(tuned.as_ref().is_none_or(|tuned| tuned.bulk.chunk_bytes >= 1 << 20));
    let limits = settings.limits();
    for retry in tuned.map(|tuned| tuned.retry).into_iter().chain([limits.retry]) {
        assert!(retry.delays().take(8).all(|delay| delay <= retry.longest.max(retry.initial) * 2));
    }
    assert!((0.0..=1.0).contains(&settings.sync().delete_share));
    let _ = (settings.auth(), settings.data(), settings.marks(), settings.service(), settings.listen());
}

#[cfg(test)]
mod tests {
    use connectors_core::config::Config as _;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::Keys;

    #[test]
    fn no_number_of_any_setting_ends_the_program() {
        let odd = [
            json!(-0.5),
            json!(-1),
            json!(0),
            json!(0.5),
            json!(1e300),
            json!(-1e300),
            json!(u64::MAX),
            json!(i64::MIN),
            json!("NaN"),
            json!("inf"),
            json!("-inf"),
            json!("1e999"),
            json!(""),
            json!("x"),
            json!([1]),
            json!({ "a": 1 }),
        ];
        for field in Keys::fields() {
            for value in &odd {
                super::config(json!({ field.label.as_str(): value }).to_string().as_bytes());
            }
        }
    }

    proptest! {
        #[test]
        fn no_setting_that_is_taken_ends_the_program(place in any::<proptest::sample::Index>(), number in any::<f64>(), text in any::<String>()) {
            let fields = Keys::fields();
            let label = fields[place.index(fields.len())].label.as_str();
            for value in [json!(number), Value::from(number as i64), Value::from(text)] {
                super::config(json!({ label: value }).to_string().as_bytes());
            }
        }
    }

    #[test]
    fn the_corpus_of_settings_files_is_replayed() {
        let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/config");
        let files: Vec<_> = std::fs::read_dir(corpus).unwrap().collect();
        assert!(files.len() > 1, "no corpus");
        files.into_iter().for_each(|file| super::config(&std::fs::read(file.unwrap().path()).unwrap()));
    }
}
