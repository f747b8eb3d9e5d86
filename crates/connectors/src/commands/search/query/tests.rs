use proptest::prelude::*;

use super::*;

/// What an input is read as: words, beginnings with `*`, phrases in quotes, and `-` before what is excluded.
fn shown(text: &str) -> String {
    let query = Query::read(text);
    let excluded = query.excluded.iter().map(|excluded| match excluded {
        Excluded::Phrase(text) => format!("-[{text}]"),
        Excluded::Prefix(start) => format!("-{start}*"),
    });
    let phrases = query.phrases.iter().map(|text| format!("[{text}]"));
    let prefixes = query.prefixes.iter().map(|start| format!("{start}*"));
    query.words.iter().cloned().chain(prefixes).chain(phrases).chain(excluded).collect::<Vec<_>>().join("|")
}

#[test]
fn an_input_is_read_by_its_quotes_minuses_and_stars() {
    for (text, expected) in [
        ("disk full", "disk|full"),
        ("\"disk full\" server", "server|[disk full]"),
        ("\u{201c}disk full\u{201d}", "[disk full]"),
        ("disk -full", "disk|-[full]"),
        ("disk -\"is full\"", "disk|-[is full]"),
        ("conf* -conf*", "conf*|-conf*"),
        ("\"disk full", "disk|full"),
        ("disk full\"", "disk|full"),
        ("-\"disk full", "full|-[disk]"),
        ("\"\" disk", "disk"),
        ("\"!!\" disk", "disk"),
        ("well-known a-b-*", "well-known|a-b-*"),
        ("- a", "-|a"),
        ("--force", "--force"),
        ("*", "*"),
        ("-*", ""),
        ("***", "***"),
        ("a(b*", "a(b*"),
        ("a*b", "a*b"),
        ("the who", "the|who"),
        ("", ""),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn words_alone_are_asked_for_as_one_text_in_all_fields() {
    let query = Query::read("how  do I").to_json(Spelling::Alike);
    let asked = json!({ "query": "how do I", "fields": FIELDS, "lenient": true });
    assert_eq!(query["bool"]["should"], json!([{ "multi_match": asked }]));
    for text in ["", " ", "\"", "\"\"", "-*", "\"!\""] {
        assert_eq!(Query::read(text).to_json(Spelling::Alike), json!({ "match_none": {} }), "{text}");
    }
}

#[test]
fn what_is_left_out_of_a_long_input_is_known() {
    assert!(!Query::read(&"a ".repeat(MOST_PIECES)).is_cut);
    assert!(Query::read(&"a ".repeat(MOST_PIECES + 1)).is_cut);
    assert!(!Query::read(&"ä".repeat(MOST_CHARACTERS)).is_cut);
    let long = Query::read(&format!("word {}", "ä".repeat(MOST_CHARACTERS)));
    assert_eq!((long.words, long.is_cut), (vec!["word".to_owned()], true));
}

#[test]
fn typos_are_forgiven_in_long_words_of_letters_alone() {
    for (text, expected) in [
        ("disk", true),
        ("dsk", false),
        ("md5sum", false),
        ("well-known", false),
        ("\"disk full\" -server conf*", false),
    ] {
        let query = Query::read(text);
        assert_eq!(query.may_have_typos(), expected, "{text}");
        let is_fuzzy = |spelling| query.to_json(spelling).to_string().contains("fuzziness");
        assert_eq!(is_fuzzy(Spelling::Alike), expected, "{text}");
        assert!(!is_fuzzy(Spelling::Exact), "{text}");
    }
}

/// The clauses of a query, at any depth.
fn clauses(value: &Value) -> usize {
    let listed = |key| value["bool"][key].as_array().map_or(0, Vec::len);
    ["must", "should", "must_not"].map(listed).iter().sum()
}

proptest! {
    #[test]
    fn any_input_gives_a_bounded_query(text in "[ \"\u{201c}*a-z_.\\\\()~^:/-]{0,900}|.{0,900}") {
        let query = Query::read(&text);
        let pieces = query.words.len() + query.prefixes.len() + query.phrases.len() + query.excluded.len();
        prop_assert!(pieces <= MOST_PIECES);
        let json = query.to_json(Spelling::Alike);
        prop_assert!(clauses(&json) <= MOST_PIECES + 3);
        prop_assert!(json.to_string().len() < 40_000);
    }

    #[test]
    fn words_without_syntax_stay_as_they_are(words in proptest::collection::vec("[a-z0-9][a-z0-9_.'-]{0,6}", 1..40)) {
        let query = Query::read(&words.join(" "));
        prop_assert_eq!(query, Query { words, ..Query::default() });
    }
}
