//! What is printed, word by word.

use super::*;
use proptest::prelude::*;

fn sample(change: Value) -> Vec<String> {
    let mut json = json!({
        "status": "completed", "index": "docs", "listed": 3, "created": 1, "updated": 1, "unchanged": 1,
    });
    let fields = json.as_object_mut().unwrap();
    fields.extend(change.as_object().unwrap().clone());
    accounts(&report_from(&json))
}

fn report_from(json: &Value) -> Report {
    let number = |name: &str| json[name].as_u64().unwrap_or(0);
    let mut report = Report::new("docs");
    (report.listed, report.created, report.updated) =
        (number("listed"), number("created"), number("updated"));
    (report.unchanged, report.failed, report.withheld) =
        (number("unchanged"), number("failed"), number("withheld"));
    (report.kept, report.repeated) = (number("kept"), number("repeated"));
    (report.bytes_sent, report.listing_errors) = (number("bytes_sent"), number("listing_errors"));
    report.status = match json["status"].as_str().unwrap() {
        "partial" => Status::Partial,
        "withheld" => Status::Withheld,
        "stopped" => Status::Stopped,
        "skipped" => Status::Skipped,
        "failed" => Status::Failed,
        "refused" => Status::Refused,
        _ => Status::Completed,
    };
    report.error = json["error"].as_str().map(str::to_owned);
    report.unverified = json["unverified"].as_str().map(str::to_owned);
    (report.repaired, report.verified) = (number("repaired"), json["verified"] == true);
    report.differing.count = number("differing");
    report
}

#[test]
fn a_report_is_a_few_lines() {
    let expected = [
        "docs: listed 3 = created 1 + updated 1 + unchanged 1 + filtered 0 + failed 0; deleted 0",
        "0 requests, 2.5 kB sent, 0 B received, 0.00 s",
        "verified: the index holds what is told here",
        "completed",
    ];
    assert_eq!(sample(json!({"bytes_sent": 2500, "verified": true})), expected);
}

#[test]
fn each_ending_says_what_to_do() {
    for (change, expected) in [
        (
            json!({"status": "partial", "failed": 2}),
            "done in part: 2 failed, `connectors failures` lists them",
        ),
        (json!({"status": "partial"}), "done in part: the listing was not complete"),
        (json!({"status": "partial", "differing": 1}), "done in part: the index holds something else"),
        (json!({"status": "withheld", "withheld": 11}), "11 deletes are withheld"),
        (json!({"status": "stopped"}), "stopped: nothing was deleted"),
        (json!({"status": "skipped"}), "skipped: the source is certain"),
    ] {
        let lines = sample(change);
        assert!(lines.last().unwrap().starts_with(expected), "{lines:?}");
    }
}

#[test]
fn why_a_sync_failed_comes_first_and_nothing_is_accounted_for_where_nothing_was_listed() {
    for (status, words) in [("failed", "failed: boom"), ("refused", "refused, nothing was written: boom")] {
        let lines = sample(json!({"status": status, "error": "boom"}));
        assert!(lines[0] == words && lines[1].starts_with("docs: listed 3 ="), "{lines:?}");
        let none = json!({"created": 0, "updated": 0, "unchanged": 0, "listed": 0});
        let mut none = none.as_object().unwrap().clone();
        none.extend([("status".into(), status.into()), ("error".into(), "boom".into())]);
        assert_eq!(sample(none.into()), [words]);
    }
    assert_eq!(sample(json!({"listed": 0})), ["docs: the source has no documents", "completed"]);
    assert_eq!(sample(json!({"listed": 0, "status": "skipped"})).len(), 1);
}

#[test]
fn what_is_odd_has_its_line() {
    let lines = sample(json!({
        "kept": 4, "repeated": 5, "listing_errors": 6, "repaired": 7, "differing": 8, "unverified": "gone",
    }));
    let odd = ["listing failed: 4", "more than once: 5", "not listed: 6 more"];
    for expected in odd.into_iter().chain(["and repaired: 7", "differ still 8: ", "not verified: gone"]) {
        assert!(lines.iter().any(|line| line.contains(expected)), "{lines:?}");
    }
}

#[test]
fn files_without_text_are_reported_by_their_kind() {
    let mut report = Report::new("docs");
    report.contents.extracted = 3;
    report.contents.skipped = (0..8).map(|kind| (format!("kind/{kind}"), kind + 1)).collect();
    let lines = contents(&report);
    assert_eq!(lines[0], "files: 3 read, 0 failed");
    report.contents.cut = 2;
    assert_eq!(contents(&report)[0], "files: 3 read, 0 failed, 2 cut");
    assert!(
        lines[1].starts_with("files without text: kind/7 8, kind/6 7") && lines[1].ends_with(", …"),
        "{lines:?}"
    );
}

#[test]
fn sizes_are_readable() {
    assert_eq!([size(999), size(1_500), size(44_000_000)], ["999 B", "1.5 kB", "44.0 MB"]);
}

#[test]
fn a_hit_is_named_and_its_fragments_marked() {
    let hit = json!({
        "_id": "7", "_source": {"title": "T"}, "highlight": {"body": ["a \u{fdd0}b\u{fdd1}\n  c"]},
    });
    assert_eq!(title(&hit), "T");
    assert_eq!(title(&json!({"_id": "7"})), "7");
    assert_eq!(marked(&fragments(&hit)[0], ("<", ">")), "a <b> c");
    assert_eq!(value(&json!(null)), "none");
    assert_eq!(value(&json!(["a"])), "[\"a\"]");
}

/// Titles, names and errors as somebody may write them who wants a terminal to obey.
fn hostile() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("\x1b]0;x\x07".to_owned()),
        Just("\x1b[2J".to_owned()),
        Just("\u{9b}31m".to_owned()),
        Just("\r\nerror: fake".to_owned()),
        Just("\u{202e}txt.exe".to_owned()),
        Just("\u{1}\u{2}\u{fdd0}\u{fdd1}".to_owned()),
        any::<String>(),
    ];
    proptest::collection::vec(part, 1..4).prop_map(|parts| parts.concat())
}

fn is_obeyed(letter: char) -> bool {
    letter.is_control()
        || ('\u{202a}'..='\u{202e}').contains(&letter)
        || ('\u{2066}'..='\u{2069}').contains(&letter)
}

proptest! {
    #[test]
    fn nothing_that_is_shown_is_obeyed(text in hostile()) {
        let hit = json!({ "_id": text, "_source": { "title": text }, "highlight": { "body": [text] } });
        let mut report = report_from(&json!({ "status": "failed", "error": text, "listing_errors": 1 }));
        report.messages = vec![text.clone()];
        report.warnings = vec![text.clone()];
        report.closed = Difference { count: 1, first: vec![text.clone()] };
        let head = found(&hit, 1, ("*", "*"));
        prop_assert_eq!(head.lines().count(), 1 + fragments(&hit).len());
        let table = table::drawn(&[Column::Text("a")], std::iter::once(vec![text.clone()]), 100);
        let error = terminal::paragraph(&Error::config(text.as_str()).to_string()).into_owned();
        let lines = accounts(&report).into_iter().map(|line| plain(&line));
        for shown in lines.chain([plain(&text), plain(&json!(report).to_string())]) {
            prop_assert!(!shown.contains(is_obeyed), "{:?}", shown);
        }
        for shown in [head, table, error] {
            prop_assert!(!shown.contains(|letter| letter != '\n' && is_obeyed(letter)), "{:?}", shown);
        }
    }
}
