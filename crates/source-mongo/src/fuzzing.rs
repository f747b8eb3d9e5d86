//! Bytes of any kind where bytes of others are read: what the fuzzer calls, and what replays its corpus.

use connectors_core::Rules;
use serde::de::IgnoredAny;

use crate::bson::{Elements, Forms, LegacyUuid, Plain, id_text, to_json};
use crate::rules;

/// A document of a server: refused, or JSON whatever its types, and each of its values an id.
pub fn bson(bytes: &[u8]) {
    for forms in (0..24).map(Forms::of_tag) {
        if let Ok(json) = to_json(bytes, forms) {
            let read = serde_json::from_slice::<IgnoredAny>(&json);
            // The reader stops at 128 levels; arrays may be nested deeper.
            let deep = |error: &serde_json::Error| error.to_string().contains("recursion limit");
            assert!(read.as_ref().err().is_none_or(deep), "{read:?}");
        }
    }
    let Ok(elements) = Elements::of(bytes) else { return };
    for (_, value) in elements.map_while(Result::ok) {
        let [scalars, texts] =
            [Plain::Scalars, Plain::Texts].map(|plain| id_text(value, (LegacyUuid::InOrder, plain)));
        assert_eq!(scalars.is_ok(), texts.is_ok());
    }
}

/// Advanced rules, as JSON: a query, or problems that each name a place.
pub fn rules(bytes: &[u8]) {
    let Ok(advanced) = serde_json::from_slice(bytes) else { return };
    let rules = Rules::advanced(advanced);
    match rules::parse(&rules) {
        Ok(_) => assert!(rules::Query::of(&rules).is_ok()),
        Err(problems) => {
            assert!(!problems.is_empty() && problems.iter().all(|problem| !problem.message.is_empty()));
        }
    }
}

#[cfg(test)]
mod tests {
    fn corpus(target: &str) -> Vec<Vec<u8>> {
        let folder = format!("{}/../../fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
        let inputs: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| std::fs::read(file.unwrap().path()).unwrap())
            .collect();
        assert!(inputs.len() > 1, "{target} has no corpus");
        inputs
    }

    #[test]
    fn the_corpus_of_documents_is_replayed() {
        corpus("bson").iter().for_each(|input| super::bson(input));
    }

    #[test]
    fn the_corpus_of_rules_is_replayed() {
        corpus("rules").iter().for_each(|input| super::rules(input));
    }
}
