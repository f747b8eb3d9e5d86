//! What a user types to search, and which files that finds.

use serde_json::Value;

use crate::place::Place;

const SYNC: [&str; 6] = ["sync", "dir", "--set", "directory=docs", "--index", "docs"];

fn place() -> Place {
    let place = Place::new();
    for (name, body) in [
        ("alerts.md", "The disk is full on the server."),
        ("quota.md", "A disk full of backups; configuration is elsewhere."),
        ("other.md", "Full moon. No disc here, and well-known words."),
        ("Quarterly_Report-2024.final.md", "Figures."),
    ] {
        place.write(&format!("docs/{name}"), body.as_bytes());
    }
    let run = place.run(&SYNC);
    assert_eq!(run.code, 0, "{}", run.err);
    place
}

/// The names of the hits, best first.
fn found(place: &Place, query: &str) -> Vec<String> {
    let run = place.run(&["--json", "search", "docs", "--", query]);
    let hits: Value = serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{query}: {}", run.err));
    hits.as_array().unwrap().iter().map(|hit| hit["source"]["name"].as_str().unwrap().to_owned()).collect()
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

#[test]
fn quotes_minuses_and_stars_find_what_they_mean() {
    let place = place();
    for (query, expected) in [
        ("full", vec!["alerts.md", "other.md", "quota.md"]),
        ("\"disk full\"", vec!["quota.md"]),
        ("\"disk full\" server", vec!["quota.md"]),
        ("\"disk full", vec!["alerts.md", "other.md", "quota.md"]),
        ("full -disk", vec!["other.md"]),
        ("full -\"disk full\"", vec!["alerts.md", "other.md"]),
        ("full -conf*", vec!["alerts.md", "other.md"]),
        ("conf*", vec!["quota.md"]),
        ("CONF*", vec!["quota.md"]),
        ("well-known", vec!["other.md"]),
        ("is the", vec!["alerts.md", "quota.md"]),
        ("-full", vec!["Quarterly_Report-2024.final.md"]),
        ("-", vec![]),
        ("*", vec![]),
        ("", vec![]),
    ] {
        assert_eq!(sorted(found(&place, query)), expected, "{query}");
    }
}

#[test]
fn a_phrase_and_a_beginning_are_marked_in_fragments() {
    let place = place();
    let run = place.run(&["search", "docs", "\"disk full\""]);
    assert!(run.out.contains("*disk full*"), "{}", run.out);
    let run = place.run(&["search", "docs", "conf*"]);
    assert!(run.out.contains("*configuration*"), "{}", run.out);
}

#[test]
fn a_file_is_found_by_the_parts_of_its_name() {
    let place = place();
    for query in ["quarterly", "Report", "final", "2024"] {
        assert_eq!(found(&place, query), ["Quarterly_Report-2024.final.md"], "{query}");
    }
    assert!(found(&place, "eport").is_empty(), "a part is found from its beginning on");
}

#[test]
fn a_typo_is_forgiven_and_what_is_spelled_as_asked_comes_first() {
    let place = place();
    for (query, expected) in [
        ("confguration", vec!["quota.md"]),
        ("bakcups", vec!["quota.md"]),
        ("mooon", vec!["other.md"]),
        ("dsk", vec![]),
        ("\"confguration\"", vec![]),
        ("md5x", vec![]),
    ] {
        assert_eq!(found(&place, query), expected, "{query}");
    }
    assert_eq!(found(&place, "disc")[0], "other.md");
    assert_eq!(sorted(found(&place, "disc")), ["alerts.md", "other.md", "quota.md"]);
    let run = place.run(&["search", "docs", "confguration"]);
    assert!(run.out.contains("*configuration*"), "{}", run.out);
    // Enough hits are spelled as asked: nothing else is marked.
    place.write("docs/both.md", b"A disc. A disk.");
    assert_eq!(place.run(&SYNC).code, 0);
    let marked = |hits: &str| place.run(&["search", "docs", "disc", "--hits", hits]).out.contains("*disk*");
    assert_eq!([marked("2"), marked("9")], [false, true]);
}

#[test]
fn no_input_is_an_error_and_a_long_one_is_cut_and_said() {
    let place = place();
    for query in [
        "",
        "\\",
        "a\\*",
        "(((",
        "/x",
        "~1",
        "^",
        "[a TO",
        "AND OR NOT*",
        "name:x*",
        "<a>*",
        "'*",
        "@*",
        "-\"",
        "a.-_'@*",
    ] {
        let run = place.run(&["search", "docs", "--", query]);
        assert_eq!(run.code, 0, "{query}: {}", run.err);
    }
    let run = place.run(&["search", "docs", &"full ".repeat(5000)]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("the query is too long"), "{}", run.err);
}
