//! What the end-to-end test promises of itself.

use serde_json::json;

use super::compare::difference;
use super::steps::hold;
use super::*;
use crate::Expected;

fn options(arguments: &[&str]) -> Result<Options, String> {
    Options::of(arguments.iter().map(|argument| (*argument).to_owned())).map_err(|error| error.to_string())
}

#[test]
fn the_command_line_is_read() {
    let read = options(&["--program", "p", "--es", "http://h", "--docs", "500", "--keep"]).unwrap();
    assert_eq!((read.es.as_str(), read.documents, read.keep), ("http://h", 500, true));
    let plain = options(&["--program", "p", "--es", "http://h/"]).unwrap();
    assert_eq!((plain.es.as_str(), plain.documents, plain.keep), ("http://h", 12_000, false));
    for (arguments, expected) in [
        (vec![], "--program PATH is needed"),
        (vec!["--program"], "--program takes a value"),
        (vec!["--program", "p", "--docs", "many"], "--docs takes a number"),
        (vec!["--program", "p"], "--es URL is needed"),
        (vec!["--program", "p", "--es", "h", "--docs", "7"], "from 100"),
        (vec!["--what"], "--what is no option"),
    ] {
        assert!(options(&arguments).unwrap_err().contains(expected), "{arguments:?}");
    }
}

#[test]
fn a_difference_is_shown_field_by_field() {
    let mut wanted = Expected::new(json!({"a": 1, "b": [2]}));
    wanted.content = Some(b"text".to_vec());
    assert_eq!(difference(&wanted, &json!({"a": 1, "b": [2], "body": "text", "more": true})), None);
    let shown = difference(&wanted, &json!({"a": 1, "b": [3]})).unwrap();
    assert_eq!(shown, "- b: [2]\n+ b: [3]\n- body: \"text\"\n+ body: null");
}

#[test]
fn accounts_must_be_exact() {
    let report = json!({"created": 3, "failed": 0, "status": "completed"});
    assert!(hold(&report, &[("created", 3)]).is_ok());
    assert!(
        hold(&report, &[("created", 4)]).unwrap_err().to_string().contains("created is 3, and must be 4")
    );
    let partial = json!({"created": 3, "failed": 0, "status": "partial"});
    assert!(hold(&partial, &[]).unwrap_err().to_string().contains("not completed"));
    let failed = json!({"failed": 1, "status": "completed"});
    assert!(hold(&failed, &[]).unwrap_err().to_string().contains("failed is 1"));
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let options = options(&["--program", "no/such/program", "--es", "http://127.0.0.1:9"]).unwrap();
    let error = run::<crate::memory::MemoryFixture>(&crate::memory::SOURCE, &options).await.unwrap_err();
    assert!(error.to_string().contains("no/such/program"), "{error}");
}
