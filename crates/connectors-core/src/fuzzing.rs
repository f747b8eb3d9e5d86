//! Bytes of any kind where bytes of others are read: what the fuzzer calls, and what replays its corpus.

use serde_json::{Map, Value};

use crate::config::Config as _;
use crate::elastic::{digest, scan};
use crate::rules::Basic;

crate::config! {
    /// A setting of every kind and rule.
    struct Every {
        /// Where it is.
        #[label = "Address"]
        host: Option<url::Url>,
        /// Of a closed set.
        #[label = "Mode", one_of(&[("full", "Full"), ("lean", "Lean")])]
        mode: String = "lean",
        /// Kept.
        #[label = "Key"]
        key: Option<crate::config::Secret>,
        /// In one mode only.
        #[label = "Name", depends_on("mode", "full"), matches("[a-z]+")]
        name: String,
        /// Yes or no.
        #[label = "Closed"]
        closed: bool = true,
        /// Whole number.
        #[label = "Rate", between(1, 1000)]
        rate: u32 = 10,
        /// Number.
        #[label = "Share"]
        share: Option<f64>,
        /// Whole numbers.
        #[label = "Numbers", integers()]
        numbers: Vec<String>,
    }
}

/// Values of settings, as JSON: typed, or refused with problems that keep the secret.
pub fn settings(bytes: &[u8]) {
    let Ok(values) = serde_json::from_slice::<Map<String, Value>>(bytes) else { return };
    match Every::parse(&values) {
        Ok(every) => {
            assert!((1..=1000).contains(&every.rate) && ["full", "lean"].contains(&&*every.mode));
            assert!(every.share.is_none_or(f64::is_finite));
            assert!(every.key.is_none_or(|key| format!("{key:?}") == "Secret(***)"));
            assert!(every.host.is_none_or(|host| url::Url::parse(host.as_str()) == Ok(host)));
            assert!(every.closed || values.contains_key("closed"), "true is the default");
            assert!(every.name.bytes().all(|letter| letter.is_ascii_lowercase()));
            assert!(every.numbers.iter().all(|number| number.parse::<i64>().is_ok()));
        }
        Err(problems) => assert!(!problems.to_string().is_empty()),
    }
}

/// The answer to a bulk: every item has a reason.
pub fn bulk(bytes: &[u8]) {
    let reasons = crate::elastic::read_answer(bytes).unwrap_or_default();
    assert!(reasons.iter().all(|reason| !reason.is_empty()));
}

/// The answer to a search, as hits of a point in time and as a digest: none holds more than the answer, and
/// a digest equals itself as long as it is exact.
pub fn search(bytes: &[u8]) {
    if let Some((marks, located)) = scan::read_hits(bytes) {
        assert!(marks.len().max(located.len()) <= bytes.len());
    }
    for grid in [0, 50_000].map(digest::Grid::for_count) {
        let Some(read) = digest::read_digest(bytes, grid) else { continue };
        let places: Vec<usize> = (0..grid.places()).collect();
        assert_eq!(read.count(), read.count_in(&places));
        assert_eq!(read.differing(&read).is_empty(), read.is_exact());
    }
}

/// Basic rules, as lines of JSON, then a line with a document: a decision of a rule that is one of them.
pub fn basic(bytes: &[u8]) {
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let Some((body, rules)) = lines.split_last() else { return };
    let rules: Vec<Value> = rules.iter().filter_map(|rule| serde_json::from_slice(rule).ok()).collect();
    let (basic, problems) = Basic::read(&rules);
    assert!(basic.rules().len() <= rules.len() && problems.iter().all(|problem| !problem.message.is_empty()));
    let decided = basic.decide("id", None, body);
    assert!(decided.is_none_or(|rule| basic.rules().iter().any(|one| std::ptr::eq(one, rule))));
    assert_eq!(Basic::parse(&rules).is_ok(), problems.is_empty());
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    #[test]
    fn the_corpus_is_replayed() {
        type Read = fn(&[u8]);
        let targets: [(&str, Read); 4] = [
            ("basic", super::basic),
            ("bulk", super::bulk),
            ("search", super::search),
            ("settings", super::settings),
        ];
        for (target, read) in targets {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
            let files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
            assert!(files.len() > 1, "{target} has no corpus");
            files.iter().for_each(|file| read(&fs::read(file).unwrap()));
        }
    }
}
